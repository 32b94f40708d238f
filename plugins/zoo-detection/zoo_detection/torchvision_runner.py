"""Objects, their masks and their joints, with torchvision's detectors."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from zoo.data import read_image
from zoo.errors import BadOption
from zoo.plugin import Runner, option
from zoo.tasks import Box, Keypoints, Pose, Segment, Segmentation
from zoo_detection.labels import Kind, columns, keypoint_names
from zoo_detection.tiling import TiledDetection, TileOptions, View, check_share

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn

__all__ = ["FigureOptions", "InstanceSegmentation", "KeypointDetection", "ObjectDetection"]


@dataclass(frozen=True, kw_only=True)
class FigureOptions:
    """Options of torchvision's detectors that give masks or joints."""

    threshold: float = option(0.5, "lowest score that an object may have, 0 to 1")
    iou: float | None = option(
        None, "boxes of one class that overlap more than this are one object, 0 to 1; by itself as the model was tested"
    )
    max_objects: int = option(100, "most objects in one picture")

    def __post_init__(self) -> None:
        check_share(threshold=self.threshold, iou=self.iou)
        if self.max_objects < 1:
            raise BadOption(f"option max_objects={self.max_objects} leaves nothing", "Give 1 or more.")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One picture: bytes (3, height, width), and what they show."""

    pixels: Tensor
    view: View


class _DetectorRunner(Runner):
    """Pictures of any size in; the module itself scales and normalises them, and gives pixels of the original back."""

    # Pictures of one batch are padded to a common size, which changes their scores a little: alone, each is itself.
    batch: ClassVar[int] = 1

    @functools.cached_property
    def kinds(self) -> dict[int, Kind]:
        """The classes by column of the module's scores; column 0 is the background."""
        return columns(self.checkpoint.card.config)

    def size(self, example: Shown) -> int:
        """By the shape of the frame, so that a batch of several needs little padding."""
        return round(1000 * example.pixels.shape[-1] / example.pixels.shape[-2])

    def collate(self, examples: Sequence[Shown]) -> list[Tensor]:
        """The pictures as they are: torchvision's detectors take a list."""
        return [example.pixels for example in examples]

    def forward(self, module: nn.Module, batch: list[Tensor], options: Any) -> list[dict[str, Tensor]]:
        """torchvision's own output: per picture `boxes` (n, 4), `labels` (n,), `scores` (n,), masks or keypoints."""
        dtype = next(module.parameters()).dtype
        with _limited(module, options):
            made: list[dict[str, Tensor]] = module([picture.to(dtype) / 255 for picture in batch])
        return [{name: tensor.float().cpu() for name, tensor in one.items()} for one in made]

    def boxes(self, found: dict[str, Tensor]) -> list[Box]:
        """The objects of one picture's output, best first."""
        rows = zip(found["labels"].tolist(), found["scores"].tolist(), found["boxes"].tolist(), strict=True)
        return [self._box(int(kind), score, corners) for kind, score, corners in rows]

    def _box(self, kind: int, score: float, at: Sequence[float]) -> Box:
        name, number = self.kinds.get(kind, (str(kind), None))
        return Box(name, score, (at[0], at[1], at[2], at[3]), number)


class ObjectDetection(_DetectorRunner, TiledDetection):
    """Boxes with a class and a score, in pixels of the original picture."""

    Options = TileOptions

    def example(self, image: Image, view: View, options: TileOptions) -> Shown:
        """One picture or tile."""
        return Shown(pixels=_pixels(image), view=view)

    def found(
        self, outputs: list[dict[str, Tensor]], examples: Sequence[Shown], options: TileOptions
    ) -> Sequence[Sequence[Box]]:
        """The boxes of each picture."""
        return [self.boxes(found) for found in outputs]


class _FigureRunner(_DetectorRunner):
    """Detectors whose objects are more than boxes: the whole picture, never tiles."""

    Options = FigureOptions

    def prepare(self, value: Any, options: FigureOptions) -> Sequence[Shown]:
        """One picture; raises `BadData` for what is none."""
        image = read_image(value)
        return [Shown(pixels=_pixels(image), view=View(width=image.width, height=image.height))]

    def finish(
        self, outputs: list[dict[str, Tensor]], examples: Sequence[Shown], options: FigureOptions
    ) -> Sequence[Any]:
        """One result a picture, its objects best first."""
        return [self.result(found) for found in outputs]

    def result(self, found: dict[str, Tensor]) -> Any:
        """The task's result of one picture's output."""
        raise TypeError(f"{type(self).__name__} does not define result()")


class InstanceSegmentation(_FigureRunner):
    """One segment for each object (He et al., Mask R-CNN, arXiv:1703.06870): how likely each pixel belongs to it."""

    def result(self, found: dict[str, Tensor]) -> Segmentation:
        """Masks of the picture's size."""
        rows = zip(self.boxes(found), found["masks"][:, 0].numpy(), strict=True)
        return Segmentation(tuple(Segment(b.label, b.score, mask, b.box, b.category) for b, mask in rows))


class KeypointDetection(_FigureRunner):
    """Figures with their joints. A point's score is the height of its heat map, a logit: 0 and below is a guess."""

    def result(self, found: dict[str, Tensor]) -> Keypoints:
        """One pose for each figure."""
        names = keypoint_names(self.checkpoint.card.config)
        points = torch.cat([found["keypoints"][..., :2], found["keypoints_scores"][..., None]], -1).tolist()
        return Keypoints(
            tuple(
                Pose(
                    b.label, b.score, b.box, {name: (x, y, high) for name, (x, y, high) in zip(names, at, strict=True)}
                )
                for b, at in zip(self.boxes(found), points, strict=True)
            )
        )


def _pixels(image: Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


@contextmanager
def _limited(module: Any, options: Any) -> Iterator[None]:
    """Let the module itself leave out what is not wanted, before it makes masks of it.

    Suppression goes from the best box down, so the boxes above the threshold are those without it, but for rounding:
    torchvision shifts boxes apart by class, and how far depends on all that are left.
    """
    part = getattr(module, "roi_heads", module)
    before = part.score_thresh, part.nms_thresh, part.detections_per_img
    overlap = part.nms_thresh if options.iou is None else options.iou
    part.score_thresh, part.nms_thresh, part.detections_per_img = options.threshold, overlap, options.max_objects
    try:
        yield
    finally:
        part.score_thresh, part.nms_thresh, part.detections_per_img = before
