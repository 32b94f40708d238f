"""The catalog: every method is one transaction, and doing a thing twice is doing it once.

SQLAlchemy is imported when the first method is called, not with this module.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from zoo.cards import ModelCard
from zoo.catalog import hot, shipped
from zoo.catalog.database import utc_now
from zoo.catalog.editing import Editing
from zoo.catalog.machine import Machine
from zoo.catalog.notes import Notes
from zoo.catalog.records import Edge, Feed, FeedKind, RunRecord, SyncReport
from zoo.errors import UnknownModel

if TYPE_CHECKING:
    from zoo.catalog.entries import Entry
    from zoo.catalog.preparing import Numbered
    from zoo.manifests import Manifest

__all__ = ["Catalog"]

_REBUILT = "rebuilt"
MANY = 20_000  # cards that are written aside, and not in one transaction


class Catalog(Machine, Editing, Notes):
    """The database of one zoo, opened when it is first used: its cards, and what is known of this machine.

    Args:
        path: the SQLite file, or its URL `sqlite:///…`.
        shipped: the shipped database, instead of the one that came with the zoo.
    """

    def get(self, model_id: str) -> ModelCard:
        """The card with this id; raises `UnknownModel`, with the nearest names."""
        from sqlalchemy import select

        from zoo.catalog.schema import CardRow, ModelRow

        with self._read() as session:
            text = session.scalars(select(CardRow.text).join(ModelRow).where(ModelRow.id == model_id)).first()
        if text is None:
            raise UnknownModel(model_id, hot.near(self.path, model_id))
        return ModelCard.from_dict(json.loads(text))

    def sync_feed(
        self, name: str, kind: FeedKind, version: str, cards: Iterable[ModelCard], digest: str | None = None
    ) -> SyncReport:
        """Make the cards of a feed exactly these; those of other feeds, and what is installed, stay.

        A `plugin` takes over the `shipped` feed of the same name. Nothing is written when nothing changed.

        Args:
            name, kind, version: of the feed.
            cards: all its cards; not even read when `digest` is the one of the last sync.
            digest: what stands for the cards, such as a hash of their source; by default it is computed from them.

        Raises:
            BadCard: a card breaks its schema.
            CatalogError: a model belongs to another feed, or its id differs only by case from another's.
        """
        from zoo.catalog.preparing import Numbered

        if digest and (count := self._unchanged(_feed(name, kind, version, digest))) is not None:
            return SyncReport(unchanged=count)
        source = iter(cards)
        some = list(itertools.islice(source, MANY))
        if len(some) < MANY:
            from zoo.catalog.entries import entries_of

            return self._sync_few(_feed(name, kind, version, digest), entries_of(some))
        every = (Numbered(0, card.to_dict()) for card in itertools.chain(some, source))
        return self._sync_many(_feed(name, kind, version, digest), every)

    def import_lines(
        self,
        name: str,
        kind: FeedKind,
        version: str,
        lines: Iterable[str | bytes],
        report: Callable[[int], None] | None = None,
    ) -> SyncReport:
        """Make the cards of a feed exactly those on these lines, each the JSON of one; empty lines do not count.

        Millions of them take a minute, and no more memory than thousands; until the end the catalog is as it was.

        Args:
            name, kind, version: of the feed.
            lines: of a file in UTF-8.
            report: is told how many cards have been written.

        Raises:
            BadCard: that names the line; nothing is written.
            CatalogError: as `sync_feed`.
        """
        from zoo.catalog.preparing import Numbered, prepared

        source = (Numbered(n, line) for n, line in enumerate(lines, 1) if line.strip())
        some = list(itertools.islice(source, MANY))
        feed = _feed(name, kind, version, None)
        if len(some) == MANY:
            return self._sync_many(feed, itertools.chain(some, source), report)
        made: dict[str, Entry] = {}
        for entry in itertools.chain.from_iterable(prepared(some, processes=0)):
            if other := made.get(entry.id.lower()):
                from zoo.catalog.entries import twice

                raise twice(other.id, entry.id)
            made[entry.id.lower()] = entry
        return self._sync_few(feed, dict(sorted(made.items())))

    def _unchanged(self, feed: Feed) -> int | None:
        from zoo.catalog import feeds

        with self._read() as session:
            return feeds.same(session, feed)

    def _sync_few(self, feed: Feed, entries: dict[str, Entry]) -> SyncReport:
        from zoo.catalog import feeds

        feed = dataclasses.replace(feed, digest=feed.digest or feeds.digest_of(entries))
        if (count := self._unchanged(feed)) is not None:
            return SyncReport(unchanged=count)
        with self._write() as session:
            return feeds.sync(session, [(feed, entries)])[0]

    def _sync_many(
        self, feed: Feed, cards: Iterable[Numbered], report: Callable[[int], None] | None = None
    ) -> SyncReport:
        from zoo.catalog.bulk import sync_many
        from zoo.catalog.preparing import prepared

        self.open()
        return sync_many(self.path, feed, prepared(cards), report)

    def sync_shipped(self) -> dict[str, SyncReport]:
        """Bring the shipped feeds up to date with the shipped database, as after an upgrade of the zoo.

        Feeds that a plugin has taken over stay as they are; shipped feeds that are no longer shipped go. The reports
        are of the feeds that were written.
        """
        from zoo.catalog import feeds

        offered = self._offered()
        held = {feed.name: feed for feed in self.feeds()}
        gone = [f.name for f in held.values() if f.kind == "shipped" and f.name not in offered]
        stale = [f for f in offered.values() if f.name not in held or _is_stale(held[f.name], f)]
        if not gone and not stale:
            return {}
        with self._write() as session:
            for name in gone:
                feeds.drop(session, name)
            reports = feeds.sync(session, [(feed, self._shipped_entries(feed)) for feed in stale])
        return {feed.name: report for feed, report in zip(stale, reports, strict=True)}

    def drop_feed(self, name: str) -> bool:
        """Remove a feed and its cards; False when there is none.

        Where a plugin had taken a shipped feed over, the shipped cards come back in its place.
        """
        from zoo.catalog import feeds

        held = {feed.name: feed for feed in self.feeds()}
        if name not in held:
            return False
        origin = self._offered().get(name) if held[name].kind == "plugin" else None
        with self._write() as session:
            if origin:
                feeds.sync(session, [(origin, self._shipped_entries(origin))])
            else:
                feeds.drop(session, name)
        return True

    def _offered(self) -> dict[str, Feed]:
        origin = self._given or shipped.packed()
        return shipped.feeds_of(origin) if origin and origin.stat().st_size else {}

    def _shipped_entries(self, feed: Feed) -> dict[str, Entry]:
        from zoo.catalog.entries import entries_of

        origin = self._given or shipped.packed()
        return entries_of(shipped.cards_of(origin, feed.name) if origin else ())

    def feeds(self) -> tuple[Feed, ...]:
        """All feeds, by name."""
        from zoo.catalog import feeds

        with self._read() as session:
            return feeds.all_feeds(session)

    def add_card(self, card: ModelCard, feed: str = "local") -> bool:
        """Add or replace one card of a feed that is no plugin's; False when it is there already."""
        from zoo.catalog import feeds
        from zoo.catalog.entries import entry_of

        entry = entry_of(card)
        with self._write() as session:
            return feeds.put_one(session, feed, entry, utc_now())

    def remove_card(self, model_id: str) -> bool:
        """Remove one card of a feed that is no plugin's; False when there is none. Installed revisions stay."""
        from zoo.catalog import feeds

        with self._write() as session:
            return feeds.remove_one(session, model_id)

    @property
    def needs_rebuild(self) -> bool:
        """Whether the database is new, so that installed models must be found again with `rebuild_from`."""
        self.open()
        return hot.setting(self.path, _REBUILT) is None

    def rebuild_from(
        self,
        manifests: Iterable[Manifest],
        *,
        cards: Iterable[ModelCard] = (),
        runs: Iterable[RunRecord] = (),
        edges: Iterable[Edge] = (),
    ) -> int:
        """Enter again what the store's records tell, after the loss of the database; returns how many were new.

        All of it or nothing. What is there already stays as it is.

        Args:
            manifests: of the installed revisions.
            cards: of local models.
            runs, edges: run records and the lineage that they tell of.
        """
        from zoo.catalog import feeds, history, local
        from zoo.catalog.entries import entry_of

        now = utc_now()
        with self._write() as session:
            new = sum(feeds.put_one(session, "local", entry_of(card), now) for card in cards)
            new += sum(history.start(session, run) for run in runs)
            new += sum(history.add_edge(session, edge) for edge in edges)
            for manifest in manifests:
                new += local.record(session, manifest, local.stated_licence(session, manifest.model))
            local.put_setting(session, _REBUILT, now)
        return new


def _feed(name: str, kind: FeedKind, version: str, digest: str | None) -> Feed:
    synced = None if kind == "shipped" else utc_now()
    return Feed(name=name, kind=kind, version=version, digest=digest, synced=synced, models=0)


def _is_stale(held: Feed, offered: Feed) -> bool:
    return held.kind == "shipped" and (held.version, held.digest) != (offered.version, offered.digest)
