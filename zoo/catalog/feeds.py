"""Feeds and their cards: what is written when cards come, change and go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import column, delete, exists, func, insert, inspect, select, table, update
from sqlalchemy.orm import Session

from zoo.cards import digest
from zoo.catalog import schema
from zoo.catalog.entries import Entry
from zoo.catalog.records import Feed, FeedKind, SyncReport
from zoo.errors import CatalogError

__all__ = ["all_feeds", "digest_of", "drop", "put_one", "remove_one", "same", "sync"]

T = TypeVar("T")

# SQLite's full-text tables, which have no mapped class.
_SEARCH = table("model_search", *(column(c) for c in ("rowid", "name", "family", "task", "tags", "summary")))
_GRAM = table("model_gram", column("rowid"), column("name"))
_CHILDREN = (schema.CardRow, schema.ModelTask, schema.ModelTag, schema.ModelLicence, schema.MetricRow)
_BATCH = 500  # SQLite limits the parameters of a statement


@dataclass(frozen=True)
class _Held:
    """A card that the database holds."""

    key: int
    id: str
    feed: str
    digest: str


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
    held = _held(session)
    gone: list[list[int]] = []
    for feed, entries in supplies:
        leaving = [folded for folded, card in held.items() if card.feed == feed.name and folded not in entries]
        gone.append([held.pop(folded).key for folded in leaving])
        _remove(session, gone[-1])
    reports = [
        _put(session, feed, entries, held, len(keys)) for (feed, entries), keys in zip(supplies, gone, strict=True)
    ]
    if any(report.changed for report in reports):
        _tidy(session)
    return reports


def _put(
    session: Session, feed: Feed, entries: Mapping[str, Entry], held: dict[str, _Held], removed: int
) -> SyncReport:
    _refuse_taken(feed.name, entries, held)
    new = [entry for folded, entry in entries.items() if folded not in held]
    changed = [(held[f].key, entry) for f, entry in entries.items() if f in held and held[f].digest != entry.digest]
    _put_feed(session, feed)
    _replace(session, changed)
    held |= _insert(session, feed.name, new)
    kept = len(entries) - len(new) - len(changed)
    return SyncReport(added=len(new), updated=len(changed), removed=removed, unchanged=kept)


def put_one(session: Session, name: str, entry: Entry, now: str) -> bool:
    """Add or replace one card of a feed of the user's or of local results; True when anything changed."""
    held = _held(session)
    mine = held.get(entry.id.lower())
    _refuse_taken(name, {entry.id.lower(): entry}, held)
    if mine and mine.digest == entry.digest:
        return False
    row = session.get(schema.FeedRow, name)
    if row is not None and row.kind not in {"local", "user", "hub"}:
        raise CatalogError(
            f"feed {name!r} is of kind {row.kind}: its cards come from there only", "Use the feed `local`."
        )
    kind: FeedKind = "local" if name == "local" else "user"
    _put_feed(session, Feed(name=name, kind=kind, version="", digest=None, synced=now, models=0))
    if mine:
        _replace(session, [(mine.key, entry)])
    else:
        _insert(session, name, [entry])
    _tidy(session)
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
    _remove(session, [row.key])
    _tidy(session)
    return True


def drop(session: Session, name: str) -> int:
    """Remove a feed with its cards; returns how many cards it had."""
    keys = list(session.scalars(select(schema.ModelRow.key).where(schema.ModelRow.feed == name)))
    _remove(session, keys)
    session.execute(delete(schema.FeedRow).where(schema.FeedRow.name == name))
    _tidy(session)
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


def _held(session: Session) -> dict[str, _Held]:
    model = schema.ModelRow
    rows = session.execute(select(model.folded, model.key, model.id, model.feed, model.digest))
    return {folded: _Held(key, model_id, feed, found) for folded, key, model_id, feed, found in rows}


def _refuse_taken(feed: str, entries: Mapping[str, Entry], held: Mapping[str, _Held]) -> None:
    for folded, entry in entries.items():
        other = held.get(folded)
        if other is None or other.feed == feed:
            continue
        how = "" if other.id == entry.id else f" as {other.id!r}, which differs only by case"
        raise CatalogError(
            f"feeds {feed!r} and {other.feed!r} both supply {entry.id!r}{how}",
            f"Remove one of the two, or ask the author of {feed!r} to rename the model.",
        )


