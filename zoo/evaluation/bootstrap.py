"""Intervals by resampling: the percentile bootstrap (Efron and Tibshirani 1993, chapter 13)."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from zoo.evaluation.evaluation import Estimate
from zoo.evaluation.measures import Floats

__all__ = ["bounds", "interval", "resamples_of", "wilson"]

ELEMENTS = 2_000_000  # weights held at once: 16 MB
FEWEST = 0.9  # of the resamples in which a metric must be defined


def resamples_of(n: int, count: int, seed: int) -> Iterator[Floats]:
    """Weights (some resamples, n), `count` rows in all: how often each example was drawn, with replacement."""
    draw = np.random.default_rng(seed)
    step = max(1, min(count, ELEMENTS // max(n, 1)))
    for start in range(0, count, step):
        rows = min(step, count - start)
        drawn = draw.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(drawn.reshape(-1), minlength=rows * n).reshape(rows, n).astype(np.float64)


def bounds(
    value: float, values: Floats, confidence: float, *, biased: bool = False, optimistic: bool = False
) -> tuple[float, float] | None:
    """The percentile interval of a value from its resamples; it always holds the value.

    Args:
        value: measured on the sample.
        values: measured on each resample; NaN where not defined.
        confidence: share of the resamples inside.
        biased: the resamples lie systematically to one side: they are moved so that their mean is the value.
        optimistic: the resamples, shares all, lie above the value as it lies above that of all examples there could
            be: the interval is the basic bootstrap's, reflected at the value (Davison and Hinkley 1997, section 5.2).

    Returns:
        None where the metric is not defined in most resamples, or is the same in all, which says nothing.
    """
    kept = values[~np.isnan(values)]
    if len(kept) < FEWEST * len(values) or not len(kept) or np.ptp(kept) <= 1e-12 * max(1.0, abs(value)):
        return None
    if biased:
        kept = np.maximum(kept - (kept.mean() - value), 0.0)
    if optimistic:
        kept = np.clip(2 * value - kept, 0.0, 1.0)
    tail = (1 - confidence) / 2
    low, high = np.quantile(kept, [tail, 1 - tail])
    return min(float(low), value), max(float(high), value)


def wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a share of n (JASA 22, 1927): it has a width even where all are right."""
    z = NormalDist().inv_cdf(1 - (1 - confidence) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return min(max(0.0, middle - half), share), max(min(1.0, middle + half), share)


def interval(
    value: float,
    values: Floats,
    confidence: float,
    *,
    biased: bool = False,
    optimistic: bool = False,
    proportion_of: int | None = None,
) -> Estimate:
    """A value with its interval; a share of n that is the same in all resamples has Wilson's."""
    found = bounds(value, values, confidence, biased=biased, optimistic=optimistic)
    if found is None and proportion_of:
        found = wilson(value, proportion_of, confidence)
    return Estimate(value, *found) if found else Estimate(value)
