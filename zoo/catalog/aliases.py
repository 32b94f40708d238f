"""Aliases and their history, read with `sqlite3` alone."""

from __future__ import annotations

from pathlib import Path

from zoo.catalog.reading import Row, reading

__all__ = ["aliases", "history", "owners"]

_SINCE = """SELECT changed FROM alias_history AS step
WHERE step.model = alias.model AND step.alias = alias.alias ORDER BY step.key DESC LIMIT 1"""


def aliases(path: Path, model: str | None = None) -> list[Row]:
    """All aliases, or those of a model, as `{"model", "alias", "revision", "upstream", "pulled", "since"}`, sorted.

    `upstream` is the origin's own name of the revision (a hub commit), `since` when the alias was last moved.
    """
    sql = f"""SELECT alias.model, alias.alias, alias.revision, revision.upstream, revision.pulled, ({_SINCE}) AS since
    FROM alias JOIN revision ON revision.model = alias.model AND revision.revision = alias.revision
    WHERE :model IS NULL OR alias.model = :model ORDER BY alias.model, alias.alias"""  # noqa: S608
    with reading(path) as connection:
        return connection.execute(sql, {"model": model}).fetchall()


def history(path: Path, model: str) -> list[Row]:
    """All changes of a model's aliases, the oldest first, with all that is recorded of each."""
    with reading(path) as connection:
        rows = connection.execute("SELECT * FROM alias_history WHERE model = ? ORDER BY key", (model,)).fetchall()
    return [{name: value for name, value in row.items() if name != "key"} for row in rows]


def owners(path: Path, alias: str) -> list[str]:
    """The models that have an alias of this name: for "did you mean" where it was typed without its model."""
    with reading(path) as connection:
        found = connection.execute("SELECT model FROM alias WHERE alias = ? ORDER BY model", (alias,))
        return [str(row["model"]) for row in found]
