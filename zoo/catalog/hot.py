"""The reading commands' short cut: SQLite read directly, without SQLAlchemy, a millisecond a query.

`zoo search`, `list`, `show` and shell completion use only this. The schema belongs to `zoo.catalog.schema`; a test
compares what both read. Every function raises `CatalogError` when the database is missing, corrupt, of another
schema, and never writes to it (except that SQLite itself rolls back what a killed writer left).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from zoo.catalog import counting, kinship, likeness
from zoo.catalog.finding import Search
from zoo.catalog.layout import DERIVED, SCHEMA_VERSION
from zoo.catalog.naming import complete, explain, resolve
from zoo.catalog.nearness import near
from zoo.catalog.query import Condition, Query, parse
from zoo.catalog.reading import Row, marks, opened, reading
from zoo.catalog.showing import rows_of
from zoo.catalog.words import clean

__all__ = [
    "Found",
    "complete",
    "explain",
    "facets",
    "listing",
    "near",
    "resolve",
    "search",
    "setting",
    "show",
    "similar",
    "state",
]


class Found(NamedTuple):
    """A page of a search.

    Attributes:
        rows: the models, best first.
        total: how many fit in all.
        exact: whether that is their number, or only as far as was counted: then there are more.
    """

    rows: list[Row]
    total: int
    exact: bool = True


def state(path: Path) -> Row:
    """`{"schema", "known", "derived", "application", "models", "installed"}` of a database of any schema.

    `schema` is its version and `known` the newest that this code knows; the counts are None where they differ.
    `derived` says whether this code would derive from the cards just what is there.
    """
    with opened(path) as connection:
        made: Row = {"schema": connection.execute("PRAGMA user_version").fetchone()["user_version"]}
        made["application"] = connection.execute("PRAGMA application_id").fetchone()["application_id"]
        made |= {"known": SCHEMA_VERSION, "models": None, "installed": None, "derived": False}
        if made["schema"] == SCHEMA_VERSION:
            row = connection.execute("SELECT value FROM setting WHERE key = 'derived'").fetchone()
            made["derived"] = row is not None and row["value"] == str(DERIVED)
            made["models"] = connection.execute("SELECT COUNT(*) AS n FROM model").fetchone()["n"]
            made["installed"] = connection.execute("SELECT COUNT(DISTINCT model) AS n FROM revision").fetchone()["n"]
        return made


def setting(path: Path, key: str) -> str | None:
    """A remembered value, or None."""
    with reading(path) as connection:
        row = connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row["value"])


def search(
    path: Path,
    query: str | Iterable[str] | Query,
    *,
    limit: int = 20,
    offset: int = 0,
    task: str | None = None,
    licence: str | None = None,
    library: str | None = None,
    installed: bool | None = None,
) -> Found:
    """Models that fit a query, best first, and how many there are in all.

    Args:
        path: the database.
        query: in the language of `zoo.catalog.query`, or read already; an empty one fits all models.
        limit, offset: which of the models are returned; a negative limit means all.
        task, licence, library: further conditions, as the query's fields.
        installed: only models whose files are here (True), or are not (False).

    Returns:
        `(rows, total, exact)`. Each row has `id, task, tasks, library, loader, architecture, family, summary,
        parameters, macs, size, input, published, downloads, licence, licence_class, metrics, datasets, languages, tags,
        aliases, deprecated, base, source, feed, installed`. Counting stops at 10,000; then `exact` is False.

    Raises:
        BadInput, UnknownTask: the query has an unknown field, or a value that is none.
    """
    wanted = _with(_read(query), task=task, licence=licence, library=library, installed=installed)
    with reading(path) as connection:
        asked = Search(connection, wanted)
        offset = max(offset, 0)
        keys = asked.page(limit, offset)
        if (limit < 0 or len(keys) < limit) and (keys or not offset):
            return Found(rows_of(connection, keys), offset + len(keys))
        return Found(rows_of(connection, keys), *asked.total())


def facets(
    path: Path,
    query: str | Iterable[str] | Query = "",
    names: Sequence[str] = ("task", "licence", "library"),
    most: int = 10,
) -> counting.Counts:
    """How many of the models that fit have each value of some fields: `{name: [(value, models), …]}`, most first.

    A licence counts by its class. Where more than 1,500 models fit, a field's commonest values in the whole catalog are
    counted, each up to 10,000.

    Raises:
        BadInput: a name is no field that holds words.
    """
    with reading(path) as connection:
        return counting.counts(connection, _read(query), names, most)


def similar(path: Path, model_id: str, limit: int = 10) -> list[Row]:
    """The models most like one, best first: a search's row each, with `why`; none when there is no such model."""
    with reading(path) as connection:
        return likeness.similar(connection, clean(model_id), limit)


def _read(query: str | Iterable[str] | Query) -> Query:
    return query if isinstance(query, Query) else parse(query)


def _with(query: Query, *, installed: bool | None, **filters: str | None) -> Query:
    """The query with further conditions, each a whole value but for the licence's."""
    more = [
        Condition(field, ":" if field == "licence" else "=", value, (value,))
        for field, text in filters.items()
        if (value := None if text is None else clean(text).lower()) is not None
    ]
    if installed is not None:
        more.append(Condition("installed", ":", installed))
    return query._replace(conditions=(*query.conditions, *more)) if more else query


