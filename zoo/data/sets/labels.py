"""From a cell to a label, in the form that the kind of the target has."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from zoo.data.sets.drawn import boxes_of
from zoo.data.sets.found import Record
from zoo.data.sets.roles import FLAGS, Roles
from zoo.data.sets.values import Unusable, file_of, is_empty, words_of
from zoo.tasks import LEARNT, TargetKind

__all__ = ["LabelReader", "kind_of"]

_SEPARATORS = "|;,"


def kind_of(task: str, roles: Roles, records: Sequence[Record]) -> TargetKind:
    """The form of the labels that the data shows; the task's first where it shows none.

    Several classes at once are shown by lists, by columns of 0 and 1, and by `a|b`; `;` and `,` may be part of a name,
    and are separators only where several classes are asked for.
    """
    kinds = LEARNT[task]
    column = roles.chosen.get("label")
    if "scored" in kinds:
        return "scored" if column is not None and _are_numbers(r.cells.get(column) for r in records) else "pairs"
    if "multi" in kinds and (roles.flags or any(_is_several(record.cells.get(str(column))) for record in records)):
        return "multi"
    return kinds[0]


def _are_numbers(cells: Iterable[Any]) -> bool:
    """Whether what is in the first filled cells is mostly numbers; a few odd ones are rows to mend."""
    filled = [cell for cell in itertools.islice(cells, 200) if not is_empty(cell)]
    return 2 * sum(_is_number(cell) for cell in filled) > len(filled)


def _is_number(cell: Any) -> bool:
    try:
        return math.isfinite(float(cell))
    except (TypeError, ValueError, OverflowError):
        return False


def _is_several(cell: Any) -> bool:
    if isinstance(cell, str):
        return "|" in cell or _listed(cell) is not None
    return isinstance(cell, list | tuple) or (hasattr(cell, "tolist") and getattr(cell, "ndim", 0) == 1)


def _listed(cell: str) -> list[Any] | None:
    """A JSON list in a text cell, or None."""
    if not (cell.startswith("[") and cell.endswith("]")):
        return None
    try:
        read = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, list) else None


class LabelReader:
    """Makes labels of one data set's records.

    Args:
        kind: their form.
        roles: the columns.
        records: all of them; the separator of several labels is told by what occurs in any.
        classes: the names that there are, where the data says so.
    """

    def __init__(self, kind: TargetKind, roles: Roles, records: Iterable[Record], classes: Sequence[str] = ()) -> None:
        self._kind = kind
        self._classes = frozenset(classes)
        self._roles = roles
        self._column = roles.chosen.get("mask" if kind == "mask" else "label")
        self._separator = self._found_separator(records) if kind == "multi" else None

    def _found_separator(self, records: Iterable[Record]) -> str | None:
        cells = [c for r in records if isinstance(c := r.cells.get(str(self._column)), str) and _listed(c) is None]
        return next((mark for mark in _SEPARATORS if any(mark in cell for cell in cells)), None)

    def read(self, record: Record) -> Any:
        """The label; raises `Unusable`."""
        if self._kind in {"text", "pairs"}:
            return None
        if self._roles.flags:
            return self._flagged(record)
        if self._column is None:
            raise Unusable("label", "has no label")
        cell = record.cells.get(self._column)
        if self._kind == "multi":
            return self._several(cell)
        if self._kind == "mask":
            return file_of(cell, record, "mask")
        if self._kind == "boxes":
            return boxes_of(cell, self._classes or None)
        if self._kind == "tags":
            return words_of(cell, "tags")
        if self._kind == "transcript":
            return _transcript(cell)
        return _number(cell) if self._kind in {"regression", "scored"} else _single(cell)

    def _flagged(self, record: Record) -> tuple[str, ...]:
        for name in self._roles.flags:
            if str(record.cells.get(name)).strip().lower() not in FLAGS:
                raise Unusable("label", f"has {_short(record.cells.get(name))} in column {name}, which is not 0 or 1")
        return tuple(sorted(n for n in self._roles.flags if FLAGS[str(record.cells[n]).strip().lower()]))

    def _several(self, cell: Any) -> tuple[str, ...]:
        if cell is None or (isinstance(cell, float) and math.isnan(cell)):
            raise Unusable("label", "has no label")
        if isinstance(cell, str):
            listed = _listed(cell)
            pieces = listed if listed is not None else cell.split(self._separator) if self._separator else [cell]
        elif isinstance(cell, list | tuple):
            pieces = list(cell)
        else:
            pieces = cell.tolist() if hasattr(cell, "tolist") else [cell]
        return tuple(sorted({_name(piece).strip() for piece in pieces if not is_empty(piece)}))


def _single(cell: Any) -> str:
    if isinstance(cell, list | tuple) and len(cell) == 1:
        cell = cell[0]
    if is_empty(cell):
        raise Unusable("label", "has no label")
    return _name(cell)


def _transcript(cell: Any) -> str:
    if is_empty(cell):
        raise Unusable("label", "has no transcript")
    if isinstance(cell, str | int | float):
        return str(cell)
    raise Unusable("label", f"has {_short(cell)} for a transcript")


def _name(value: Any) -> str:
    """A label as a text: 3 and 3.0 are the same class."""
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # numpy's and torch's scalars
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    raise Unusable("label", f"has {_short(value)} for a label")


def _number(cell: Any) -> float:
    if is_empty(cell):
        raise Unusable("label", "has no number")
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        raise Unusable("label", f"has {_short(cell)} where a number is meant") from None
    if not math.isfinite(number):
        raise Unusable("label", f"has {number} where a finite number is meant")
    return number


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 40 else f"{text[:37]}…"
