"""Boxes as the doctor sees them: each with what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.data.boxes import BoxFault, LabelledBox, fault_of

__all__ = ["Drawn", "declared_size", "look_at_boxes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """One box of a picture.

    Attributes:
        entry: number of the row.
        number: of the box in its picture, from 1.
        box: as it was read.
        fault, said: what is wrong with it, and how that is said; None and empty for a good one.
        repeated: whether the same box of the same class is there before.
    """

    entry: int
    number: int
    box: LabelledBox
    fault: BoxFault | None = None
    said: str = ""
    repeated: bool = False


def look_at_boxes(
    entry: int, boxes: Sequence[LabelledBox], size: tuple[int, int], classes: Collection[str]
) -> Iterator[Drawn]:
    """The boxes of a picture of this width and height, where there are these classes."""
    seen: set[Any] = set()
    for number, box in enumerate(boxes, 1):
        fault, said = fault_of(box, size, classes) or (None, "")
        key = (box.label, box.box, box.crowd)
        yield Drawn(entry=entry, number=number, box=box, fault=fault, said=said, repeated=key in seen)
        seen.add(key)


def declared_size(columns: Mapping[str, Any]) -> tuple[int, int] | None:
    """Width and height of the picture as its annotation says; None where it says nothing."""
    width, height = columns.get("width"), columns.get("height")
    said = isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0
    return (int(width), int(height)) if said else None  # type: ignore[arg-type]
