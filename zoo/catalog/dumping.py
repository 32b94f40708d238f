"""The cards as JSON lines, read with `sqlite3` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from zoo.catalog.reading import marks, reading

__all__ = ["cards", "usual_loaders"]

_SOME = 500  # SQLite limits the parameters of a statement


def cards(path: Path, *, feed: str | None = None, ids: Sequence[str] | None = None) -> Iterator[str]:
    """Each card as one line of canonical JSON, as `show` gives it, by id: of a feed, of these models, or all."""
    with reading(path) as connection:
        if ids is None:
            where = "" if feed is None else "WHERE model.feed = :feed"
            sql = f"SELECT card.text FROM card JOIN model ON model.key = card.model {where} ORDER BY model.id"  # noqa: S608
            for row in connection.execute(sql, {"feed": feed}):
                yield str(row["text"])
            return
        wanted = sorted(ids)
        for start in range(0, len(wanted), _SOME):
            some = wanted[start : start + _SOME]
            of_feed = "" if feed is None else "AND feed = ?"
            sql = f"SELECT text FROM card JOIN model ON key = model WHERE id IN ({marks(some)}) {of_feed} ORDER BY id"  # noqa: S608
            for row in connection.execute(sql, [*some, *([] if feed is None else [feed])]):
                yield str(row["text"])


def usual_loaders(path: Path) -> dict[tuple[str, str, str], str]:
    """`{(library, architecture, task): loader}` as the plugins' own cards have it, for further tasks too."""
    plugins = "JOIN feed ON feed.name = model.feed AND feed.kind IN ('plugin', 'shipped')"
    further = "JOIN card ON card.model = model.key JOIN json_each(card.text, '$.tasks') AS further"
    with reading(path) as connection:
        rows = connection.execute(
            f"SELECT library, architecture, task, loader FROM model {plugins} UNION "  # noqa: S608
            f"SELECT library, architecture, further.value, loader FROM model {plugins} {further} ORDER BY loader"
        )
        return {(row["library"], row["architecture"], row["task"]): row["loader"] for row in rows}
