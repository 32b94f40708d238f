"""`read_raw`: any source, row by row, without judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from zoo.data.raw import Columns, RawData, Row
from zoo.data.sets.folders import read_file, read_folder
from zoo.data.sets.found import PARTS, Found, Record, part_named
from zoo.data.sets.hub import read_hub
from zoo.data.sets.labels import LabelReader, kind_of
from zoo.data.sets.objects import read_objects
from zoo.data.sets.roles import Roles, find_roles
from zoo.data.sets.values import Unusable, file_of, text_of, words_of
from zoo.errors import BadData, BadOption, UnknownTask, nearest
from zoo.tasks import LEARNT, TASKS, TargetKind

__all__ = ["read_raw"]


def read_raw(
    source: Any,
    task: str,
    *,
    kind: TargetKind | None = None,
    columns: Columns | None = None,
    cache: Path | None = None,
    offline: bool = False,
) -> RawData:
    """Read a data set leniently: odd rows stay in it, each with what is wrong with it.

    Args:
        source: the path of a file or folder, `hf:owner/name[@config]`, or rows in Python (tuples, dicts, a data frame,
            a `datasets.Dataset`, a mapping of parts to such).
        task: one of `zoo.tasks.LEARNT`.
        kind: the form of the labels; as the data shows where None.
        columns: names of columns; found where not given.
        cache: folder for data sets of the hub.
        offline: fetch nothing.

    Raises:
        UnknownTask: nothing is learnt for this task.
        BadOption: the task has no labels of this kind.
        BadData: nothing can be read at all.
        OfflineError, NetworkError, BadRef: of the hub.
    """
    _check(task, kind)
    columns = columns or Columns()
    found = _found(source, task, kind, cache, offline)
    roles = find_roles(found, task, kind, columns)
    records = found.records
    kind = kind or kind_of(task, roles, records)
    rows = _Rows(task, kind, roles, records, found.classes)
    parts = {part: tuple(rows.row(record) for record in of) for part, of in found.parts.items()}
    parts = _by_column(parts, found.parts, roles.chosen.get("split")) if "split" in roles.chosen else parts
    left_out = tuple(part for part, of in parts.items() if _hidden(part, of))
    parts = {part: of for part, of in parts.items() if part not in left_out}
    if len(parts) == 1 and "train" not in parts:  # one part alone is all that there is
        parts = {"all": next(iter(parts.values()))}
    recipe = {
        "source": found.source,
        "task": task,
        "kind": kind,
        "columns": {name: value for name, value in vars(columns).items() if value is not None},
    }
    return RawData(
        name=found.name,
        task=task,
        kind=kind,
        parts=parts,
        columns={} if found.fixed else _told(roles),
        problems=(*found.problems, *roles.problems),
        classes=_classes(found, kind, parts),
        left_out=left_out,
        notes=found.notes,
        recipe=recipe,
    )


def _check(task: str, kind: TargetKind | None) -> None:
    if task not in LEARNT:
        near = ", ".join(nearest(task, LEARNT) or LEARNT)
        said = "cannot be learnt here" if task in TASKS else "is no task"
        raise UnknownTask(f"{task!r} {said}", f"One of: {near}.")
    if kind is not None and kind not in LEARNT[task]:
        raise BadOption(f"{task} has no labels of the kind {kind!r}", f"It has: {', '.join(LEARNT[task])}.")


def _found(source: Any, task: str, kind: TargetKind | None, cache: Path | None, offline: bool) -> Found:
    if isinstance(source, str) and source.startswith("hf:"):
        return read_hub(source, cache, offline=offline)
    if not isinstance(source, str | Path):
        return read_objects(source, task, kind)
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return read_folder(path, task)
        if path.is_file():
            return read_file(path, task)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise BadData(f"{str(source)[:200]!r} cannot be read: {error}") from error
    raise BadData(
        f"there is no data at {path}", "Give a folder, a table, or `hf:owner/name` for a data set of the hub."
    )


def _hidden(part: str, rows: Sequence[Row]) -> bool:
    """Whether a part's labels are all kept secret, as in the test parts of benchmarks."""
    aside = part in {"validation", "test"}
    return aside and bool(rows) and all(row.label is None and row.check == "label" for row in rows)


def _classes(found: Found, kind: TargetKind, parts: Mapping[str, Sequence[Row]]) -> tuple[str, ...]:
    """The names that the data brings; of boxes those that they have, where no list gives them."""
    if kind != "boxes" or found.classes:
        return found.classes if kind == "boxes" or found.fixed else ()
    return tuple(sorted({one.label for rows in parts.values() for row in rows for one in row.label or ()} - {""}))


def _told(roles: Roles) -> dict[str, str]:
    return roles.chosen | ({"label": ",".join(roles.flags)} if roles.flags else {})


def _by_column(
    parts: Mapping[str, Sequence[Row]], records: Mapping[str, Sequence[Record]], column: str | None
) -> dict[str, tuple[Row, ...]]:
    """Rows in the parts that a column names; one that names none stays in the training part, with the problem."""
    sorted_in: dict[str, list[Row]] = {part: [] for part in PARTS}
    pairs = [
        (row, r.cells.get(str(column))) for p, rows in parts.items() for row, r in zip(rows, records[p], strict=True)
    ]
    for row, cell in pairs:
        part = part_named(cell)
        said = f"has {str(cell)[:40]!r} in column {column}, which is none of train, validation, test"
        odd = part is None and row.problem is None
        sorted_in[part or "train"].append(replace(row, problem=said, check="split") if odd else row)
    return {part: tuple(rows) for part, rows in sorted_in.items() if rows}


class _Rows:
    """Makes rows of one data set's records."""

    def __init__(
        self, task: str, kind: TargetKind, roles: Roles, records: Sequence[Record], classes: Sequence[str] = ()
    ) -> None:
        self._task = task
        self._medium = TASKS[task].input
        self._roles = roles
        self._labels = LabelReader(kind, roles, records, classes)
        self._used = roles.used

    def row(self, record: Record) -> Row:
        """A record as an example; the first problem is told."""
        value, label, problem, check = None, None, record.problem, record.check
        try:
            value = self._value(record)
        except Unusable as error:
            problem, check = problem or str(error), check or error.check
        try:
            label = self._labels.read(record)
        except Unusable as error:
            label = error.rest
            problem, check = problem or str(error), check or error.check
        if problem is None and self._task == "token-classification" and len(value or ()) != len(label or ()):
            problem, check = f"has {len(value or ())} words but {len(label or ())} tags", "tags"
        columns = {name: cell for name, cell in record.cells.items() if name not in self._used}
        return Row(where=record.where, value=value, label=label, problem=problem, check=check, columns=columns)

    def _value(self, record: Record) -> Any:
        chosen = self._roles.chosen
        if "text" not in chosen:
            raise Unusable("column", "has no input")
        cell = record.cells.get(chosen["text"])
        if self._task == "feature-extraction":
            second = record.cells.get(chosen["second"]) if "second" in chosen else None
            return text_of(cell), text_of(second, "second text")
        if self._task == "token-classification":
            return words_of(cell, "words")
        return (
            text_of(cell)
            if self._medium == "text"
            else file_of(cell, record, {"image": "picture"}.get(self._medium, "recording"))
        )
