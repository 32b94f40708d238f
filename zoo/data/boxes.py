"""What a detector learns: the labelled boxes of a picture."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LabelledBox"]


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
