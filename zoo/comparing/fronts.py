"""Which models are worth their cost? The Pareto front of a score against size or operations.

A model is dominated by another that costs no more and scores no worse, and is better in one of the two (V. Pareto's
optimality, as used for accuracy against cost since Canziani et al. 2016, https://arxiv.org/abs/1605.07678).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.comparing.facts import Better, Fact

__all__ = ["Front", "Place", "front_of", "fronts"]

_COSTS = ("size", "parameters", "macs")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A model on the plane of cost and score; `dominated_by` is the best of those that beat it, None on the front."""

    model: str
    cost: float
    score: float
    dominated_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Front:
    """Places by rising cost, and the models that have none because their score or cost is not known.

    Attributes:
        metric, dataset: the score.
        better: which way the score is better.
        cost: `size`, `parameters` or `macs`; less is better.
        places: all models of which both numbers are known.
        unplaced: the others.
    """

    metric: str
    dataset: str
    better: Better
    cost: str
    places: tuple[Place, ...]
    unplaced: tuple[str, ...] = ()

    @property
    def front(self) -> tuple[str, ...]:
        """The models that no other dominates, by rising cost."""
        return tuple(place.model for place in self.places if place.dominated_by is None)


def fronts(models: Sequence[str], facts: Sequence[Fact]) -> tuple[Front, ...]:
    """A front for each score that two models have on the same data, against each cost that both state.

    The score that most models have comes first. Of `size` and `parameters` only that is taken which more of the models
    state, `size` when equal: both say how large a model is.
    """
    scores = [fact for fact in facts if fact.kind == "score" and fact.better and _known(fact) > 1]
    costs = {fact.name: fact for fact in facts if fact.name in _COSTS and fact.kind != "score"}
    made = []
    for score in sorted(scores, key=lambda fact: -_known(fact)):
        found = {name: front_of(models, score, fact) for name, fact in costs.items()}
        sizes = [found.pop(name) for name in ("size", "parameters") if name in found]
        larger = max(sizes, key=lambda front: len(front.places), default=None)
        made += [front for front in (larger, found.get("macs")) if front and len(front.places) > 1]
    return tuple(made)


def _known(fact: Fact) -> int:
    return sum(value is not None for value in fact.values)


def front_of(models: Sequence[str], score: Fact, cost: Fact) -> Front:
    """The front of one score against one cost."""
    better: Better = score.better or "higher"
    sign = 1.0 if better == "higher" else -1.0
    points = {
        model: (float(c), float(s))
        for model, c, s in zip(models, cost.values, score.values, strict=True)
        if isinstance(c, int | float) and isinstance(s, int | float)
    }
    places = [
        Place(model=model, cost=c, score=s, dominated_by=_dominator(model, points, sign))
        for model, (c, s) in points.items()
    ]
    return Front(
        metric=score.name,
        dataset=score.dataset or "",
        better=better,
        cost=cost.name,
        places=tuple(sorted(places, key=lambda place: (place.cost, -sign * place.score, place.model))),
        unplaced=tuple(model for model in models if model not in points),
    )


def _dominator(model: str, points: dict[str, tuple[float, float]], sign: float) -> str | None:
    """The best-scoring of the models that cost no more and score no worse, and differ."""
    cost, score = points[model]
    able = [
        (-sign * s, c, other)
        for other, (c, s) in points.items()
        if c <= cost and sign * s >= sign * score and (c, s) != (cost, score)
    ]
    return min(able)[2] if able else None
