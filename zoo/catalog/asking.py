"""What the user asked a certain catalog: the query with its options, read with the metrics that this catalog has."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from zoo.catalog.fields import FIELDS
from zoo.catalog.query import Query, narrowed, parse, sorting
from zoo.catalog.reading import reading

__all__ = ["asked", "metric_names"]


def asked(
    path: Path,
    text: str | Iterable[str],
    *,
    sort: str | None = None,
    task: str | None = None,
    library: str | None = None,
    licence: str | None = None,
    installed: bool | None = None,
) -> Query:
    """The query of a text and of options that say the same as fields; raises `BadInput`, `UnknownTask`.

    The catalog is read only when a name in the query is neither a field nor a usual metric.
    """

    def metrics() -> list[str]:
        return metric_names(path)

    query = narrowed(parse(text, metrics), task=task, library=library, licence=licence, installed=installed)
    if sort is None:
        return query
    field, descending = sorting(sort, metrics)
    return query._replace(sort=field, descending=descending)


def metric_names(path: Path) -> list[str]:
    """The names of the metrics that the catalog's cards state, lower case."""
    with reading(path) as connection:
        # The index of numbers has a field `#name` for each; `##name` is the same, coarser.
        rows = connection.execute("SELECT DISTINCT substr(field, 2) AS name FROM facet WHERE field GLOB '#[^#]*'")
        return sorted(row["name"] for row in rows if row["name"] not in FIELDS)
