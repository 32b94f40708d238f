"""What every measure has: metrics of weighted examples, so that a thousand resamples are one matrix product.

A bootstrap resample is a row of counts: how often each example was drawn (Efron and Tibshirani, "An Introduction to
the Bootstrap", 1993). Every metric here is computed for a matrix of such rows at once; a row of ones gives the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zoo.evaluation.predictions import Predictions

__all__ = ["Bools", "Floats", "Ints", "Measure", "f1_of", "ratio", "totals", "totals_by"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Measure:
    """Predictions of one kind, reduced to what their metrics need.

    Attributes:
        main: name of the metric that counts most.
        higher: whether more of it is better.
        proportions: metrics that are shares of the examples.
        biased: metrics whose resamples lie systematically above the value.
        optimistic: shares that lie above that of all examples there could be, the more so the fewer are measured.
        of_class: what the classes' scores are.
    """

    main: str
    higher: bool = True
    proportions: ClassVar[frozenset[str]] = frozenset()
    biased: ClassVar[frozenset[str]] = frozenset()
    optimistic: ClassVar[frozenset[str]] = frozenset()
    of_class: ClassVar[str] = "f1"

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions
        self.n = len(predictions)

    @property
    def cost(self) -> int:
        """How many numbers are ranked for a resample by the metrics that `thorough` adds."""
        return 0

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """All metrics (resamples,), the main one first, of weights (resamples, n); NaN where one is not defined.

        Args:
            weights: how often each example counts.
            thorough: also those that rank all examples for each class.
        """
        raise TypeError(f"{type(self).__name__} does not define metrics()")

    @property
    def parts(self) -> Floats:
        """What the main metric is computed from, (n, numbers)."""
        raise TypeError(f"{type(self).__name__} does not define parts")

    def finish(self, parts: Floats, weights: Floats) -> Floats:
        """The main metric (resamples,) of any examples' parts (m, numbers), by weights (resamples, m)."""
        raise TypeError(f"{type(self).__name__} does not define finish()")

    def by_class(self, weights: Floats) -> dict[str, Floats]:
        """`precision`, `recall`, `f1`, … of each class, each (resamples, classes); empty where there are none."""
        return {}

    def class_counts(self) -> tuple[tuple[str, ...], Sequence[int]]:
        """The classes of `by_class`, and how many true ones there are of each."""
        return (), ()

    def confusion(self) -> tuple[tuple[str, ...], Ints] | None:
        """The classes that occur, and counts by true and predicted class; None where this makes no sense."""
        return None

    def calibration(self) -> list[dict[str, Any]] | None:
        """Bins `{low, high, n, confidence, accuracy}` of predicted probability; None where there is none."""
        return None

    def precision_recall(self) -> list[dict[str, float]] | None:
        """Rows `{recall, precision, …}` of what is to be found; None where nothing is."""
        return None

    def badness(self) -> Floats:
        """How wrong each example's prediction is, (n,); 0 or less where it is right."""
        raise TypeError(f"{type(self).__name__} does not define badness()")

    def told(self, number: int) -> Mapping[str, Any]:
        """`{truth, predicted, confidence}` of an example, as JSON values."""
        raise TypeError(f"{type(self).__name__} does not define told()")


def totals(weights: Floats, values: Any) -> Floats:
    """Weighted sums (resamples, …) of values (n,) or (n, numbers)."""
    made: Floats = weights @ np.asarray(values, dtype=np.float64)
    return made


def totals_by(weights: Floats, group: Ints, count: int, values: Any = None) -> Floats:
    """Weighted sums (resamples, count) of values (n,), ones if None, of the examples in each group (n,)."""
    from scipy.sparse import csr_matrix

    n = len(group)
    filled = np.ones(n) if values is None else np.asarray(values, dtype=np.float64)
    made: Floats = np.ascontiguousarray((csr_matrix((filled, (group, np.arange(n))), shape=(count, n)) @ weights.T).T)
    return made


def ratio(upper: Any, lower: Any, empty: float = 0.0) -> Floats:
    """`upper / lower`, and `empty` where `lower` is 0."""
    upper, lower = np.broadcast_arrays(np.asarray(upper, dtype=np.float64), np.asarray(lower, dtype=np.float64))
    made: Floats = np.full(upper.shape, empty)
    np.divide(upper, lower, out=made, where=lower != 0)
    return made


def f1_of(right: Any, predicted: Any, true: Any) -> Floats:
    """The F1 score, of counts: what is right, what was predicted, what is true; 0 where there is nothing."""
    return ratio(2 * np.asarray(right, dtype=np.float64), np.asarray(predicted) + np.asarray(true))
