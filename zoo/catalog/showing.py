"""What lists show of models."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from zoo.catalog.reading import Row, marks

__all__ = ["rows_of"]

_SOME = 500  # SQLite limits the parameters of a statement
_SQL = """SELECT key, text, feed, licence_class, model.size AS size, input, classes,
EXISTS (SELECT 1 FROM revision WHERE revision.model = model.id) AS installed
FROM model JOIN card ON card.model = model.key WHERE key IN ({marks})"""

# What a card may lack, with what a row then says.
_PLAIN = (
    "architecture",
    "base",
    "deprecated",
    "downloads",
    "family",
    "library",
    "loader",
    "macs",
    "parameters",
    "published",
    "replaced_by",
    "task",
)
_LISTS = ("aliases", "datasets", "languages", "metrics", "tags")


def rows_of(connection: sqlite3.Connection, keys: Sequence[int]) -> list[Row]:
    """What lists show of the models with these keys, in this order."""
    made: dict[int, Row] = {}
    for start in range(0, len(keys), _SOME):
        some = keys[start : start + _SOME]
        for found in connection.execute(_SQL.format(marks=marks(some)), some):
            made[found["key"]] = _row(found)
    return [made[key] for key in keys]


def _row(found: Row) -> Row:
    card = json.loads(found["text"])
    licence = card.get("licence", {})
    return {
        "id": card["id"],
        **{name: card.get(name) for name in _PLAIN},
        **{name: card.get(name, []) for name in _LISTS},
        "tasks": list(dict.fromkeys([card["task"], *card.get("tasks", ())])),
        "summary": card.get("summary", ""),
        "licence": {"weights": licence.get("weights", "not stated"), "package": licence.get("package")},
        "licence_class": found["licence_class"],
        "source": _origins(card),
        "size": found["size"],
        "input": found["input"],
        "classes": found["classes"],
        "feed": found["feed"],
        "installed": bool(found["installed"]),
    }


def _origins(card: Row) -> list[str]:
    """The URIs of the card's sources, or, where it names none, of its files, without members."""
    uris = [source["uri"] for source in card.get("sources", ())]
    uris = uris or [uri.partition("#")[0] for file in card.get("files", ()) for uri in file["origin"]]
    return list(dict.fromkeys(uris))
