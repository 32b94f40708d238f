"""Pictures with true and found boxes, as a report shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image as Pillow

__all__ = ["FOUND", "SIDE", "TRUE", "boxed", "counted", "is_boxed"]

SIDE = 360
# Told apart by people who see colours differently, too (Okabe and Ito, "Color Universal Design", 2008); the
# template's legend has the same.
TRUE, FOUND = (86, 180, 233), (230, 159, 0)
_MOST_NAMED = 6


def is_boxed(row: Mapping[str, Any]) -> bool:
    """Whether a row of `Evaluation.worst` is of boxes."""
    return "missed" in row and "spurious" in row


def boxed(image: Pillow.Image, row: Mapping[str, Any]) -> Pillow.Image:
    """A small picture with the true boxes of a row in one colour, and those found, with their scores, in another."""
    from zoo._draw import draw_boxes

    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    across, down = small.width / image.width, small.height / image.height
    shown, colours = [], []
    for name, colour in (("predicted", FOUND), ("truth", TRUE)):
        for one in row.get(name) or ():
            x1, y1, x2, y2 = one["box"]
            shown.append((str(one["label"]), one.get("score"), (x1 * across, y1 * down, x2 * across, y2 * down)))
            colours.append(colour)
    return draw_boxes(small, shown, colours=colours)


def counted(boxes: Sequence[Mapping[str, Any]]) -> str:
    """The labels of boxes in words: `2 × cat, cup`."""
    counts = Counter(str(one["label"]) for one in boxes).most_common()
    named = [label if n == 1 else f"{n} × {label}" for label, n in counts[:_MOST_NAMED]]
    return ", ".join([*named, *(["…"] if len(counts) > _MOST_NAMED else [])]) or "nothing"
