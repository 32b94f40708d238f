"""Numbers, and how alike texts are held to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.evaluation.measures.base import Floats, Ints, Measure, ratio, totals
from zoo.evaluation.predictions import Predictions

__all__ = ["Numbers"]


class Numbers(Measure):
    """Errors and correlations; for similarities (`scored`) the rank correlation counts most.

    Errors of similarities are told only where the true ones lie in [-1, 1] as the predicted ones do.
    """

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(predictions)
        self.true: Floats = np.asarray(predictions.truth, dtype=np.float64)
        self.predicted: Floats = np.asarray(predictions.scores, dtype=np.float64)
        self.alike = predictions.kind == "scored"
        self.main = "spearman" if self.alike else "rmse"
        self.higher = self.alike

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """See the base class."""
        made = {"spearman": _spearman(self.parts, weights), "pearson": _pearson(self.parts, weights)}
        if self.alike and np.abs(self.true).max(initial=0.0) > 1:
            return made
        off = self.predicted - self.true
        count = weights.sum(1)
        squares = totals(weights, off**2)
        mean = ratio(totals(weights, self.true), count)
        spread = totals(weights, self.true**2) - count * mean**2
        errors = {
            "rmse": np.sqrt(ratio(squares, count)),
            "mae": ratio(totals(weights, np.abs(off)), count),
            "r2": 1 - ratio(squares, np.where(spread > 1e-12 * count, spread, 0.0), np.nan),
        }
        return made | errors if self.alike else errors | made

    @property
    def parts(self) -> Floats:
        """What is true and what was predicted."""
        return np.stack([self.true, self.predicted], axis=1)

    def finish(self, parts: Floats, weights: Floats) -> Floats:
        """Spearman's correlation, or the root of the mean squared error."""
        if self.alike:
            return _spearman(parts, weights)
        return np.sqrt(ratio(totals(weights, (parts[:, 0] - parts[:, 1]) ** 2), weights.sum(1), np.nan))

    def badness(self) -> Floats:
        """By how much each is off; of similarities, by how many ranks (as a share)."""
        if not self.alike:
            return np.abs(self.predicted - self.true)
        ones = np.ones((1, self.n))
        made: Floats = np.abs(_ranks(self.true, ones) - _ranks(self.predicted, ones))[0] / self.n
        return made

    def told(self, number: int) -> Mapping[str, Any]:
        """See the base class; numbers have no confidence."""
        return {"truth": float(self.true[number]), "predicted": float(self.predicted[number]), "confidence": None}


def _pearson(parts: Floats, weights: Floats) -> Floats:
    """Pearson's correlation (resamples,); NaN where one of both does not vary."""
    centred = parts - parts.mean(0)
    return _correlation(centred[None, :, 0], centred[None, :, 1], weights)


def _spearman(parts: Floats, weights: Floats) -> Floats:
    """Pearson's correlation of ranks within each resample, equal values having their mean rank."""
    return _correlation(_ranks(parts[:, 0], weights), _ranks(parts[:, 1], weights), weights)


def _correlation(first: Floats, second: Floats, weights: Floats) -> Floats:
    """The weighted correlation (resamples,) of values (resamples or 1, n)."""
    count = weights.sum(1, keepdims=True)
    a = first - ratio((weights * first).sum(1, keepdims=True), count)
    b = second - ratio((weights * second).sum(1, keepdims=True), count)
    both, of_a, of_b = (weights * a * b).sum(1), (weights * a * a).sum(1), (weights * b * b).sum(1)
    return ratio(both, np.sqrt(of_a * of_b), np.nan)


def _ranks(values: Floats, weights: Floats) -> Floats:
    """The mean rank (resamples, n) that each value has in each resample."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    group: Ints = np.cumsum(new) - 1
    counted = np.add.reduceat(weights[:, order], np.flatnonzero(new), axis=1)
    middle = np.cumsum(counted, axis=1) - (counted - 1) / 2
    made: Floats = np.empty(weights.shape)
    made[:, order] = middle[:, group]
    return made
