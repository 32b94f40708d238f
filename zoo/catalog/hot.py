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

from zoo.catalog import kinship, ranking
from zoo.catalog.layout import SCHEMA_VERSION
from zoo.catalog.naming import complete, near, resolve
from zoo.catalog.reading import Row, marks, opened, reading
from zoo.catalog.words import clean

__all__ = ["complete", "listing", "near", "resolve", "search", "setting", "show", "state"]

_COLUMNS = """key, id, task, library, loader, architecture, parameters, licence, package_licence, family, summary,
size, sources, feed, EXISTS (SELECT 1 FROM revision WHERE revision.model = model.id) AS installed"""


def state(path: Path) -> Row:
    """`{"schema", "known", "application", "models", "installed"}` of a database of any schema.

    `schema` is its version and `known` the newest that this code knows; the counts are None where they differ.
    """
    with opened(path) as connection:
        made: Row = {"schema": connection.execute("PRAGMA user_version").fetchone()["user_version"]}
        made["application"] = connection.execute("PRAGMA application_id").fetchone()["application_id"]
        made |= {"known": SCHEMA_VERSION, "models": None, "installed": None}
        if made["schema"] == SCHEMA_VERSION:
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
    words: str | Iterable[str],
    *,
    limit: int = 20,
    offset: int = 0,
    task: str | None = None,
    licence: str | None = None,
    library: str | None = None,
    installed: bool | None = None,
) -> tuple[list[Row], int]:
    """Models that match all words, best first, and how many there are in all.

    Args:
        path: the database.
        words: each matches the beginning of a word of the id, family, architecture, task, tags, data sets, languages,
            library or summary, or any part of the name; in any order. Without words all models match.
        limit, offset: which of the matches are returned; a negative limit means all.
        task: one of the model's tasks.
        licence: what the weights' licence expression, or a term of it, begins with, such as `bsd`.
        library: the library, in any case.
        installed: only models whose files are here (True), or are not (False).

    Returns:
        `(rows, total)`: each row has `id, task, library, loader, architecture, parameters, licence, metrics, installed,
        source, summary, family, size, feed`. Nothing found is `([], 0)`; `near` then has suggestions.
    """
    text = clean(words if isinstance(words, str) else " ".join(words))
    queries = ranking.searches(text, ranking.conditions(task, licence, library, installed))
    with reading(path) as connection:
        for query in queries:
            keys = _page(connection, query, limit, offset)
            total = len(keys) if 0 < len(keys) < limit and not offset else _total(connection, query)
            if total:
                return _rows(connection, keys), total
    return [], 0


def _page(connection: sqlite3.Connection, query: ranking.Search, limit: int, offset: int) -> list[int]:
    values = {**query.values, "limit": limit, "offset": max(offset, 0)}
    return [row["key"] for row in connection.execute(query.page, values)]


def _total(connection: sqlite3.Connection, query: ranking.Search) -> int:
    return int(connection.execute(query.total, query.values).fetchone()["total"])


def _rows(connection: sqlite3.Connection, keys: Sequence[int]) -> list[Row]:
    """What lists show of these models, in this order."""
    made: dict[int, Row] = {}
    for start in range(0, len(keys), 500):  # SQLite limits the parameters of a statement
        made |= _some_rows(connection, keys[start : start + 500])
    return [made[key] for key in keys]


def _some_rows(connection: sqlite3.Connection, keys: Sequence[int]) -> dict[int, Row]:
    found = connection.execute(f"SELECT {_COLUMNS} FROM model WHERE key IN ({marks(keys)})", keys)  # noqa: S608
    made = {row.pop("key"): _shaped(row) for row in found}
    scores = connection.execute(
        f"SELECT model, name, value, dataset, source FROM metric WHERE model IN ({marks(keys)}) ORDER BY position",  # noqa: S608
        keys,
    )
    for row in scores:
        made[row.pop("model")]["metrics"].append(row)
    return made


def _shaped(row: Row) -> Row:
    row["licence"] = {"weights": row["licence"], "package": row.pop("package_licence")}
    row["source"] = json.loads(row.pop("sources"))
    row["installed"] = bool(row["installed"])
    row["metrics"] = []
    return row


def listing(path: Path) -> list[Row]:
    """The installed models by id: a search's row each, with `revisions` (newest first) and the bytes of all as `size`.

    A model whose card is gone, because its plugin was removed, has only `id, licence, installed, revisions, size`.
    """
    with reading(path) as connection:
        revisions: dict[str, list[Row]] = {}
        for row in _revisions(connection, None):
            revisions.setdefault(row.pop("model"), []).append(row)
        keys = connection.execute("SELECT key FROM model WHERE id IN (SELECT model FROM revision)")
        cards = {row["id"]: row for row in _rows(connection, [row["key"] for row in keys])}
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
        `revisions` (each with `files`), `aliases` (`{alias: revision}`), `lineage` and `runs`.
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
            made = _rows(connection, [row["key"]])[0]
            made |= {"card": _card(connection, row["key"]), "feed": feed.fetchone()}
        for revision in revisions:
            revision["files"] = _files(connection, revision.pop("model"), revision["revision"])
        made["revisions"] = revisions
        made["aliases"] = {alias: r["revision"] for r in revisions for alias in r["aliases"]}
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
