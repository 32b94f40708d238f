"""Several classes at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from zoo.evaluation.measures.base import Bools, Floats, Measure, f1_of, ratio, totals
from zoo.evaluation.measures.calibration import Calibration
from zoo.evaluation.measures.curves import auroc, average_precision, mean_over
from zoo.evaluation.predictions import Predictions

__all__ = ["THRESHOLD", "Multi"]

THRESHOLD = 0.5


class Multi(Measure):
    """Sets of labels: those with a probability of at least .5 are predicted.

    Macro means are over the labels that occur among the true ones. An example without labels for which none is
    predicted has an F1 of 1.
    """

    main = "f1_micro"
    proportions: ClassVar[frozenset[str]] = frozenset({"subset_accuracy"})
    biased: ClassVar[frozenset[str]] = frozenset({"ece"})

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(predictions)
        self.labels = predictions.labels
        place = {label: i for i, label in enumerate(self.labels)}
        self.scores: Floats = np.asarray(predictions.scores, dtype=np.float64)
        self.true: Bools = np.zeros(self.scores.shape, dtype=bool)
        for row, names in enumerate(predictions.truth):
            self.true[row, [place[name] for name in names]] = True
        self.predicted: Bools = self.scores >= THRESHOLD
        self._calibration = Calibration(self.scores, self.true)

    @property
    def cost(self) -> int:
        """See the base class."""
        return 2 * self.scores.size

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """See the base class."""
        count = weights.sum(1)
        right, predicted, true = self._totals(weights)
        scores = self.by_class(weights)
        present = true > 0
        made = {
            "f1_micro": f1_of(right.sum(1), predicted.sum(1), true.sum(1)),
            "precision_micro": ratio(right.sum(1), predicted.sum(1)),
            "recall_micro": ratio(right.sum(1), true.sum(1)),
            "f1_macro": mean_over(scores["f1"], present),
            "precision_macro": mean_over(scores["precision"], present),
            "recall_macro": mean_over(scores["recall"], present),
            "f1_samples": ratio(totals(weights, self._by_example()), count),
            "subset_accuracy": ratio(totals(weights, (self.true == self.predicted).all(1)), count),
        }
        if thorough:
            made["auroc_macro"] = self._over_labels(auroc, weights)
            made["average_precision_macro"] = self._over_labels(average_precision, weights)
        return made | {"ece": self._calibration.error(weights)}

    def _totals(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        both = totals(weights, self.true & self.predicted)
        return both, totals(weights, self.predicted), totals(weights, self.true)

    def _by_example(self) -> Floats:
        both, predicted, true = ((a).sum(1) for a in (self.true & self.predicted, self.predicted, self.true))
        made: Floats = np.where(predicted + true == 0, 1.0, f1_of(both, predicted, true))
        return made

    def _over_labels(self, curve: Any, weights: Floats) -> Floats:
        made = np.stack([curve(self.scores[:, i], self.true[:, i], weights) for i in range(len(self.labels))], axis=1)
        return mean_over(made, ~np.isnan(made))

    @property
    def parts(self) -> Floats:
        """What is right, predicted and true, counted."""
        counted = [self.true & self.predicted, self.predicted, self.true]
        return np.stack([marks.sum(1) for marks in counted], axis=1).astype(np.float64)

    def finish(self, parts: Floats, weights: Floats) -> Floats:
        """Micro F1; NaN where nothing is true and nothing predicted."""
        right, predicted, true = totals(weights, parts).T
        return ratio(2 * right, predicted + true, np.nan)

    def by_class(self, weights: Floats) -> dict[str, Floats]:
        """See the base class."""
        right, predicted, true = self._totals(weights)
        return {"precision": ratio(right, predicted), "recall": ratio(right, true), "f1": f1_of(right, predicted, true)}

    def class_counts(self) -> tuple[tuple[str, ...], Sequence[int]]:
        """See the base class."""
        return self.labels, self.true.sum(0).tolist()

    def calibration(self) -> list[dict[str, Any]] | None:
        """Bins of the probability of each label of each example."""
        return self._calibration.bins()

    def badness(self) -> Floats:
        """How many labels are wrong, and, within 1, how surely."""
        wrong = self.true != self.predicted
        how = np.where(wrong, np.abs(self.scores - self.true), 0.0).max(1, initial=0.0)
        made: Floats = np.where(wrong.any(1), wrong.sum(1) - 1 + how, 0.0)
        return made

    def told(self, number: int) -> Mapping[str, Any]:
        """See the base class; `confidence` is that of the least certain label."""
        names = self.labels
        sure = np.where(self.predicted[number], self.scores[number], 1 - self.scores[number])
        return {
            "truth": [names[i] for i in np.flatnonzero(self.true[number])],
            "predicted": [names[i] for i in np.flatnonzero(self.predicted[number])],
            "confidence": float(sure.min(initial=1.0)),
        }
