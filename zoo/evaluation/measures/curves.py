"""Areas under curves, of weighted examples."""

from __future__ import annotations

import numpy as np

from zoo.evaluation.measures.base import Bools, Floats, Ints, ratio

__all__ = ["auroc", "average_precision", "mean_over"]


def auroc(scores: Floats, positive: Bools, weights: Floats) -> Floats:
    """Area under the ROC curve (resamples,): the share of pairs that are in order, ties counting half.

    Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982). NaN where a resample
    holds only one kind.
    """
    order = np.argsort(scores, kind="stable")
    starts = _starts(scores[order])
    right = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    wrong = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    below = np.cumsum(wrong, axis=1) - wrong / 2
    return ratio((right * below).sum(1), right.sum(1) * wrong.sum(1), np.nan)


def average_precision(scores: Floats, positive: Bools, weights: Floats) -> Floats:
    """Average precision (resamples,): precision summed over the steps of recall; NaN without a positive example."""
    order = np.argsort(-scores, kind="stable")
    starts = _starts(scores[order])
    right = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    every = np.add.reduceat(weights[:, order], starts, axis=1)
    precision = ratio(np.cumsum(right, axis=1), np.cumsum(every, axis=1))
    return ratio((right * precision).sum(1), right.sum(1), np.nan)


def mean_over(values: Floats, present: Bools) -> Floats:
    """The mean (resamples,) over the classes that are present, of values and marks (resamples, classes)."""
    return ratio(np.where(present, values, 0.0).sum(1), present.sum(1), np.nan)


def _starts(ordered: Floats) -> Ints:
    """Where each run of equal scores begins."""
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
