"""What the detectors of faces share: their options, and a face as a box with five points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from zoo.errors import BadOption
from zoo.plugin import option
from zoo.tasks import Box
from zoo_detection.tiling import TileOptions

__all__ = ["POINTS", "FaceOptions", "face", "fitted"]

POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
"""The points in the order of both models' outputs; left is left in the picture."""


@dataclass(frozen=True, kw_only=True)
class FaceOptions(TileOptions):
    """Options of detectors of faces."""

    longest: int = option(1280, "longer side in pixels to which larger pictures and tiles are scaled down; 0: never")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.longest < 0 or 0 < self.longest < 64:
            raise BadOption(f"option longest={self.longest} is too small", "Give 64 pixels or more, or 0.")


def fitted(image: Image.Image, longest: int) -> Image.Image:
    """The picture, scaled down where its longer side is longer than that; 0 leaves every picture as it is."""
    share = longest / max(image.size) if longest else 1.0
    if share >= 1:
        return image
    width, height = (max(1, round(side * share)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR)


def face(
    score: float, corners: Sequence[float], points: Sequence[Sequence[float]], size: tuple[int, int]
) -> Box | None:
    """A face in pixels of a picture of this width and height, cut to the picture; None where nothing of it is inside.

    Args:
        score: 0 to 1.
        corners: x1, y1, x2, y2.
        points: x and y of each of `POINTS`, which may lie outside.
        size: width and height.
    """
    width, height = size
    x1, y1, x2, y2 = max(0.0, corners[0]), max(0.0, corners[1]), min(width, corners[2]), min(height, corners[3])
    if x2 <= x1 or y2 <= y1:
        return None
    named = {name: (float(x), float(y)) for name, (x, y) in zip(POINTS, points, strict=True)}
    return Box("face", min(1.0, float(score)), (float(x1), float(y1), float(x2), float(y2)), None, named)
