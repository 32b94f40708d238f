"""`zoo catalog sync`: the models of a hub, as far as a plugin can load them, merged into the catalog."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard
from zoo.errors import BadOption, nearest
from zoo.feeding.facts import kept, offers
from zoo.hubfeed import SORTS, Hub, LeftOut, Loadable, Wanted, read_model

if TYPE_CHECKING:
    from zoo.catalog.overlay import Edit
    from zoo.registry import Registry

__all__ = ["FEED", "Synced", "sync_hub"]

FEED = "hf"


@dataclass(frozen=True, kw_only=True)
class Synced:
    """What a sync did.

    Attributes:
        endpoint: the hub.
        listed: how many models it listed.
        complete: whether that was all that fits, and not cut off by a limit.
        added, updated, removed, unchanged: cards of the feed; others that the list does not hold are not counted.
        left_out: `{reason: count}` of the models without a card.
        kept: facts that the user has edited, and of which the hub says something new.
        dry_run: nothing was written.
    """

    endpoint: str
    listed: int
    complete: bool
    added: int
    updated: int
    removed: int
    unchanged: int
    left_out: Mapping[str, int]
    kept: tuple[Edit, ...] = ()
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**plain, "left_out": dict(self.left_out), "kept": [edit.to_dict() for edit in self.kept]}


@dataclass
class _Read:
    """What was read of a list so far."""

    listed: int = 0
    seen: set[str] = dataclasses.field(default_factory=set)
    cards: dict[str, ModelCard] = dataclasses.field(default_factory=dict)
    left_out: Counter[str] = dataclasses.field(default_factory=Counter)


def sync_hub(
    registry: Registry,
    wanted: Wanted,
    *,
    prune: bool = False,
    dry_run: bool = False,
    report: Callable[[int], None] = lambda listed: None,
) -> Synced:
    """List a hub's models and merge those that a plugin can load into the feed `hf`.

    The whole list is read first; then all of it is written, or, when anything fails or is interrupted, nothing. Cards
    of the feed that the list does not hold stay, and a name that another feed supplies is left to that feed.

    Args:
        registry: the zoo.
        wanted: which models.
        prune: take out the cards of the feed that fit `wanted` and that the hub no longer lists.
        dry_run: write nothing.
        report: is told how many models were listed so far.

    Raises:
        OfflineError: the network is forbidden; no socket was opened.
        NetworkError: the hub cannot be reached, refuses, or does not answer as a hub does.
        BadOption: `prune` with a list that was cut off, or an unknown order.
    """
    if wanted.sort not in SORTS:
        raise BadOption(f"a hub's models cannot be sorted by {wanted.sort!r}", f"Use one of {', '.join(SORTS)}.")
    _check_task(wanted.task)
    hub = Hub(offline=registry.settings.offline)
    catalog = registry.catalog
    read = _read(hub, wanted, _loadable(registry), catalog.suppliers(without=FEED), report)
    complete = wanted.limit is None or read.listed < wanted.limit
    if prune and not complete:
        raise BadOption(
            f"--prune needs the whole list, and it was cut off at {read.listed} models",
            "Leave --limit out (`--limit 0`), or narrow the list with --author or --search.",
        )
    gone = [c.id for c in catalog.own_cards(FEED) if _fits(c, wanted) and c.id not in read.seen] if prune else []
    before = offers(catalog.edits())
    cards = list(read.cards.values())
    merged = catalog.merge_feed(FEED, "hub", hub.endpoint, cards, gone=gone, dry_run=dry_run)
    return Synced(
        endpoint=hub.endpoint,
        listed=read.listed,
        complete=complete,
        added=merged.added,
        updated=merged.updated,
        removed=merged.removed,
        unchanged=merged.unchanged,
        left_out=dict(sorted(read.left_out.items(), key=lambda item: (-item[1], item[0]))),
        kept=kept(before, catalog.edits()),
        dry_run=dry_run,
    )


def _check_task(task: str | None) -> None:
    from zoo.tasks import TASKS

    if task and task not in TASKS:
        near = nearest(task, TASKS) or tuple(sorted(TASKS))
        raise BadOption(f"there is no task {task!r}", f"Did you mean {', '.join(near)}?")


def _loadable(registry: Registry) -> Loadable:
    from zoo.catalog import dumping

    return Loadable(
        runners=frozenset(registry.plugins.table("zoo_runners")), usual=dumping.usual_loaders(registry.ready())
    )


def _read(
    hub: Hub, wanted: Wanted, loadable: Loadable, taken: Mapping[str, str], report: Callable[[int], None]
) -> _Read:
    read = _Read()
    for page in hub.models(wanted):
        for raw in page:
            read.listed += 1
            try:
                _take(read, raw, hub, loadable, taken)
            except LeftOut as reason:
                read.left_out[reason.reason] += 1
        report(read.listed)
    return read


def _take(read: _Read, raw: Any, hub: Hub, loadable: Loadable, taken: Mapping[str, str]) -> None:
    model = raw.get("id") if isinstance(raw, Mapping) else None
    if isinstance(model, str):
        read.seen.add(model)
        if model.lower() in taken:
            raise LeftOut(f"that feed {taken[model.lower()]} supplies")
        if model.lower() in read.cards:
            raise LeftOut("listed twice")
    card = read_model(raw, hub.endpoint, loadable, hub.config)
    read.cards[card.id.lower()] = card


def _fits(card: ModelCard, wanted: Wanted) -> bool:
    """Whether a card of the feed is one that such a list would hold."""
    return (
        wanted.task in {None, card.task}
        and (not wanted.library or wanted.library == card.library or wanted.library in card.tags)
        and (not wanted.author or card.id.partition("/")[0].lower() == wanted.author.lower())
        and (not wanted.search or wanted.search.lower() in card.id.lower())
    )
