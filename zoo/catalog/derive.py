"""All that can be derived from the cards' texts, made anew: after a migration, or by a newer zoo."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from zoo.catalog.entries import Entry, entry_of_text
from zoo.catalog.layout import DERIVED, FULL_TEXT
from zoo.catalog.rows import Rows

__all__ = ["SETTING", "derive", "mark"]

SETTING = "derived"  # the remembered version of what is derived
_SOME = 5000
_EMPTIED = ("also", "card", "model", "facet", "word")


def derive(connection: sqlite3.Connection) -> int:
    """Throw away what is derived and make it again, in the caller's transaction; returns the number of cards.

    The cards are read from `kept` where a migration left them there.
    """
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'kept'").fetchone() is None:
        connection.execute(
            "CREATE TABLE kept AS SELECT feed, digest, text FROM card JOIN model ON key = card.model ORDER BY folded"
        )
    for table, sql in FULL_TEXT.items():
        connection.execute(f"DROP TABLE {table}")
        connection.execute(sql)
    for table in _EMPTIED:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 (names from above)
    rows, count = Rows(connection), 0
    for feed, entries in _kept(connection):
        rows.put(feed, entries)
        count += len(entries)
    rows.finish()
    connection.execute("DROP TABLE kept")
    mark(connection)
    return count


def _kept(connection: sqlite3.Connection) -> Iterator[tuple[str, list[Entry]]]:
    for (feed,) in connection.execute("SELECT DISTINCT feed FROM kept ORDER BY feed").fetchall():
        found = connection.execute("SELECT text, digest FROM kept WHERE feed = ? ORDER BY rowid", (feed,))
        while some := found.fetchmany(_SOME):
            yield feed, [entry_of_text(text, digest) for text, digest in some]


def mark(connection: sqlite3.Connection) -> None:
    """Remember the version of what is derived."""
    connection.execute("INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)", (SETTING, str(DERIVED)))