def listing(path: Path) -> list[Row]:
    """The installed models by id: a search's row each, with `revisions` (newest first) and the bytes of all as `size`.

    A model whose card is gone, because its plugin was removed, has only `id, licence, installed, revisions, size`.
    """
    with reading(path) as connection:
        revisions: dict[str, list[Row]] = {}
        for row in _revisions(connection, None):
            revisions.setdefault(row.pop("model"), []).append(row)
        keys = connection.execute("SELECT key FROM model WHERE id IN (SELECT model FROM revision)")
        cards = {row["id"]: row for row in rows_of(connection, [row["key"] for row in keys])}
    made = []
    for model, owned in sorted(revisions.items()):
        bare = {"id": model, "licence": owned[0]["licence"], "installed": True}
        size = sum(revision["size"] for revision in owned)
        made.append({**cards.get(model, bare), "revisions": owned, "size": size})
    return made


def _revisions(connection: sqlite3.Connection, model: str | None) -> list[Row]:
    found = connection.execute(
        "SELECT model, revision, pulled, upstream, size, licence, package_licence, licence_source, containers "
        "FROM revision WHERE :model IS NULL OR model = :model ORDER BY pulled DESC, revision",
        {"model": model},
    ).fetchall()
    aliases = connection.execute("SELECT model, alias, revision FROM alias ORDER BY alias").fetchall()
    for row in found:
        row["licence"] = {"weights": row["licence"], "package": row.pop("package_licence")}
        row["licence"]["source"] = row.pop("licence_source")
        row["containers"] = json.loads(row["containers"])
        mine = (row["model"], row["revision"])
        row["aliases"] = [a["alias"] for a in aliases if (a["model"], a["revision"]) == mine]
    return found


def show(path: Path, model_id: str) -> Row | None:
    """Everything known of one model, or None when neither a card nor a file of it is here.

    Returns:
        A search's row (of a model without a card: `id` and `installed`) with `card` (its JSON form, or None), `feed`,
        `revisions` (each with `files`), `aliases` (`{alias: revision}`), `edits` (`field, value, offered, changed`),
        `lineage` and `runs`.
    """
    model_id = clean(model_id)
    with reading(path) as connection:
        row = connection.execute("SELECT key, feed FROM model WHERE id = ?", (model_id,)).fetchone()
        revisions = _revisions(connection, model_id)
        if row is None and not revisions:
            return None
        made: Row = {"id": model_id, "installed": True, "card": None, "feed": None}
        if row is not None:
            feed = connection.execute("SELECT name, kind, version, synced FROM feed WHERE name = ?", (row["feed"],))
            made = rows_of(connection, [row["key"]])[0]
            made |= {"card": _card(connection, row["key"]), "feed": feed.fetchone()}
        for revision in revisions:
            revision["files"] = _files(connection, revision.pop("model"), revision["revision"])
        made["revisions"] = revisions
        made["aliases"] = {alias: r["revision"] for r in revisions for alias in r["aliases"]}
        made["edits"] = _edits(connection, model_id)
        made["lineage"] = _lineage(connection, model_id)
        made["runs"] = _runs(connection, model_id)
        return made


def _card(connection: sqlite3.Connection, key: int) -> Row:
    made: Row = json.loads(connection.execute("SELECT text FROM card WHERE model = ?", (key,)).fetchone()["text"])
    return made


def _files(connection: sqlite3.Connection, model: str, revision: str) -> list[Row]:
    found = connection.execute(
        "SELECT path, size, sha256, format, origin, source_path, source_size, source_sha256 FROM file "
        "WHERE model = ? AND revision = ? ORDER BY path",
        (model, revision),
    )
    return [{k: v for k, v in row.items() if v is not None} | {"origin": json.loads(row["origin"])} for row in found]


def _edits(connection: sqlite3.Connection, model: str) -> list[Row]:
    sql = "SELECT field, value, offered, changed FROM edit WHERE model = ? ORDER BY field"
    found = connection.execute(sql, (model,)).fetchall()
    return [row | {name: _value(row[name]) for name in ("value", "offered")} for row in found]


def _value(stored: object) -> object:
    """What a JSON column holds; SQLite keeps the text of a number as the number."""
    return None if stored is None else json.loads(str(stored))


def _runs(connection: sqlite3.Connection, model: str) -> list[Row]:
    found = connection.execute("SELECT * FROM run WHERE model = ? ORDER BY started DESC, id", (model,)).fetchall()
    for row in found:
        for name in ("argv", "hyperparameters", "seeds", "data", "environment", "metrics"):
            row[name] = json.loads(row[name])
    return found


def _lineage(connection: sqlite3.Connection, model: str) -> dict[str, list[Row]]:
    def edges(end: str, card_end: str, names: Sequence[str]) -> list[Row]:
        sql = kinship.EDGES.format(end=end, card_end=card_end, marks=marks(names))
        return connection.execute(sql, [*names, *names]).fetchall()

    return {
        "ancestors": kinship.walk(model, lambda names: edges("child", "id", names), lambda e: str(e["base"])),
        "descendants": kinship.walk(model, lambda names: edges("base", "base", names), lambda e: str(e["child"])),
    }
