"""Tables with types: `datasets.Dataset`, whose class numbers have names and whose pictures are bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.sets.found import Record, Table
from zoo.errors import BadData

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["read_dataset"]


def read_dataset(dataset: Dataset, name: str, base: Path | None) -> Table:
    """The rows of a data set: class numbers as their names (-1 is none), pictures and recordings as stored.

    Args:
        dataset: of the `datasets` library.
        name: what rows are called by.
        base: the folder that relative paths start at.

    Raises:
        BadData: it holds no rows.
    """
    from datasets import Audio, Image

    if not len(dataset):
        raise BadData(f"{name} holds no rows")
    dataset = dataset.with_format(None)
    for column, feature in dataset.features.items():
        if isinstance(feature, Image | Audio):
            dataset = dataset.cast_column(column, type(feature)(decode=False))
    names = tuple(dataset.column_names)
    columns = [[_named(dataset.features[column])(cell) for cell in dataset[column][:]] for column in names]
    records = [
        Record(where=f"{name}:{number}", cells=dict(zip(names, cells, strict=True)), base=base)
        for number, cells in enumerate(zip(*columns, strict=True), 1)
    ]
    return Table(names=names, records=records, classes=_classes(dataset.features.values()))


def _named(feature: Any) -> Callable[[Any], Any]:
    """What makes names of a column's class numbers, those in lists and of objects too."""
    from datasets import ClassLabel

    if isinstance(feature, ClassLabel) and feature.names:
        names = tuple(feature.names)
        return lambda cell: names[cell] if cell is not None and 0 <= cell < len(names) else None
    if isinstance(feature, dict):
        inside = {name: _named(of) for name, of in feature.items()}
        return lambda cell: None if cell is None else {name: inside[name](each) for name, each in cell.items()}
    inner = _inner(feature)
    if isinstance(inner, ClassLabel | dict):
        one = _named(inner)
        return lambda cell: None if cell is None else [one(each) for each in cell]
    return lambda cell: cell


def _inner(feature: Any) -> Any:
    """What a list is of; None for no list."""
    return feature[0] if isinstance(feature, list) and feature else getattr(feature, "feature", None)


def _classes(features: Iterable[Any]) -> tuple[str, ...]:
    """The names of the objects' classes: of such as are in dicts, beside their boxes."""
    from datasets import ClassLabel

    for feature in features:
        inside = feature if isinstance(feature, dict) else _inner(feature)
        for of in inside.values() if isinstance(inside, dict) else ():
            named = of if isinstance(of, ClassLabel) else _inner(of)
            if isinstance(named, ClassLabel) and named.names:
                return tuple(named.names)
    return ()
