"""A tag for each word: stretches of words, compared exactly."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.evaluation.measures.base import Floats, Measure, f1_of, ratio, totals
from zoo.evaluation.measures.curves import mean_over
from zoo.evaluation.predictions import Predictions

__all__ = ["Tags", "spans"]

OUTSIDE = "O"
# Begin, inside, end, single; BILOU's last and unit are the same things.
PREFIXES = {"B": "B", "I": "I", "E": "E", "L": "E", "S": "S", "U": "S"}

Span = tuple[str, int, int]


def spans(tags: Sequence[str]) -> list[Span]:
    """The stretches `(type, first word, last word)` that tags in BIO, BIOES or BILOU mark.

    Broken sequences are read as the CoNLL evaluation script and seqeval do by default: an `I-` after nothing, or after
    another type, begins a stretch.
    """
    found: list[Span] = []
    before, kind_before, begin = OUTSIDE, "", 0
    for place, (mark, kind) in enumerate([*map(_parted, tags), (OUTSIDE, "")]):
        if _ends(before, mark, kind_before, kind):
            found.append((kind_before, begin, place - 1))
        if _starts(before, mark, kind_before, kind):
            begin = place
        before, kind_before = mark, kind
    return found


def _parted(tag: str) -> tuple[str, str]:
    mark, _, kind = tag.partition("-")
    return (PREFIXES[mark], kind) if kind and mark in PREFIXES else (OUTSIDE, "")


def _ends(before: str, now: str, kind_before: str, kind: str) -> bool:
    if before == OUTSIDE:
        return False
    return before in {"E", "S"} or now in {"B", "S", OUTSIDE} or kind_before != kind


def _starts(before: str, now: str, kind_before: str, kind: str) -> bool:
    if now == OUTSIDE:
        return False
    return now in {"B", "S"} or before in {"E", "S", OUTSIDE} or kind_before != kind


class Tags(Measure):
    """Precision, recall and F1 of whole stretches, each right only with its exact words and type (CoNLL 2003).

    Tags without prefixes, such as parts of speech, mark no stretches: there each word counts, and accuracy is the main
    metric.
    """

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(predictions)
        truth = [tuple(tags) for tags in predictions.truth]
        guess = [tuple(tags) for tags in predictions.scores]
        every = set(itertools.chain.from_iterable((*truth, *guess)))
        self.plain = not any(_parted(tag)[1] for tag in every)
        self.main = "accuracy" if self.plain else "f1"
        pairs = list(zip(truth, guess, strict=True))
        self._words: Floats = np.array(
            [[sum(a == b for a, b in zip(t, g, strict=True)), len(t)] for t, g in pairs], dtype=np.float64
        )
        read = self._read_plain if self.plain else spans
        found = [(set(read(t)), set(read(g))) for t, g in pairs]
        self.labels = tuple(sorted({kind for both in found for kind, _, _ in (*both[0], *both[1])}))
        place = {kind: i for i, kind in enumerate(self.labels)}
        # Of each example and type: what is right, predicted, true.
        self._counts: Floats = np.zeros((self.n, max(len(self.labels), 1), 3))
        for row, (true, predicted) in enumerate(found):
            for column, group in enumerate((true & predicted, predicted, true)):
                for kind, _, _ in group:
                    self._counts[row, place[kind], column] += 1

    @staticmethod
    def _read_plain(tags: Iterable[str]) -> list[Span]:
        return [(tag, place, place) for place, tag in enumerate(tags) if tag != OUTSIDE]

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """See the base class."""
        counts = self._totals(weights)
        right, predicted, true = counts.sum(1).T
        words = totals(weights, self._words)
        accuracy = ratio(words[:, 0], words[:, 1])
        scores = self.by_class(weights)
        made = {
            "f1": f1_of(right, predicted, true),
            "precision": ratio(right, predicted),
            "recall": ratio(right, true),
            "f1_macro": mean_over(scores["f1"], counts[:, :, 2] > 0) if scores else np.full(len(weights), np.nan),
        }
        return {"accuracy": accuracy, **made} if self.plain else {**made, "token_accuracy": accuracy}

    def _totals(self, weights: Floats) -> Floats:
        made: Floats = np.tensordot(weights, self._counts, axes=(1, 0))
        return made

    @property
    def parts(self) -> Floats:
        """What is right, predicted and true, counted: stretches, or words."""
        if self.plain:
            return self._words[:, [0, 1, 1]]
        made: Floats = self._counts.sum(1)
        return made

    def finish(self, parts: Floats, weights: Floats) -> Floats:
        """F1; of plain tags that is accuracy. NaN where nothing is true and nothing predicted."""
        right, predicted, true = totals(weights, parts).T
        return ratio(2 * right, predicted + true, np.nan)

    def by_class(self, weights: Floats) -> dict[str, Floats]:
        """See the base class; the classes are the types of stretches."""
        if not self.labels:
            return {}
        right, predicted, true = np.moveaxis(self._totals(weights), 2, 0)
        return {"precision": ratio(right, predicted), "recall": ratio(right, true), "f1": f1_of(right, predicted, true)}

    def class_counts(self) -> tuple[tuple[str, ...], Sequence[int]]:
        """See the base class."""
        return self.labels, self._counts[:, :, 2].sum(0).astype(int).tolist() if self.labels else ()

    def badness(self) -> Floats:
        """How many words have a wrong tag."""
        made: Floats = self._words[:, 1] - self._words[:, 0]
        return made

    def told(self, number: int) -> Mapping[str, Any]:
        """See the base class; tags come without confidence."""
        truth, guess = self.predictions.truth[number], self.predictions.scores[number]
        return {"truth": list(truth), "predicted": list(guess), "confidence": None}
