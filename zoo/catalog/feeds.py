"""Feeds and their cards: what is written when cards come, change and go."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from zoo.cards import ModelCard, digest
from zoo.catalog import schema
from zoo.catalog.entries import Entry, entry_of
from zoo.catalog.records import Feed, FeedKind, SyncReport
from zoo.catalog.rows import Rows
from zoo.errors import CatalogError

__all__ = [
    "Held",
    "all_feeds",
    "digest_of",
    "driver",
    "drop",
    "held_among",
    "laid_over",
    "put_feed",
    "put_one",
    "remove_one",
    "rewrite",
    "same",
    "sync",
    "taken",
]

_SOME = 500  # SQLite limits the parameters of a statement


class Held(NamedTuple):
    """A card that the database holds; `digest` is of what its feed supplied."""

    key: int
    id: str
    feed: str
    digest: str


def driver(session: Session) -> sqlite3.Connection:
    """The driver's own connection of a session, in its transaction, for statements with very many rows."""
    session.flush()
    found: Any = session.connection().connection.driver_connection
    return found  # type: ignore[no-any-return]


def digest_of(entries: Mapping[str, Entry]) -> str:
    """The digest of a set of cards, whatever their order."""
    return digest([[entry.id, entry.digest] for entry in entries.values()])


def same(session: Session, feed: Feed) -> int | None:
    """How many cards a feed has, when it already is as given (`synced` and `models` do not count); else None."""
    row = session.get(schema.FeedRow, feed.name)
    if row is None or (row.kind, row.version, row.digest) != (feed.kind, feed.version, feed.digest):
        return None
    return _count(session, feed.name)


def sync(session: Session, supplies: Sequence[tuple[Feed, Mapping[str, Entry]]]) -> list[SyncReport]:
    """Make the cards of each feed exactly these; raises `CatalogError` for a name that another feed has.

    What goes, goes first: a card may move from one of these feeds to another.
    """
    rows = Rows(driver(session))
    gone: list[int] = []
    for feed, entries in supplies:
        leaving = [card.key for folded, card in _of_feed(session, feed.name).items() if folded not in entries]
        rows.remove(leaving)
        gone.append(len(leaving))
    reports = [_put(session, rows, feed, entries, count) for (feed, entries), count in zip(supplies, gone, strict=True)]
    if any(report.changed for report in reports):
        rows.finish()
    return reports


def _put(session: Session, rows: Rows, feed: Feed, entries: Mapping[str, Entry], removed: int) -> SyncReport:
    held = held_among(driver(session), list(entries))
    for folded, entry in entries.items():
        if folded in held and held[folded].feed != feed.name:
            raise taken(feed.name, entry.id, held[folded])
    changed = [entry for folded, entry in entries.items() if folded in held and held[folded].digest != entry.digest]
    new = [entry for folded, entry in entries.items() if folded not in held]
    put_feed(session, feed)
    written, kept = laid_over(session, [*new, *changed])
    rows.remove([held[entry.id.lower()].key for entry in changed])
    rows.put(feed.name, written)
    same = len(entries) - len(new) - len(changed)
    return SyncReport(added=len(new), updated=len(changed), removed=removed, unchanged=same, kept=kept)


def laid_over(session: Session, entries: Iterable[Entry]) -> tuple[list[Entry], int]:
    """Entries of feeds' cards with the user's edits laid over, and how many edits stand against a new fact."""
    from zoo.catalog import edits

    edited = edits.edited(session)
    if not edited:
        return list(entries), 0
    made, kept = [], 0
    for entry in entries:
        if entry.id not in edited:
            made.append(entry)
            continue
        before = edits.all_edits(session, entry.id)
        card = edits.apply(session, ModelCard.from_dict(json.loads(entry.text)))
        kept += sum(
            old.offered != new.offered for old, new in zip(before, edits.all_edits(session, entry.id), strict=True)
        )
        made.append(_under(entry_of(card), entry.digest))
    return made, kept


def _under(entry: Entry, digest: str) -> Entry:
    """An entry with the digest of what its feed supplied."""
    return dataclasses.replace(entry, digest=digest, model=entry.model | {"digest": digest})


def rewrite(session: Session, model_id: str, shown: Entry, digest: str) -> None:
    """Write a model's card anew, with the user's edits, under the digest of what its feed supplied."""
    connection = driver(session)
    held = held_among(connection, [model_id.lower()])[model_id.lower()]
    rows = Rows(connection)
    rows.remove([held.key])
    rows.put(held.feed, [_under(shown, digest)])
    rows.finish()


