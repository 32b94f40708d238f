"""A class for each pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from zoo.evaluation.measures.base import Floats, Ints, Measure, f1_of, ratio
from zoo.evaluation.measures.curves import mean_over
from zoo.evaluation.predictions import Predictions

__all__ = ["Masks"]

BACKGROUND = "background"
MOST_IN_CONFUSION = 100


class Masks(Measure):
    """Intersection over union of pixels, counted over all pictures together, as PASCAL VOC does.

    Means are over the classes that occur as true or as predicted. Resamples are of pictures.
    """

    main = "mean_iou"
    of_class: ClassVar[str] = "iou"

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(predictions)
        self.labels = predictions.labels
        self._counts: Floats = np.asarray(predictions.scores, dtype=np.float64)

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """See the base class."""
        right, predicted, true = self._totals(self.parts, weights)
        occurs = predicted + true > 0
        overlap = ratio(right, predicted + true - right)
        made = {"mean_iou": mean_over(overlap, occurs)}
        if self.labels[0] == BACKGROUND and len(self.labels) > 1:
            made["foreground_iou"] = mean_over(overlap[:, 1:], occurs[:, 1:])
        made["dice"] = mean_over(f1_of(right, predicted, true), occurs)
        made["pixel_accuracy"] = ratio(right.sum(1), true.sum(1))
        return made

    def _totals(self, parts: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
        return self._of_sums(weights @ parts)

    def _of_sums(self, sums: Floats) -> tuple[Floats, Floats, Floats]:
        """Right, predicted and true pixels by class, of pixels by both classes (several, classes * classes)."""
        count = len(self.labels)
        summed = sums.reshape(-1, count, count)
        return np.diagonal(summed, axis1=1, axis2=2), summed.sum(1), summed.sum(2)

    @property
    def parts(self) -> Floats:
        """Pixels by true and predicted class, (n, classes * classes)."""
        return self._counts.reshape(self.n, -1)

    def finish(self, parts: Floats, weights: Floats) -> Floats:
        """Mean intersection over union."""
        return self._mean(weights @ parts)

    def _mean(self, sums: Floats) -> Floats:
        right, predicted, true = self._of_sums(sums)
        return mean_over(ratio(right, predicted + true - right), predicted + true > 0)

    def by_class(self, weights: Floats) -> dict[str, Floats]:
        """`precision`, `recall`, `f1` (which is Dice's coefficient) and `iou` of pixels."""
        right, predicted, true = self._totals(self.parts, weights)
        return {
            "precision": ratio(right, predicted),
            "recall": ratio(right, true),
            "f1": f1_of(right, predicted, true),
            "iou": ratio(right, predicted + true - right),
        }

    def class_counts(self) -> tuple[tuple[str, ...], Sequence[int]]:
        """See the base class; in pixels."""
        return self.labels, self._counts.sum((0, 2)).astype(np.int64).tolist()

    def confusion(self) -> tuple[tuple[str, ...], Ints] | None:
        """Pixels by true and predicted class."""
        if len(self.labels) > MOST_IN_CONFUSION:
            return None
        made: Ints = self._counts.sum(0).astype(np.int64)
        return self.labels, made

    def badness(self) -> Floats:
        """1 less the mean intersection over union of each picture."""
        made: Floats = 1 - np.nan_to_num(self._mean(self.parts), nan=1.0)
        return made

    def told(self, number: int) -> Mapping[str, Any]:
        """The picture's own intersection over union; masks themselves are not kept."""
        right, predicted, true = self._of_sums(self.parts[number])
        overlap = ratio(right, predicted + true - right)[0]
        rounded = {label: round(float(value), 4) for label, value in zip(self.labels, overlap, strict=True)}
        return {"truth": None, "predicted": None, "confidence": None, "iou": rounded}
