"""How far predicted probabilities are from what comes true.

Guo et al., "On Calibration of Modern Neural Networks" (2017): the expected calibration error over 15 bins of equal
width.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.evaluation.measures.base import Floats, Ints, ratio

__all__ = ["BINS", "Calibration"]

BINS = 15


class Calibration:
    """Predicted probabilities, each with whether it came true.

    Args:
        confidence: probabilities (n,), or (n, decisions) where an example has several.
        true: whether each came true, in the same shape.
    """

    def __init__(self, confidence: Any, true: Any) -> None:
        self._confidence = np.asarray(confidence, dtype=np.float64).reshape(len(confidence), -1)
        self._true = np.asarray(true, dtype=np.float64).reshape(len(confidence), -1)
        # A bin is open below and closed above, as Guo et al. have it; a probability of 0 belongs to the first.
        self._bin: Ints = np.clip(np.ceil(self._confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)

    def error(self, weights: Floats) -> Floats:
        """The expected calibration error (resamples,) of weighted examples."""
        gaps = weights @ self._by_bin(self._confidence - self._true)
        count = weights.sum(1) * self._confidence.shape[1]
        return ratio(np.abs(gaps).sum(1), count)

    def bins(self) -> list[dict[str, Any]]:
        """`{low, high, n, confidence, accuracy}` of the bins that hold anything; means of each."""
        count = self._by_bin(np.ones_like(self._confidence)).sum(0)
        sure = ratio(self._by_bin(self._confidence).sum(0), count)
        right = ratio(self._by_bin(self._true).sum(0), count)
        return [
            {
                "low": i / BINS,
                "high": (i + 1) / BINS,
                "n": int(count[i]),
                "confidence": float(sure[i]),
                "accuracy": float(right[i]),
            }
            for i in range(BINS)
            if count[i]
        ]

    def _by_bin(self, values: Floats) -> Floats:
        """Each example's values summed by bin, (n, bins)."""
        made: Floats = np.zeros((len(values), BINS))
        rows = np.broadcast_to(np.arange(len(values))[:, None], values.shape)
        np.add.at(made, (rows, self._bin), values)
        return made
