"""What happens in a film: its frames, cut into clips, classified by torchvision's video models."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torchvision.transforms import InterpolationMode, functional

from zoo.data import IMAGE_SUFFIXES, read_image
from zoo.errors import BadData, BadOption
from zoo.plugin import Runner, option
from zoo.tasks import Classification, Label
from zoo_vision.batching import by_shape
from zoo_vision.labels import label_names

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["FilmOptions", "VideoClassification", "clip_starts", "frames_of", "prepared_clip"]

_HOW = "Give a folder of pictures in order, a list of frames inside a list of films, or an array (frames, h, w, 3)."


@dataclass(frozen=True, kw_only=True)
class FilmOptions:
    """Options of video classification."""

    top_k: int = option(5, "how many labels to give, best first")
    clips: int = option(0, "how many clips to look at, evenly spread; 0 for as many as the model was evaluated with")

    def __post_init__(self) -> None:
        if self.top_k < 1 or self.clips < 0:
            raise BadOption(f"top_k={self.top_k} and clips={self.clips} must be at least 1 and 0")


class VideoClassification(Runner):
    """The likeliest labels of a film, by the mean of its clips' probabilities.

    A film is its frames: a folder of pictures in the order of their names (`2.png` before `10.png`), a sequence of
    what `zoo.data.read_image` reads, an array (frames, height, width, 3) or a tensor (frames, 3, height, width).
    Containers such as MP4 are not decoded. Frames are taken as they come: the card's `frame_rate` says how many of a
    second the model was trained with. A film shorter than a clip is one shorter clip, where the model can take it.
    """

    Options = FilmOptions
    batch: ClassVar[int] = 2

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the module's outputs."""
        return label_names(self.checkpoint.card.config)

    def prepare(self, value: Any, options: FilmOptions) -> Sequence[Tensor]:
        """Clips (3, frames, height, width); raises `BadData` for what is no film, or too short a one."""
        config = self.checkpoint.card.config
        frames = frames_of(value)
        if len(frames) < config["min_frames"]:
            raise BadData(f"the film has {len(frames)} frames, {self.checkpoint.card.id} needs {config['min_frames']}")
        length = min(config["clip_len"], len(frames))
        starts = clip_starts(len(frames), length, options.clips or config["clips"])
        return [prepared_clip([frames[start + i] for i in range(length)], config) for start in starts]

    def size(self, example: Tensor) -> int:
        """Frames, so that clips of one length come together."""
        return example.shape[1]

    def collate(self, examples: Sequence[Tensor]) -> list[Tensor]:
        """The clips as they are: their lengths may differ."""
        return list(examples)

    def forward(self, module: nn.Module, batch: list[Tensor], options: FilmOptions) -> list[Tensor]:
        """Probabilities (classes,) of each clip, float32."""
        return by_shape(lambda clips: module(clips).float().softmax(-1), batch)

    def finish(self, outputs: list[Tensor], examples: Sequence[Tensor], options: FilmOptions) -> Sequence[Tensor]:
        """The clips' probabilities, which `merge` averages."""
        return [shares.cpu() for shares in outputs]

    def merge(self, results: Sequence[Tensor], options: FilmOptions) -> Classification:
        """The `top_k` labels of a film, of its clips' probabilities."""
        shares = torch.stack(list(results)).mean(0)
        best = shares.topk(min(options.top_k, len(shares)))
        found = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return Classification(tuple(Label(self.labels[index], share) for index, share in found))


def frames_of(value: Any) -> Sequence[Any]:
    """A film's frames, each something that `zoo.data.read_image` reads; raises `BadData` for what is no film."""
    if isinstance(value, str | Path):
        return _in_folder(Path(value).expanduser())
    if hasattr(value, "shape"):
        if len(value.shape) != 4:
            raise BadData(f"an array of shape {tuple(value.shape)} is not a film", _HOW)
        return list(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return value
    raise BadData(f"{type(value).__name__} is not a film", _HOW)


def _in_folder(folder: Path) -> list[Path]:
    """The pictures of a folder, numbers in their names read as numbers."""
    if not folder.is_dir():
        raise BadData(f"{folder} is not a folder of pictures, and films in one file are not decoded", _HOW)
    found = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
    return sorted(found, key=lambda path: [int(part) if part.isdigit() else part for part in _parts(path.name)])


def _parts(name: str) -> list[str]:
    return re.split(r"([0-9]+)", name)


def clip_starts(frames: int, length: int, clips: int) -> list[int]:
    """Where `clips` clips of `length` frames begin, evenly from the first to the last possible place, without repeats.

    >>> clip_starts(20, 16, 3)
    [0, 2, 4]
    """
    places = np.linspace(0, frames - length, min(clips, frames - length + 1))
    return sorted({int(place) for place in places.round()})


def prepared_clip(frames: Sequence[Any], config: Mapping[str, Any]) -> Tensor:
    """A clip (3, frames, height, width), by the steps of `torchvision.transforms._presets.VideoClassification`."""
    pictures = [np.asarray(read_image(frame)) for frame in frames]
    if len({picture.shape for picture in pictures}) != 1:
        raise BadData("the frames of the film have different sizes")
    clip = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    # Without smoothing: so the models were trained and evaluated.
    clip = functional.resize(clip, config["resize_size"], InterpolationMode(config["interpolation"]), antialias=False)
    clip = functional.convert_image_dtype(functional.center_crop(clip, config["crop_size"]), torch.float)
    made: Tensor = functional.normalize(clip, config["mean"], config["std"]).permute(1, 0, 2, 3)
    return made
