"""Cards that come a few at a time: merged into a feed that keeps its others. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from zoo.catalog.database import Database, utc_now
from zoo.catalog.reading import reading
from zoo.catalog.records import Feed, FeedKind, SyncReport

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["Merging"]


class Merging(Database):
    """Feeds whose cards come in parts: a hub's, and the user's own."""

    def own_cards(self, feed: str) -> list[ModelCard]:
        """The cards of a feed as it supplied them, without the user's edits, by id."""
        from zoo.catalog import edits

        with self._read() as session:
            return list(edits.own_cards(session, feed))

    def suppliers(self, *, without: str = "") -> dict[str, str]:
        """`{model id in lower case: feed}` of all cards but those of one feed."""
        self.open()
        with reading(self.path) as connection:
            rows = connection.execute("SELECT folded, feed FROM model WHERE feed != ?", (without,))
            return {row["folded"]: row["feed"] for row in rows}

    def merge_feed(
        self,
        name: str,
        kind: FeedKind,
        version: str,
        cards: Iterable[ModelCard],
        *,
        gone: Collection[str] = (),
        dry_run: bool = False,
    ) -> SyncReport:
        """Add cards to a feed or replace those of the same id, take out those in `gone`, and keep its others.

        Nothing is written when nothing changes, or with `dry_run`; `unchanged` counts among `cards` only.

        Raises:
            BadCard: a card breaks its schema.
            CatalogError: a model belongs to another feed, or its id differs only by case from another's.
        """
        from zoo.catalog import edits, feeds
        from zoo.catalog.entries import entries_of

        with self._write() as session:
            own = {card.id.lower(): card for card in edits.own_cards(session, name)}
            new = {card.id.lower(): card for card in cards}
            left = {key: card for key, card in own.items() if card.id not in gone or key in new}
            report = _compared(own, new, removed=len(own) - len(left))
            if not report.changed or dry_run:
                return report
            entries = entries_of((left | new).values())
            feed = Feed(
                name=name, kind=kind, version=version, digest=feeds.digest_of(entries), synced=utc_now(), models=0
            )
            feeds.sync(session, [(feed, entries)])
        return report


def _compared(own: Mapping[str, ModelCard], new: Mapping[str, ModelCard], *, removed: int) -> SyncReport:
    same = sum(1 for key, card in new.items() if own.get(key) == card)
    known = len(own.keys() & new.keys())
    return SyncReport(added=len(new) - known, updated=known - same, removed=removed, unchanged=same)
