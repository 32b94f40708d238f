"""Boxes of a mended copy: clipped to their pictures, without those that are no objects."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.data.boxes import LabelledBox, fault_of
from zoo.data.doctor.boxed import Drawn
from zoo.data.doctor.checks.boxes import wrong_sizes
from zoo.data.doctor.material import Material, counted

if TYPE_CHECKING:
    from zoo.data import RawData, Row

__all__ = ["redraw"]

_LOST = ("malformed", "negative")  # there is an object, and nobody knows where: the picture cannot be learnt from
_NONE = ("category", "empty")


def redraw(raw: RawData, changes: list[str]) -> RawData:
    """The data with boxes that lie in their pictures, each once and of a known class; other faults stay.

    Pictures are left out whose boxes were drawn at another size, of which a box cannot be told, or no box is left. What
    was done is added to `changes`.
    """
    material = Material(raw, deep=False)
    drawn: dict[int, list[Drawn]] = defaultdict(list)
    for one in material.drawn:
        drawn[one.entry].append(one)
    wrong = wrong_sizes(material)
    parts: dict[str, list[Row]] = {part: [] for part in raw.parts}
    clipped = dropped = lost = 0
    for entry in material.entries:
        size, row = material.upright.get(entry.number), entry.row
        if size is None and row.check != "box":
            parts[entry.part].append(row)
            continue
        left = _boxes(drawn[entry.number], size) if size and entry.number not in wrong else None
        if left is None:
            lost += 1
            continue
        clipped += sum(one not in row.label for one in left)
        dropped += len(row.label) - len(left)
        mended = dataclasses.replace(row, label=left)
        parts[entry.part].append(dataclasses.replace(mended, problem=None, check="") if row.check == "box" else mended)
    changes += _told(clipped, dropped, lost)
    return dataclasses.replace(raw, parts={part: tuple(rows) for part, rows in parts.items()})


def _boxes(drawn: Sequence[Drawn], size: tuple[int, int]) -> tuple[LabelledBox, ...] | None:
    """The boxes of one picture without faults; None where the picture is better left out."""
    if any(one.fault in _LOST for one in drawn):
        return None
    kept = [one.box.clipped(size) for one in drawn if one.fault not in _NONE and not one.repeated]
    left = tuple(box for box in kept if fault_of(box, size) is None)
    return None if drawn and not left else left


def _told(clipped: int, dropped: int, lost: int) -> list[str]:
    said = []
    if clipped:
        said.append(f"clipped {counted(clipped, 'box', 'boxes')} to the picture")
    if dropped:
        said.append(f"left out {counted(dropped, 'box', 'boxes')} without area, outside, repeated or of no category")
    if lost:
        said.append(f"left out {counted(lost, 'picture')} whose boxes cannot be mended")
    return said
