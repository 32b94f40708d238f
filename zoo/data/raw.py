"""A data set before anybody has judged it: every row that is there, odd ones with what is odd about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from zoo.errors import BadOption
from zoo.tasks import TargetKind

__all__ = ["Columns", "Problem", "RawData", "Row"]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names of a table's columns; one that is not given is found by its usual names.

    Attributes:
        text: of the input: the text, the picture's or recording's path, the words, the first text of a pair.
        label: of what is learnt; several 0/1 columns as `toxic,rude` where several classes can be true at once.
        second: of the second text of a pair.
        mask: of the mask's path.
        split: of the part that a row belongs to: train, validation, test.
    """

    text: str | None = None
    label: str | None = None
    second: str | None = None
    mask: str | None = None
    split: str | None = None

    @classmethod
    def of(cls, named: Mapping[str, str]) -> Columns:
        """Columns by role; raises `BadOption` for a role that there is not."""
        roles = {one.name for one in fields(cls)}
        if odd := sorted(named.keys() - roles):
            raise BadOption(f"a table has no column for {odd[0]!r}", f"Name columns for: {', '.join(sorted(roles))}.")
        return cls(**named)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with a data set, or with one of its files, as a whole.

    Attributes:
        check: a short name of the kind of problem: `column`, `encoding`, `classes`, `empty`, …
        text: one sentence.
        remedy: what to do about it.
    """

    check: str
    text: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One example as found.

    Attributes:
        where: `reviews.csv:17` (the 17th row of data), `cat/1.jpg`.
        value: the input, as in `Split.inputs`; None where there is none.
        label: as in `Split.labels`; None where there is none, or where it cannot be used.
        problem: why the row cannot be used, in a few words; None for a good row.
        check: a short name of the kind of problem: `empty`, `label`, `file`, `fields`, `tags`, `box`; empty for a good
            row.
        columns: the row's other columns.
    """

    where: str
    value: Any = None
    label: Any = None
    problem: str | None = None
    check: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RawData:
    """A data set as found.

    Attributes:
        name: of the file, folder or data set.
        task: `zoo.tasks.TASKS`.
        kind: the form of the labels: given, or as the data shows.
        parts: rows by part: `all`, or those of `train`, `validation` and `test` that there are.
        columns: the chosen column of each role (`text`, `label`, `second`, `mask`, `split`); empty for folders.
        problems: of the whole, or of a file.
        classes: names of the classes that the data brings (a list beside masks; of boxes in the order of their
            numbers); mostly empty.
        left_out: parts that were given without any label, and count for nothing.
        notes: what of the data is left aside on purpose, a sentence each.
        recipe: plain JSON that says what was read, and how.
    """

    name: str
    task: str
    kind: TargetKind
    parts: Mapping[str, tuple[Row, ...]]
    columns: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    classes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
