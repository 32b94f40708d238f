"""The facts of several cards in rows: one value for each card, and where a number can be better, which is best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from zoo.cards import NOT_STATED, Metric, ModelCard
from zoo.catalog.fields import lower_is_better
from zoo.licences import licence_class

__all__ = ["Better", "Fact", "Value", "better_of", "score_facts", "stated_facts", "weights_size"]

Better = Literal["higher", "lower"]
Value = str | int | float | None


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One row of a comparison.

    Attributes:
        name: what it is: `parameters`, `licence`, or the metric's name.
        kind: how to write its values: `text`, `count`, `bytes`, `operations`, `pixels` or `score`.
        values: one for each model, None where the card does not say.
        dataset: of a score, what it was measured on.
        better: which way is better; None where no value is better than another, or scores cannot be compared.
        best: the positions of the best values; empty with fewer than two values, or when all are the same.
    """

    name: str
    kind: str
    values: tuple[Value, ...]
    dataset: str | None = None
    better: Better | None = None
    best: tuple[int, ...] = ()


def better_of(metric: str) -> Better:
    """Which way a metric is better."""
    return "lower" if lower_is_better(metric) else "higher"


def weights_size(card: ModelCard) -> int | None:
    """Bytes of the weights: of all files where their sizes are known, else as the card says."""
    sizes = [file.size for file in card.files]
    if sizes and None not in sizes:
        return sum(size for size in sizes if size is not None)
    return card.size


# Name, kind, which way is better, and how to read it from a card.
_STATED: tuple[tuple[str, str, Better | None, Callable[[ModelCard], Value]], ...] = (
    ("task", "text", None, lambda card: ", ".join(card.all_tasks)),
    ("architecture", "text", None, lambda card: card.architecture),
    ("library", "text", None, lambda card: card.library),
    ("family", "text", None, lambda card: card.family),
    ("parameters", "count", "lower", lambda card: card.parameters),
    ("macs", "operations", "lower", lambda card: card.macs),
    ("size", "bytes", "lower", weights_size),
    ("input", "pixels", None, lambda card: card.input_pixels),
    ("licence", "text", None, lambda card: card.licence.weights),
    ("class", "text", None, lambda card: licence_class(card.licence.weights)),
)
_FURTHER: tuple[tuple[str, str, Better | None, Callable[[ModelCard], Value]], ...] = (
    ("datasets", "text", None, lambda card: ", ".join(card.datasets) or None),
    ("languages", "text", None, lambda card: ", ".join(card.languages) or None),
    ("published", "text", None, lambda card: card.published),
    ("downloads", "count", None, lambda card: card.downloads),
    ("paper", "text", None, lambda card: card.paper),
    ("base", "text", None, lambda card: card.base),
    ("deprecated", "text", None, lambda card: card.deprecated),
)


def stated_facts(cards: Sequence[ModelCard], here: Sequence[bool]) -> tuple[Fact, ...]:
    """All rows but those that no card has anything to say in: what it is, then its scores, then where it is from."""
    first = [_fact(name, kind, better, [read(card) for card in cards]) for name, kind, better, read in _STATED]
    last = [_fact(name, kind, better, [read(card) for card in cards]) for name, kind, better, read in _FURTHER]
    last.append(_fact("here", "text", None, ["yes" if one else "no" for one in here]))
    return tuple(f for f in (*first, *score_facts(cards), *last) if any(value is not None for value in f.values))


def score_facts(cards: Sequence[ModelCard]) -> tuple[Fact, ...]:
    """A row for each measure on each data set, in the order of the cards; unsaid data ranks nothing.

    Scores on different data are never in the same row.
    """
    rows: dict[tuple[str, str], list[Value]] = {}
    for position, card in enumerate(cards):
        for metric in card.metrics:
            row = rows.setdefault((metric.name.lower(), _measured_on(metric)), [None] * len(cards))
            if row[position] is None:
                row[position] = metric.value
    return tuple(
        _fact(name, "score", None if dataset == NOT_STATED else better_of(name), row, dataset)
        for (name, dataset), row in rows.items()
    )


def _measured_on(metric: Metric) -> str:
    return metric.dataset.strip().lower() or NOT_STATED


def _fact(name: str, kind: str, better: Better | None, values: Sequence[Value], dataset: str | None = None) -> Fact:
    best = _best(values, better) if better else ()
    return Fact(name=name, kind=kind, values=tuple(values), dataset=dataset, better=better, best=best)


def _best(values: Sequence[Value], better: Better) -> tuple[int, ...]:
    known = [value for value in values if isinstance(value, int | float)]
    if len(set(known)) < 2:
        return ()
    goal = max(known) if better == "higher" else min(known)
    return tuple(position for position, value in enumerate(values) if value == goal)
