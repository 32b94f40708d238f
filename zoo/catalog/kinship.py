"""Walking the edges between models; cycles do no harm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

__all__ = ["EDGES", "walk"]

E = TypeVar("E")

# Edges as recorded, and those that only a card's `base` declares.
EDGES = """
SELECT child, child_revision, base, base_revision, relation, run FROM lineage WHERE {end} IN ({marks})
UNION ALL
SELECT id, NULL, base, NULL, 'declared', NULL FROM model
WHERE {card_end} IN ({marks}) AND base IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM lineage WHERE lineage.child = model.id AND lineage.base = model.base)
ORDER BY 1, 3, 5, 2, 4, 6
"""


def walk(start: str, fetch: Callable[[Sequence[str]], Iterable[E]], follow: Callable[[E], str]) -> list[E]:
    """All edges reachable from a model, nearest first.

    Args:
        start: the model's id.
        fetch: the edges at any of these models.
        follow: the model at the other end of an edge.
    """
    seen, now, found = {start}, [start], list[E]()
    while now:
        edges = list(fetch(now))
        found += edges
        now = sorted({follow(edge) for edge in edges} - seen)
        seen |= set(now)
    return found
