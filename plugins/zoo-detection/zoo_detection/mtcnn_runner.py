"""The runner of faces for MTCNN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from zoo.errors import BadOption
from zoo.plugin import option
from zoo.tasks import Box
from zoo_detection.faces import FaceOptions, face, fitted
from zoo_detection.tiling import TiledDetection, View, check_share

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from zoo_detection.mtcnn import Found, Mtcnn

__all__ = ["MtcnnFaces", "MtcnnOptions"]


@dataclass(frozen=True, kw_only=True)
class MtcnnOptions(FaceOptions):
    """Options of `MtcnnFaces`; thresholds and the smallest face are facenet-pytorch's."""

    threshold: float = option(0.7, "lowest score that a face may have, 0 to 1: that of the last network")
    iou: float | None = option(0.4, "faces of several tiles that overlap more than this are one, 0 to 1")
    first: float = option(0.6, "lowest score that the first network must give, 0 to 1")
    second: float = option(0.7, "lowest score that the second network must give, 0 to 1")
    smallest: int = option(20, "side in pixels of the smallest faces that are looked for, 12 or more")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share(first=self.first, second=self.second)
        if self.smallest < 12:
            raise BadOption(f"option smallest={self.smallest} is below 12 pixels", "Give 12 or more.")


@dataclass(frozen=True, kw_only=True)
class Input:
    """A prepared picture: bytes (3, height, width), and what they show."""

    pixels: Tensor
    view: View


class MtcnnFaces(TiledDetection):
    """Faces with five points each, in pixels of the original picture.

    The cascade looks at one picture at a time, at all of its scales. `smallest` counts pixels of what it looks at: a
    picture longer than `longest` is scaled down first.
    """

    Options = MtcnnOptions
    batch: ClassVar[int] = 1
    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def example(self, image: Image, view: View, options: MtcnnOptions) -> Input:
        """One picture or tile."""
        pixels = np.array(fitted(image, options.longest))
        return Input(pixels=torch.from_numpy(pixels).permute(2, 0, 1), view=view)

    def collate(self, examples: Sequence[Input]) -> list[Tensor]:
        """The pictures as they are: their shapes differ."""
        return [example.pixels for example in examples]

    def forward(self, module: Mtcnn, batch: list[Tensor], options: MtcnnOptions) -> list[Found]:
        """The faces of each picture, in pixels of what the cascade saw."""
        thresholds = options.first, options.second, options.threshold
        return [module(pixels.float(), options.smallest, thresholds) for pixels in batch]

    def found(self, outputs: list[Found], examples: Sequence[Input], options: MtcnnOptions) -> Sequence[Sequence[Box]]:
        """The faces of each picture, best first."""
        return [_faces(found, example, options.max_objects) for found, example in zip(outputs, examples, strict=True)]


def _faces(found: Found, example: Input, most: int) -> list[Box]:
    height, width = example.pixels.shape[-2:]
    view = example.view
    scale = torch.tensor([view.width / width, view.height / height])
    corners = (found.corners.cpu() * scale.repeat(2)).tolist()
    points = (found.points.cpu() * scale).tolist()
    rows = zip(found.scores.tolist(), corners, points, strict=True)
    made = [face(score, box, at, (view.width, view.height)) for score, box, at in rows]
    return [box for box in made if box is not None][:most]
