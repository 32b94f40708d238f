"""The user's own cards: added to the catalog, and removed from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from zoo.cardfiles.reading import read_cards
from zoo.cardfiles.template import TEMPLATE
from zoo.cards import ModelCard
from zoo.catalog.records import SyncReport
from zoo.errors import BadCard, CatalogError, nearest
from zoo.feeding.facts import named

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["TEMPLATE", "add_cards", "check_feed_name", "check_loadable", "read_cards", "remove_card", "template"]

_FEED = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_OWN_KINDS = {"user"}


def template() -> str:
    """A commented card to fill in, as YAML."""
    return TEMPLATE


def check_feed_name(registry: Registry, name: str, *, whole: bool = False) -> None:
    """Refuse a feed's name that is malformed, or of a feed that gets its cards from elsewhere.

    Args:
        registry: the zoo.
        name: of the feed.
        whole: whether all its cards are to be replaced, which for a hub's feed is right too.
    """
    if not _FEED.fullmatch(name):
        raise CatalogError(f"{name!r} cannot be a feed's name", "Use lower-case letters, digits and . _ - only.")
    kinds = {feed.name: feed.kind for feed in registry.catalog.feeds()}
    plugins = {info.name for info in registry.plugins.plugins()}
    kind = kinds.get(name, "plugin" if name in plugins else "local" if name == "local" else None)
    if kind is not None and kind not in (_OWN_KINDS | {"hub"} if whole else _OWN_KINDS):
        raise CatalogError(f"feed {name!r} is of kind {kind}: its cards come from there only", "Choose another name.")


def add_cards(
    registry: Registry, cards: Iterable[ModelCard], *, feed: str = "user", dry_run: bool = False
) -> SyncReport:
    """Add the user's cards to a feed of theirs, or replace those of the same ids; all of them or none.

    Raises:
        BadCard: no plugin loads a model, or runs its task; its id is there twice.
        CatalogError: the feed is not the user's, or a model belongs to another feed.
    """
    made = list(cards)
    check_feed_name(registry, feed)
    for card in made:
        check_loadable(registry, card)
    folded = [card.id.lower() for card in made]
    if twice := next((name for name in folded if folded.count(name) > 1), None):
        raise BadCard(f"{twice!r} is declared twice", "Rename or remove one of the cards.")
    return registry.catalog.merge_feed(feed, "user", "", made, dry_run=dry_run)


def remove_card(registry: Registry, name: str) -> str:
    """Remove one card of a hub's or of the user's; returns the model's id. Its files, runs and edits stay.

    Raises:
        UnknownModel: with the nearest names.
        CatalogError: its card comes from a plugin, or the model was made here.
    """
    model, _ = named(registry, name)
    feed = (registry.show(model).get("feed") or {}).get("kind")
    if feed == "local":
        raise CatalogError(f"the card of {model} belongs to its files", f"Remove both with `zoo rm {model}`.")
    registry.catalog.remove_card(model)
    return model


def check_loadable(registry: Registry, card: ModelCard) -> None:
    """Raise `BadCard` when no installed plugin loads a card's model, or runs one of its tasks."""
    loaders, runners = registry.plugins.table("zoo_loaders"), registry.plugins.table("zoo_runners")
    if card.loader not in loaders:
        near = nearest(card.loader, loaders) or tuple(sorted(loaders))
        raise BadCard(
            f"card {card.id!r}: no installed plugin supplies loader {card.loader!r}", f"There is {', '.join(near)}."
        )
    for task in card.all_tasks:
        if (card.loader, task) not in runners:
            known = sorted(other for loader, other in runners if loader == card.loader)
            raise BadCard(
                f"card {card.id!r}: no installed plugin runs {task} with loader {card.loader!r}",
                f"It runs {', '.join(known)}.",
            )
