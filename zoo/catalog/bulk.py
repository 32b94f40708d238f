"""Very many cards of one feed, written as they come: none is kept in memory for longer than its batch."""

from __future__ import annotations

import dataclasses
import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from zoo.catalog import feeds, schema
from zoo.catalog.aside import Discard, aside
from zoo.catalog.engine import explained, make_engine
from zoo.catalog.entries import Entry, twice
from zoo.catalog.records import Feed, SyncReport
from zoo.catalog.rows import Rows

__all__ = ["Report", "sync_many"]

Report = Callable[[int], None]

_BATCH = 10_000  # cards whose rows are written in the order of their keys
_FEW = 100_000  # so many models at most are known by heart, and their indexes made anew
_MEMORY = "PRAGMA cache_size=-262144"
# While rows come in great numbers the index gathers more of them in memory, and merges what it wrote at the end only.
_GATHER = {"hashsize": 1 << 26, "automerge": 0}
_USUAL = {"hashsize": 1 << 20, "automerge": 4}


def sync_many(path: Path, feed: Feed, entries: Iterable[list[Entry]], report: Report | None = None) -> SyncReport:
    """Make the cards of a feed exactly these; `feed.digest` is computed from them where it is None.

    Args:
        path: the database.
        feed: whose cards they are.
        entries: the cards, some at a time.
        report: is told how many cards have been written.

    Raises:
        BadCard, CatalogError: as `Catalog.sync_feed`; nothing is changed.
    """
    made = SyncReport()
    with aside(path) as copy:
        engine = make_engine(copy, foreign_keys=False)
        event.listen(engine, "connect", _hurry)
        try:
            with explained(path), Session(engine) as session, session.begin():
                made = _Sync(session, feed, report).run(entries)
        except Discard as same:
            (made,) = same.args
            raise
    return made


def _hurry(connection: sqlite3.Connection, _record: object) -> None:
    """Nobody else reads or keeps this file before it is whole: no journal, and no waiting for the disk."""
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "secure_delete=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(_MEMORY)


class _Sync:
    """One sync, in the transaction of a session."""

    def __init__(self, session: Session, feed: Feed, report: Report | None) -> None:
        self._session, self._feed, self._report = session, feed, report
        self._connection = feeds.driver(session)
        self._rows = Rows(self._connection)
        self._seen: set[str] = set()
        self._added = self._updated = self._same = self._kept = 0
        models = self._one("SELECT COUNT(*) FROM model")
        self._held = self._all_held() if models <= _FEW else None
        self._indexes = self._drop_indexes() if models <= _FEW else []

    def _one(self, sql: str) -> int:
        return int(self._connection.execute(sql).fetchone()[0])

    def _all_held(self) -> dict[str, feeds.Held]:
        rows = self._connection.execute("SELECT folded, key, id, feed, digest FROM model")
        return {row[0]: feeds.Held(*row[1:]) for row in rows}

    def _drop_indexes(self) -> list[str]:
        """Take the indexes of the models away; returns the SQL that makes them again."""
        sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'model' ORDER BY name"
        found = self._connection.execute(sql).fetchall()
        for name, _ in found:
            self._connection.execute(f'DROP INDEX "{name}"')
        return [made for _, made in found]

    def run(self, entries: Iterable[list[Entry]]) -> SyncReport:
        row = self._session.get(schema.FeedRow, self._feed.name)
        before = (row.kind, row.version, row.digest) if row else None
        if row is None:
            feeds.put_feed(self._session, self._feed)
        self._configure(_GATHER)
        batch: list[Entry] = []
        for some in entries:
            batch += some
            if len(batch) >= _BATCH:
                self._write(batch)
                batch = []
        self._write(batch)
        gone = self._remove_gone()
        made = SyncReport(added=self._added, updated=self._updated, removed=gone, unchanged=self._same, kept=self._kept)
        digest = self._finish()
        if not made.changed and before == (self._feed.kind, self._feed.version, digest):
            raise Discard(made)
        return made

    def _configure(self, values: dict[str, int]) -> None:
        for name, value in values.items():
            self._connection.execute("INSERT INTO model_search (model_search, rank) VALUES (?, ?)", (name, value))

    def _write(self, batch: list[Entry]) -> None:
        """Write what is new or changed in a batch."""
        fresh: list[Entry] = []
        old: list[int] = []
        held = self._held
        if held is None:
            held = feeds.held_among(self._connection, [entry.id.lower() for entry in batch])
        for entry in batch:
            folded = entry.model["folded"]
            if folded in self._seen:
                raise twice(entry.id, entry.id)
            self._seen.add(folded)
            known = held.get(folded)
            if known is None:
                fresh.append(entry)
                continue
            if known.feed != self._feed.name:
                raise feeds.taken(self._feed.name, entry.id, known)
            if known.digest == entry.digest:
                self._same += 1
            else:
                old.append(known.key)
                fresh.append(entry)
        self._added += len(fresh) - len(old)
        self._updated += len(old)
        written, kept = feeds.laid_over(self._session, fresh)
        self._kept += kept
        self._rows.remove(old)
        self._rows.put(self._feed.name, written)
        if self._report:
            self._report(len(self._seen))

    def _remove_gone(self) -> int:
        rows = self._connection.execute("SELECT folded, key FROM model WHERE feed = ?", (self._feed.name,))
        gone = [key for folded, key in rows if folded not in self._seen]
        self._rows.remove(gone)
        return len(gone)

    def _finish(self) -> str:
        """Put in order what was left for the end; returns the feed's digest."""
        for sql in self._indexes:
            self._connection.execute(sql)
        self._rows.finish()
        self._configure(_USUAL)
        self._connection.execute("INSERT INTO model_search (model_search) VALUES ('optimize')")
        digest = self._feed.digest or self._digest()
        feeds.put_feed(self._session, dataclasses.replace(self._feed, digest=digest))
        return digest

    def _digest(self) -> str:
        """What `feeds.digest_of` computes, without all cards in memory."""
        found = hashlib.sha256(b"[")
        sql = "SELECT id, digest FROM model WHERE feed = ? ORDER BY folded"
        for number, (model, digest) in enumerate(self._connection.execute(sql, (self._feed.name,))):
            found.update(f'{"," if number else ""}["{model}","{digest}"]'.encode())
        found.update(b"]")
        return found.hexdigest()
