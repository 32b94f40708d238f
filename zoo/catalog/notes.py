"""What the user has written about models: notes, with their time, and tags of one's own. No feed touches either.

The functions read with `sqlite3` alone; `Notes` writes.
"""

from __future__ import annotations

import json
from pathlib import Path

from zoo.catalog.database import Database, utc_now
from zoo.catalog.reading import Row, reading

__all__ = ["Notes", "notes", "own_tags"]


class Notes(Database):
    """The user's notes about models; of models too whose cards are gone for now."""

    def add_note(self, model_id: str, text: str) -> int:
        """Write a note about a model; returns its number."""
        from zoo.catalog.schema import NoteRow

        with self._write() as session:
            row = NoteRow(model=model_id, text=text, written=utc_now())
            session.add(row)
            session.flush()
            return row.key

    def remove_note(self, model_id: str, key: int) -> bool:
        """Remove a note by its number; False when the model has no such note."""
        from zoo.catalog.schema import NoteRow

        with self._write() as session:
            row = session.get(NoteRow, key)
            if row is None or row.model != model_id:
                return False
            session.delete(row)
            return True


def notes(path: Path, model: str | None = None) -> list[Row]:
    """All notes, or those about a model, as `{"model", "key", "text", "written"}`, by model, the oldest first."""
    sql = "SELECT model, key, text, written FROM note WHERE :model IS NULL OR model = :model ORDER BY model, key"
    with reading(path) as connection:
        return connection.execute(sql, {"model": model}).fetchall()


def own_tags(path: Path) -> list[Row]:
    """The tags that the user added, as `{"tag", "models"}`, by tag."""
    sql = "SELECT model, value FROM edit WHERE field = 'tags' ORDER BY model"
    found: dict[str, list[str]] = {}
    with reading(path) as connection:
        for row in connection.execute(sql):
            for tag in json.loads(row["value"])["add"]:
                found.setdefault(tag, []).append(row["model"])
    return [{"tag": tag, "models": found[tag]} for tag in sorted(found)]