def put_one(session: Session, name: str, entry: Entry, now: str) -> bool:
    """Add or replace one card of a feed of the user's or of local results; True when anything changed."""
    connection = driver(session)
    mine = held_among(connection, [entry.id.lower()]).get(entry.id.lower())
    if mine and mine.feed != name:
        raise taken(name, entry.id, mine)
    if mine and mine.digest == entry.digest:
        return False
    row = session.get(schema.FeedRow, name)
    if row is not None and row.kind not in {"local", "user", "hub"}:
        raise CatalogError(
            f"feed {name!r} is of kind {row.kind}: its cards come from there only", "Use the feed `local`."
        )
    kind: FeedKind = "local" if name == "local" else "user"
    put_feed(session, Feed(name=name, kind=kind, version="", digest=None, synced=now, models=0))
    rows = Rows(connection)
    rows.remove([mine.key] if mine else [])
    rows.put(name, laid_over(session, [entry])[0])
    rows.finish()
    return True


def remove_one(session: Session, model_id: str) -> bool:
    """Remove one card; False when there is none; a card of a plugin or of the shipped catalog is refused."""
    row = session.scalars(select(schema.ModelRow).where(schema.ModelRow.id == model_id)).first()
    if row is None:
        return False
    feed = session.get_one(schema.FeedRow, row.feed)
    if feed.kind in {"plugin", "shipped"}:
        raise CatalogError(
            f"the card of {model_id!r} comes from {feed.kind} feed {feed.name!r} and cannot be removed alone",
            f"To free its disk space use `zoo rm {model_id}`.",
        )
    feed.digest = None
    rows = Rows(driver(session))
    rows.remove([row.key])
    rows.finish()
    return True


def drop(session: Session, name: str) -> int:
    """Remove a feed with its cards; returns how many cards it had."""
    rows = Rows(driver(session))
    keys = [card.key for card in _of_feed(session, name).values()]
    rows.remove(keys)
    rows.finish()
    session.execute(delete(schema.FeedRow).where(schema.FeedRow.name == name))
    return len(keys)


def all_feeds(session: Session) -> tuple[Feed, ...]:
    """All feeds by name."""
    rows = session.scalars(select(schema.FeedRow).order_by(schema.FeedRow.name))
    return tuple(_feed(session, row) for row in rows)


def _feed(session: Session, row: schema.FeedRow) -> Feed:
    kind: Any = row.kind
    return Feed(
        name=row.name,
        kind=kind,
        version=row.version,
        digest=row.digest,
        synced=row.synced,
        models=_count(session, row.name),
    )


def _count(session: Session, feed: str) -> int:
    return session.scalars(select(func.count()).where(schema.ModelRow.feed == feed)).one()


def _of_feed(session: Session, name: str) -> dict[str, Held]:
    found = driver(session).execute("SELECT folded, key, id, feed, digest FROM model WHERE feed = ?", (name,))
    return {row[0]: Held(*row[1:]) for row in found}


def held_among(connection: sqlite3.Connection, folded: Sequence[str]) -> dict[str, Held]:
    """`{lower-case id: card}` of those of these ids that the database holds."""
    made: dict[str, Held] = {}
    for start in range(0, len(folded), _SOME):
        some = folded[start : start + _SOME]
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT folded, key, id, feed, digest FROM model WHERE folded IN ({marks})", some)  # noqa: S608
        made |= {row[0]: Held(*row[1:]) for row in rows}
    return made


def taken(feed: str, model_id: str, other: Held) -> CatalogError:
    """The error for a model of a feed that another feed supplies already."""
    how = "" if other.id == model_id else f" as {other.id!r}, which differs only by case"
    return CatalogError(
        f"feeds {feed!r} and {other.feed!r} both supply {model_id!r}{how}",
        f"Remove one of the two, or ask the author of {feed!r} to rename the model.",
    )


def put_feed(session: Session, feed: Feed) -> None:
    """Enter what is known of a feed."""
    row = session.get(schema.FeedRow, feed.name) or schema.FeedRow(name=feed.name)
    row.kind, row.version, row.digest, row.synced = feed.kind, feed.version, feed.digest, feed.synced
    session.add(row)
    session.flush()
