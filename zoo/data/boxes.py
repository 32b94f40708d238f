"""What a detector learns: the labelled boxes of a picture, and what can be wrong with one."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["BoxFault", "LabelledBox", "fault_of"]

BoxFault = Literal["malformed", "category", "negative", "empty", "outside", "edge"]

EDGE = 2.0  # pixels over the edge that rounding, and counting from 1 or from 0, explain
EDGE_SHARE = 0.01  # of the picture's width or height, likewise
NOISE = 0.05  # pixels: shares of a picture are written with six digits


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """One object of a picture.

    Attributes:
        label: the name of its class.
        box: corners `(x1, y1, x2, y2)` in pixels, `x2` and `y2` just behind the last pixel.
        crowd: whether it stands for a group (COCO's `iscrowd`, VOC's `difficult`): not learnt from, and whatever is
            found there counts neither as right nor as wrong.
        area: of the object in square pixels where it was given (COCO's `area`, of the outline); else the box's.
    """

    label: str
    box: tuple[float, float, float, float]
    crowd: bool = False
    area: float | None = None

    @property
    def size(self) -> float:
        """Square pixels: as given, else of the box."""
        x1, y1, x2, y2 = self.box
        return self.area if self.area is not None else (x2 - x1) * (y2 - y1)

    def clipped(self, size: tuple[int, int]) -> LabelledBox:
        """What of it lies in a picture of this width and height; a box outside of it has no area then."""
        width, height = size
        x1, y1, x2, y2 = self.box
        box = (_within(x1, width), _within(y1, height), _within(x2, width), _within(y2, height))
        if box == self.box:
            return self
        left = (box[2] - box[0]) * (box[3] - box[1])
        return replace(self, box=box, area=None if self.area is None else min(self.area, left))


def _within(value: float, end: int) -> float:
    return min(max(value, 0.0), float(end))


def fault_of(
    one: LabelledBox, size: tuple[int, int] | None = None, classes: Collection[str] | None = None
) -> tuple[BoxFault, str] | None:
    """What is wrong with a box, and how that is said of it; None for a good one.

    Args:
        one: the box.
        size: width and height of its picture, where they are known.
        classes: the names that there are, where they are known.

    Returns:
        `malformed`: not four finite numbers; `category`: a class that is none; `negative`: the second corner before the
        first; `empty`: no area; `outside`: wholly, or by more than 2 pixels and 1 % of the picture; `edge`: by less.
    """
    x1, y1, x2, y2 = one.box
    if not all(math.isfinite(value) for value in one.box):
        return "malformed", "is not four finite numbers"
    corners = ", ".join(f"{value:g}" for value in one.box)
    if not one.label:
        return "category", "has no category"
    if classes is not None and one.label not in classes:
        return "category", f"has a category that is none: {one.label}"
    if x2 < x1 or y2 < y1:
        return "negative", f"is {x2 - x1:g} x {y2 - y1:g} pixels large: {corners}"
    if x2 == x1 or y2 == y1:
        return "empty", f"has no area: {corners}"
    return None if size is None else _beyond(one.box, size, corners)


def _beyond(box: tuple[float, float, float, float], size: tuple[int, int], corners: str) -> tuple[BoxFault, str] | None:
    (x1, y1, x2, y2), (width, height) = box, size
    over = max(-x1, x2 - width, -y1, y2 - height)
    if over <= NOISE:
        return None
    picture = f"the picture of {width} x {height}"
    if x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
        return "outside", f"lies outside {picture}: {corners}"
    wide, high = max(EDGE, EDGE_SHARE * width), max(EDGE, EDGE_SHARE * height)
    little = max(-x1, x2 - width) <= wide and max(-y1, y2 - height) <= high
    return "edge" if little else "outside", f"reaches {over:.3g} pixels over the edge of {picture}: {corners}"
