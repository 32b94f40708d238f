"""What a source holds before its columns are told apart: records of cells, as every form of data gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.data.raw import Problem

__all__ = ["PARTS", "Found", "Record", "Table", "part_named", "part_of_stem", "put_together"]

PARTS = ("train", "validation", "test")
_PART_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One row: its cells by column, where it is from, the folder that its relative paths start at, what is odd."""

    where: str
    cells: Mapping[str, Any]
    base: Path | None = None
    problem: str | None = None
    check: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of one file or folder, its columns' names in order, what is wrong with it, and what is left aside."""

    names: tuple[str, ...]
    records: Sequence[Record]
    problems: tuple[Problem, ...] = ()
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that a source holds.

    Attributes:
        name: of the data set.
        source: what `read_raw` was given, as text; None for Python objects.
        parts: records by part, `all` where no parts were given.
        names: of all columns, in order.
        fixed: whether the columns are named by this package (folders) and not by a person (tables).
        problems: of the whole.
        classes: names of the classes that the data brings.
        notes: what is left aside on purpose, a sentence each.
    """

    name: str
    source: str | None
    parts: Mapping[str, Sequence[Record]]
    names: tuple[str, ...]
    fixed: bool = False
    problems: tuple[Problem, ...] = ()
    classes: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> list[Record]:
        """Those of all parts."""
        return [record for records in self.parts.values() for record in records]


def part_named(name: object) -> str | None:
    """The part that a folder, file or cell names (`val` is validation), or None."""
    return _PART_NAMES.get(str(name).strip().lower())


def part_of_stem(stem: str) -> str | None:
    """The part that a file's name begins or ends with: `train`, `test-00000-of-00002`, `reviews_dev`."""
    pieces = re.split(r"[-_. ]+", stem.lower())
    return part_named(pieces[0]) or part_named(pieces[-1])


def put_together(name: str, source: str | None, tables: Mapping[str, Sequence[Table]], *, fixed: bool = False) -> Found:
    """One data set of the tables of its parts."""
    every = [table for part in tables.values() for table in part]
    order = ("all", *PARTS)
    return Found(
        name=name,
        source=source,
        parts={part: [r for table in tables[part] for r in table.records] for part in order if part in tables},
        names=_distinct(name for table in every for name in table.names),
        fixed=fixed,
        problems=tuple(problem for table in every for problem in table.problems),
        classes=_distinct(label for table in every for label in table.classes),
        notes=_distinct(note for table in every for note in table.notes),
    )


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
