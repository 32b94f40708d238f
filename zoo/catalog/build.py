"""The shipped catalog: the same cards give the same content."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from zoo.cards import ModelCard, canonical_json
from zoo.catalog.catalog import Catalog
from zoo.catalog.reading import opened
from zoo.catalog.records import SyncReport

__all__ = ["build", "content_digest"]

PAGE_SIZE = 4096


def build(path: Path, supplies: Iterable[tuple[str, str, Iterable[ModelCard]]]) -> dict[str, SyncReport]:
    """Write a database of the newest schema with the cards of these feeds, in place of one that is at `path`.

    It holds no times and is in the same order whatever the order of feeds and cards, so that the content depends on
    the cards alone. Either the old file stays or the whole new one takes its place.

    Args:
        path: the database.
        supplies: `(feed, version, cards)` each.

    Returns:
        A report for each feed.

    Raises:
        BadCard, CatalogError: as `Catalog.sync_feed`.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".build-") as folder:
        made = Path(folder) / "registry.db"
        empty = Path(folder) / "empty.db"
        empty.touch()
        _set_up(made)
        reports = {}
        with Catalog(made, shipped=empty) as catalog:
            for name, version, cards in sorted(supplies, key=lambda supply: supply[0]):
                reports[name] = catalog.sync_feed(name, "shipped", version, cards)
        _settle(made)
        made.replace(path)
    return reports


def _set_up(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
        connection.execute("VACUUM")  # writes the header, and with it the page size
    finally:
        connection.close()


def _settle(path: Path) -> None:
    """Merge the full-text index, pack the pages, and bring it to the disk."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for table in ("model_search", "word_gram"):
            connection.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")  # noqa: S608
        connection.execute("VACUUM")
    finally:
        connection.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())


def content_digest(path: Path) -> str:
    """The sha256 over the schema version and all rows of all tables: equal where the contents are equal."""
    found = hashlib.sha256()
    with opened(path) as connection:
        for pragma in ("user_version", "application_id"):
            found.update(canonical_json(connection.execute(f"PRAGMA {pragma}").fetchone()).encode())
        tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        virtual = tuple(f"{t['name']}_" for t in tables if t["sql"].startswith("CREATE VIRTUAL"))
        for table in tables:
            if not table["name"].startswith(virtual):  # the tables behind a full-text one are its own affair
                for line in _lines(connection, table["name"]):
                    found.update(line.encode())
    return found.hexdigest()


def _lines(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    yield table
    rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 (a name from the database itself)
    yield from sorted(canonical_json(row) for row in rows)
