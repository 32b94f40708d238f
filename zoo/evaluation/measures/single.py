"""One class of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from zoo.evaluation.measures.base import Bools, Floats, Ints, Measure, f1_of, ratio, totals, totals_by
from zoo.evaluation.measures.calibration import Calibration
from zoo.evaluation.measures.curves import auroc, mean_over
from zoo.evaluation.predictions import Predictions

__all__ = ["Single"]

TOP = 5
MOST_IN_CONFUSION = 100


class Single(Measure):
    """Accuracy and its relatives; macro means are over the classes that occur among the true labels."""

    main = "accuracy"
    proportions: ClassVar[frozenset[str]] = frozenset({"accuracy", "top_5_accuracy", "f1_micro"})
    biased: ClassVar[frozenset[str]] = frozenset({"ece"})

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(predictions)
        self.labels = predictions.labels
        place = {label: i for i, label in enumerate(self.labels)}
        self.scores: Floats = np.asarray(predictions.scores, dtype=np.float64)
        self.true: Ints = np.array([place[label] for label in predictions.truth], dtype=np.int64)
        self.predicted: Ints = self.scores.argmax(1)
        self.right: Bools = self.true == self.predicted
        self.sure: Floats = self.scores.max(1)
        self.of_true: Floats = self.scores[np.arange(self.n), self.true]
        self.sums_to_one = bool(np.allclose(self.scores.sum(1), 1.0, atol=1e-2))
        self._calibration = Calibration(self.sure, self.right)

    @property
    def _ranked(self) -> Ints:
        """The classes that have an area under the curve; of two, the second stands for both."""
        present = np.unique(self.true)
        return present[-1:] if len(self.labels) == 2 else present

    @property
    def cost(self) -> int:
        """See the base class."""
        return self.n * len(self._ranked)

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """See the base class."""
        count = weights.sum(1)
        scores = self.by_class(weights)
        true = totals_by(weights, self.true, len(self.labels))
        present = true > 0
        accuracy = ratio(totals(weights, self.right), count)
        made = {
            "accuracy": accuracy,
            "balanced_accuracy": mean_over(scores["recall"], present),
            "precision_macro": mean_over(scores["precision"], present),
            "recall_macro": mean_over(scores["recall"], present),
            "f1_macro": mean_over(scores["f1"], present),
            "f1_micro": accuracy,
        }
        if thorough:
            made["auroc"] = self._auroc(weights)
        if len(self.labels) > TOP:
            made["top_5_accuracy"] = ratio(totals(weights, self._among_best()), count)
        if self.sums_to_one:
            made |= self._of_probability(weights, count)
        made["baseline_accuracy"] = ratio(true.max(1), count)
        return made

    def _of_probability(self, weights: Floats, count: Floats) -> dict[str, Floats]:
        lost = -np.log(np.clip(self.of_true, np.finfo(np.float64).eps, 1.0))
        # As scikit-learn: halved for two classes, so that it lies in [0, 1] (Brier 1950 sums over all classes).
        squares = (self.scores**2).sum(1) - 2 * self.of_true + 1
        brier = squares / 2 if len(self.labels) == 2 else squares
        return {
            "log_loss": ratio(totals(weights, lost), count),
            "brier": ratio(totals(weights, brier), count),
            "ece": self._calibration.error(weights),
        }

    def _auroc(self, weights: Floats) -> Floats:
        """One class against the others, the mean over classes; NaN where a resample lacks a class."""
        ranked = self._ranked
        made = np.stack([auroc(self.scores[:, i], self.true == i, weights) for i in ranked], axis=1)
        return mean_over(made, ~np.isnan(made))

    def _among_best(self) -> Bools:
        """Whether the true class is among the best five; what ties with the fifth is not."""
        made: Bools = (self.scores >= self.of_true[:, None]).sum(1) <= TOP
        return made

    @property
    def parts(self) -> Floats:
        """Whether each is right, and one."""
        return np.stack([self.right.astype(np.float64), np.ones(self.n)], axis=1)

    def finish(self, parts: Floats, weights: Floats) -> Floats:
        """Accuracy."""
        made = totals(weights, parts)
        return ratio(made[:, 0], made[:, 1], np.nan)

    def by_class(self, weights: Floats) -> dict[str, Floats]:
        """See the base class."""
        count = len(self.labels)
        right = totals_by(weights, self.true, count, self.right)
        predicted = totals_by(weights, self.predicted, count)
        true = totals_by(weights, self.true, count)
        return {
            "precision": ratio(right, predicted),
            "recall": ratio(right, true),
            "f1": f1_of(right, predicted, true),
        }

    def class_counts(self) -> tuple[tuple[str, ...], Sequence[int]]:
        """See the base class."""
        return self.labels, np.bincount(self.true, minlength=len(self.labels)).tolist()

    def confusion(self) -> tuple[tuple[str, ...], Ints] | None:
        """See the base class; classes that occur neither as true nor as predicted are left out."""
        found = np.unique(np.concatenate([self.true, self.predicted]))
        if len(found) > MOST_IN_CONFUSION:
            return None
        made: Ints = np.zeros((len(found), len(found)), dtype=np.int64)
        np.add.at(made, (np.searchsorted(found, self.true), np.searchsorted(found, self.predicted)), 1)
        return tuple(self.labels[i] for i in found), made

    def calibration(self) -> list[dict[str, Any]] | None:
        """Bins of the probability of the predicted class."""
        return self._calibration.bins() if self.sums_to_one else None

    def badness(self) -> Floats:
        """By how much the predicted class was held likelier than the true one; a tie that went wrong counts little."""
        made: Floats = np.where(self.right, 0.0, self.sure - self.of_true + 1e-9)
        return made

    def told(self, number: int) -> Mapping[str, Any]:
        """See the base class."""
        return {
            "truth": self.labels[self.true[number]],
            "predicted": self.labels[self.predicted[number]],
            "confidence": float(self.sure[number]),
        }
