"""Data from Python: rows as tuples or dicts, columns, data frames, data sets of the `datasets` library, and parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zoo.data.sets.found import Found, Record, Table, part_named, put_together
from zoo.errors import BadData
from zoo.tasks import TASKS, TargetKind

__all__ = ["read_objects"]


def read_objects(source: Any, task: str, kind: TargetKind | None) -> Found:
    """The rows of a Python object.

    Args:
        source: rows; or a mapping of parts (`train`, `validation`, `test`) to rows, such as a `DatasetDict`. Rows are
            tuples in the order of input and label, dicts, or single texts; a `datasets.Dataset` or a data frame are
            rows too.

    Raises:
        BadData: no rows, or not rows at all.
    """
    name = _name(source)
    if isinstance(source, Mapping) and source and all(part_named(key) for key in source):
        tables = {str(part_named(key)): [_table(rows, task, kind, f"{key}")] for key, rows in source.items()}
        return put_together(name, None, tables)
    return put_together(name, None, {"all": [_table(source, task, kind, name)]})


def _name(source: Any) -> str:
    first = next(iter(source.values()), None) if isinstance(source, Mapping) else source
    return str(getattr(getattr(first, "info", None), "dataset_name", None) or "data")


def _table(source: Any, task: str, kind: TargetKind | None, name: str) -> Table:
    if hasattr(source, "features") and hasattr(source, "cast_column"):
        return _typed(source, name)
    if hasattr(source, "to_dict") and hasattr(source, "columns"):
        source = source.to_dict("records")
    elif isinstance(source, Mapping):
        source = _transposed(source)
    if isinstance(source, str | bytes) or not isinstance(source, Iterable):
        raise BadData(f"{type(source).__name__} is not data", "Give a path, `hf:owner/name`, or rows.")
    records = [_record(row, f"{name}:{number}", task, kind) for number, row in enumerate(source, 1)]
    if not records:
        raise BadData(f"{name} holds no rows")
    return Table(names=tuple(dict.fromkeys(key for r in records for key in r.cells)), records=records)


def _typed(source: Any, name: str) -> Table:
    from datasets import Dataset, IterableDataset

    from zoo.data.sets.typed import read_dataset

    if isinstance(source, IterableDataset):
        rows, features = list(source), source.features
        source = Dataset.from_list(rows, features=features)
    return read_dataset(source, name, None)


def _transposed(source: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns = {str(name): list(values) for name, values in source.items()}
    if len({len(values) for values in columns.values()}) > 1:
        raise BadData("the columns are not equally long", "Give one value a row in each.")
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _record(row: Any, where: str, task: str, kind: TargetKind | None) -> Record:
    if isinstance(row, Mapping):
        return Record(where=where, cells={str(name): cell for name, cell in row.items()})
    names = _positions(task, kind)
    cells: Sequence[Any] = row if isinstance(row, tuple | list) else (row,)
    problem = None if len(cells) <= len(names) else f"has {len(cells)} values where {', '.join(names)} are meant"
    return Record(
        where=where,
        cells=dict(zip(names, cells, strict=False)),
        problem=problem,
        check="fields" if problem else "",
    )


def _positions(task: str, kind: TargetKind | None) -> tuple[str, ...]:
    """What the values of a tuple are."""
    if task == "feature-extraction":
        return ("text1", "text2") if kind == "pairs" else ("text1", "text2", "score")
    if task in {"fill-mask", "text-generation"}:
        return ("text",)
    if task == "token-classification":
        return ("tokens", "tags")
    if task == "automatic-speech-recognition":
        return ("audio", "text")
    if task == "object-detection":
        return ("image", "objects")
    return (TASKS[task].input, "mask" if task == "image-segmentation" else "label")
