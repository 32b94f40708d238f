"""Names or a search in, comparison out: the cards are read from a zoo's catalog."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard
from zoo.comparing.side_by_side import LEAST, MOST, Comparison, compare_cards
from zoo.errors import BadInput, NotFound

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["compare"]


def compare(registry: Registry, refs: Iterable[str] = (), *, query: str | None = None, limit: int = 10) -> Comparison:
    """Set models side by side.

    Args:
        registry: the zoo that knows them.
        refs: their names.
        query: a search whose best `limit` results are compared besides.
        limit: from 2 to 20.

    Raises:
        BadInput: fewer than 2 models or more than 20.
        NotFound: a name that no model has, or a search that finds nothing.
    """
    names = list(refs)
    if query is not None:
        names += _found(registry, query, limit)
    if len(names) > 2 * MOST:  # before so many cards are read
        raise BadInput(f"{len(names)} models cannot be compared", f"Name {LEAST} to {MOST} models.")
    shown = [registry.show(name) for name in names]
    return compare_cards([_card(one) for one in shown], [bool(one["installed"]) for one in shown])


def _found(registry: Registry, query: str, limit: int) -> list[str]:
    from zoo.catalog import advice, hot
    from zoo.catalog.asking import asked

    if not LEAST <= limit <= MOST:
        raise BadInput(f"{limit} models cannot be compared", f"Give a limit from {LEAST} to {MOST}.")
    path = registry.ready()
    wanted = asked(path, query)
    rows = hot.search(path, wanted, limit=limit).rows
    if not rows:
        raise advice.nothing_fits(path, wanted)
    return [str(row["id"]) for row in rows]


def _card(shown: dict[str, Any]) -> ModelCard:
    if shown["card"] is None:
        raise NotFound(f"{shown['id']} has no card any more", "Install the plugin that it came from.")
    return ModelCard.from_dict(shown["card"])
