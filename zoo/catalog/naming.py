"""From what the user typed to the names of models."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from zoo.catalog.reading import reading
from zoo.catalog.words import clean, name_parts

__all__ = ["complete", "explain", "resolve"]

_LAST = "\U0010ffff"  # sorts behind every other character: `prefix + _LAST` ends a range


def resolve(path: Path, name: str) -> list[str]:
    """The ids of the models that a name can mean, the likeliest first; empty when there is none; see `explain`."""
    return explain(path, name)[0]


def explain(path: Path, name: str) -> tuple[list[str], str]:
    """The ids of the models that a name can mean, and a sentence on how it was completed; more than one: ambiguous.

    1. The model with exactly this id. Of installed models without a card too.
    2. None, when an id differs only by case: `near` then begins with the right spelling.
    3. The model with this name after its owner: `all-MiniLM-L6-v2`.
    4. The model whose card claims it as a further name, when it is the only one: `yolo`. This decides between several
       of 3 too.
    5. Of the variants with this name before their tag the one tagged `default`: `resnet50` is
       `timm/resnet50.a1_in1k`. The owner may be given: `timm/resnet50`. Without a default, or with those of several
       owners, all are given, first variants first.
    """
    name = clean(name)
    with reading(path) as connection:
        if _ids(
            connection, "SELECT id FROM model WHERE id = ?1 UNION SELECT model FROM revision WHERE model = ?1", name
        ):
            return [name], ""
        if _ids(connection, "SELECT id FROM model WHERE folded = ?", name.lower()):
            return [], ""
        owner, last, _ = name_parts(name)
        whole = _ids(connection, "SELECT id FROM model WHERE name = ? ORDER BY key", last.lower())
        whole = [i for i in whole if not owner and name_parts(i)[1] == last]
        if len(whole) == 1:
            return whole, f"{name} is {whole[0]}"
        claim = "SELECT id FROM also JOIN model ON key = also.model WHERE also.name = ? ORDER BY key"
        claimed = _ids(connection, claim, name)
        if len(claimed) == 1:
            return claimed, f"{name} is {claimed[0]}, which its card names so"
        if found := whole or claimed:
            return found, ""
        return _variants(connection, name)


def _variants(connection: sqlite3.Connection, name: str) -> tuple[list[str], str]:
    owner, last, _ = name_parts(name)
    sql = "SELECT id, chosen FROM model WHERE short = ? ORDER BY chosen DESC, variant, key"
    rows = connection.execute(sql, (last.lower(),)).fetchall()
    rows = [row for row in rows if name_parts(row["id"])[2] == last and owner in {"", name_parts(row["id"])[0]}]
    ids = [str(row["id"]) for row in rows]
    defaults = [str(row["id"]) for row in rows if row["chosen"]]
    if len(ids) == 1:
        return ids, f"{name} is {ids[0]}"
    if len(defaults) == 1:
        return defaults, f"{name} is {defaults[0]}, the default of {len(ids)} variants"
    return ids, ""


def _ids(connection: sqlite3.Connection, sql: str, value: str) -> list[str]:
    return [str(next(iter(row.values()))) for row in connection.execute(sql, (value,))]


def complete(path: Path, prefix: str, limit: int = 50) -> list[str]:
    """What `prefix` may go on to, for shell completion: each begins with it, and `resolve` knows each.

    Ids first; then, when no owner was typed, names without their tag, or, from the dot on, with it, and further names.
    """
    prefix = clean(prefix)
    folded = prefix.lower()
    also: list[str] = []
    with reading(path) as connection:
        found = _ids_from(connection, "folded", folded, limit)
        if "/" not in prefix:
            found += _ids_from(connection, "short", folded, 4 * limit)
            found += _ids_from(connection, "name", folded, limit) if "." in prefix else []
            sql = "SELECT DISTINCT name FROM also WHERE name >= ? AND name < ? ORDER BY name LIMIT ?"
            also = [str(row["name"]) for row in connection.execute(sql, (prefix, prefix + _LAST, limit))]
    made: dict[str, None] = {}
    for model_id in found:
        owner, name, short = name_parts(model_id)
        shown = name if "." in prefix else short
        made |= dict.fromkeys(text for text in (model_id, shown if owner else "") if text.startswith(prefix) and text)
    return list(made | dict.fromkeys(also))[:limit]


def _ids_from(connection: sqlite3.Connection, column: str, prefix: str, limit: int) -> list[str]:
    sql = f"SELECT id FROM model WHERE {column} >= ? AND {column} < ? ORDER BY {column}, variant LIMIT ?"  # noqa: S608
    return [str(row["id"]) for row in connection.execute(sql, (prefix, prefix + _LAST, limit))]
