"""Pairs of texts that belong together: is the right one found among all?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from zoo.evaluation.measures.base import Floats, Measure, ratio, totals
from zoo.evaluation.predictions import Predictions

__all__ = ["Pairs"]

IN_BATCH = 32


class Pairs(Measure):
    """Ranks of the right text among the second texts of all pairs.

    What is exactly as alike as the right one ranks before it: a model that gives one vector to all texts finds
    nothing. Second texts equal to the right one are right too, and do not compete.
    """

    main = "mrr"
    proportions: ClassVar[frozenset[str]] = frozenset({"recall_at_1", "recall_at_5", "recall_at_10"})

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(predictions)
        scores = np.asarray(predictions.scores, dtype=np.float64)
        own = np.diagonal(scores)
        rivals = scores >= own[:, None]
        for twins in _twins(predictions.truth):
            rivals[np.ix_(twins, twins)] = False
        np.fill_diagonal(rivals, False)
        self.ranks: Floats = rivals.sum(1) + 1.0
        rivals_scores = np.where(rivals, scores, -np.inf)
        self._first = np.where(self.ranks > 1, rivals_scores.argmax(1), np.arange(self.n))
        self._own: Floats = own

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """See the base class."""
        ranks, count = self.ranks, weights.sum(1)
        values = {
            "mrr": 1 / ranks,
            "recall_at_1": ranks <= 1,
            "recall_at_5": ranks <= 5,
            "recall_at_10": ranks <= 10,
            "ndcg_at_10": np.where(ranks <= 10, 1 / np.log2(1 + ranks), 0.0),
            "in_batch_accuracy": self._in_batch(),
        }
        return {name: ratio(totals(weights, value), count) for name, value in values.items()}

    def _in_batch(self) -> Floats:
        """The chance that no better text is among 31 others drawn at random (exact, without drawing)."""
        others = self.n - 1
        drawn = min(IN_BATCH - 1, others)
        worse = others - (self.ranks - 1)
        steps = np.arange(drawn)
        made: Floats = np.clip(ratio(worse[:, None] - steps, others - steps), 0.0, 1.0).prod(1)
        return made

    @property
    def parts(self) -> Floats:
        """One by the rank, and one."""
        return np.stack([1 / self.ranks, np.ones(self.n)], axis=1)

    def finish(self, parts: Floats, weights: Floats) -> Floats:
        """The mean reciprocal rank."""
        made = totals(weights, parts)
        return ratio(made[:, 0], made[:, 1], np.nan)

    def badness(self) -> Floats:
        """How many rank before the right one."""
        return self.ranks - 1

    def told(self, number: int) -> Mapping[str, Any]:
        """See the base class; what was predicted is the text that ranks first, else its row."""
        first = int(self._first[number])
        texts = self.predictions.truth
        return {
            "truth": texts[number],
            "predicted": texts[first] if texts[first] is not None else self.predictions.row(first),
            "confidence": float(np.asarray(self.predictions.scores)[number, first]),
            "rank": int(self.ranks[number]),
        }


def _twins(texts: Any) -> list[list[int]]:
    """Rows with the same second text."""
    found: defaultdict[Any, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        if text is not None:
            found[text].append(row)
    return [rows for rows in found.values() if len(rows) > 1]