def _put_feed(session: Session, feed: Feed) -> None:
    row = session.get(schema.FeedRow, feed.name) or schema.FeedRow(name=feed.name)
    row.kind, row.version, row.digest, row.synced = feed.kind, feed.version, feed.digest, feed.synced
    session.add(row)
    session.flush()


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[i : i + _BATCH] for i in range(0, len(items), _BATCH))


def _remove(session: Session, keys: Sequence[int]) -> None:
    _strip(session, keys)
    for some in _batches(keys):
        session.execute(delete(schema.ModelRow).where(schema.ModelRow.key.in_(some)))


def _strip(session: Session, keys: Sequence[int]) -> None:
    """Remove what hangs on these models."""
    for some in _batches(keys):
        for child in _CHILDREN:
            session.execute(delete(child).where(child.model.in_(some)))
        for text in (_SEARCH, _GRAM):
            session.execute(delete(text).where(text.c.rowid.in_(some)))


def _replace(session: Session, changed: Sequence[tuple[int, Entry]]) -> None:
    if not changed:
        return
    _strip(session, [key for key, _ in changed])
    session.execute(update(schema.ModelRow), [{"key": key, **entry.model} for key, entry in changed])
    _insert_parts(session, changed)


def _insert(session: Session, feed: str, entries: Sequence[Entry]) -> dict[str, _Held]:
    if not entries:
        return {}
    first = (session.scalars(select(func.max(schema.ModelRow.key))).one() or 0) + 1
    keyed = list(enumerate(entries, first))
    session.execute(insert(schema.ModelRow), [{"key": key, "feed": feed, **entry.model} for key, entry in keyed])
    _insert_parts(session, keyed)
    return {entry.id.lower(): _Held(key, entry.id, feed, entry.digest) for key, entry in keyed}


def _insert_parts(session: Session, keyed: Sequence[tuple[int, Entry]]) -> None:
    words = {
        schema.TaskRow: [{"name": p["task"]} for _, e in keyed for p in e.parts["model_task"]],
        schema.TagRow: [p for _, e in keyed for p in e.parts["model_tag"]],
        schema.LicenceRow: [{"expression": p["expression"]} for _, e in keyed for p in e.parts["model_licence"]],
    }
    for row, wanted in words.items():
        _insert_missing(session, row, wanted)
    for child in _CHILDREN:
        rows = [{"model": key, **part} for key, e in keyed for part in e.parts[child.__tablename__]]
        if rows:
            session.execute(insert(child), rows)
    for text in (_SEARCH, _GRAM):
        session.execute(insert(text), [{"rowid": key, **part} for key, e in keyed for part in e.parts[text.name]])


def _insert_missing(session: Session, row: type[schema.Base], wanted: Sequence[Mapping[str, str]]) -> None:
    columns = inspect(row).primary_key
    known = {tuple(found) for found in session.execute(select(*columns))}
    fresh = sorted({tuple(word[c.name] for c in columns) for word in wanted} - known)
    if fresh:
        session.execute(insert(row), [dict(zip((c.name for c in columns), values, strict=True)) for values in fresh])


def _tidy(session: Session) -> None:
    """Remove words that no model has any more, and number the variants anew."""
    tag, of_tag = schema.TagRow, schema.ModelTag
    session.execute(delete(schema.TaskRow).where(~exists().where(schema.ModelTask.task == schema.TaskRow.name)))
    session.execute(delete(tag).where(~exists().where(of_tag.kind == tag.kind, of_tag.name == tag.name)))
    expression = schema.LicenceRow.expression
    session.execute(delete(schema.LicenceRow).where(~exists().where(schema.ModelLicence.expression == expression)))
    _number_variants(session)


def _number_variants(session: Session) -> None:
    """Of the models with one owner and short name, 0 is the one tagged `default`, else the one with the best score."""
    model, tag = schema.ModelRow, schema.ModelTag
    default = exists().where(tag.model == model.key, tag.kind == "tag", tag.name == "default")
    rows = session.execute(select(model.key, model.folded, model.short, model.variant, model.metric_order, default))
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.folded.rpartition("/")[0], row.short), []).append(row)
    moved = []
    for group in groups.values():
        group.sort(key=lambda r: (not r[5], r.metric_order is None, -(r.metric_order or 0.0), r.folded))
        moved += [{"key": row.key, "variant": i} for i, row in enumerate(group) if row.variant != i]
    if moved:
        session.execute(update(model), moved)
