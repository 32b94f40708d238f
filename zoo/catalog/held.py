"""What loading asks of the catalog, read with `sqlite3` alone: a model's card, and its newest revision."""

from __future__ import annotations

import json
from pathlib import Path

from zoo.cards import ModelCard
from zoo.catalog import hot
from zoo.catalog.reading import reading
from zoo.errors import UnknownModel

__all__ = ["card", "newest"]


def card(path: Path, model: str) -> ModelCard:
    """The card with this id; raises `UnknownModel`, with the nearest names. Equal to `Catalog.get`."""
    with reading(path) as connection:
        sql = "SELECT text FROM card WHERE model = (SELECT key FROM model WHERE id = ?)"
        row = connection.execute(sql, (model,)).fetchone()
    if row is None:
        raise UnknownModel(model, hot.near(path, model))
    return ModelCard.from_dict(json.loads(row["text"]))


def newest(path: Path, model: str) -> str | None:
    """The revision that was pulled last, or None. Equal to that of `Catalog.latest_revision`."""
    with reading(path) as connection:
        sql = "SELECT revision FROM revision WHERE model = ? ORDER BY pulled DESC, revision LIMIT 1"
        row = connection.execute(sql, (model,)).fetchone()
    return None if row is None else str(row["revision"])
