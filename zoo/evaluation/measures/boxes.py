"""Labelled boxes."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from zoo.errors import BadInput
from zoo.evaluation.measures.base import Floats, Measure, f1_of, ratio
from zoo.evaluation.measures.curves import mean_over
from zoo.evaluation.measures.matching import MOST_FOUND, OVERLAPS, SIZES, Matched, Matcher
from zoo.evaluation.measures.ranked import RECALLS, Ranked
from zoo.evaluation.predictions import Predictions

__all__ = ["Boxes"]

EVEN = 0.5  # the score from which a box is taken to be meant where no box is right at any
_ALL = MOST_FOUND[-1]
_HALF, _THREE_QUARTERS = 0, 5  # places in OVERLAPS


class Boxes(Measure):
    """Average precision and recall as the COCO challenge has them (https://cocodataset.org/#detection-eval).

    The matching is pycocotools' own. Means are over the classes that have true boxes. `f1_50` is of all boxes together
    that are found with the score that serves best (`f1_50_threshold`, chosen once, on the sample) and overlap by .5;
    so are the classes' precision, recall and F1. Resamples are of
    pictures.
    """

    main = "map"
    # The interpolated precision is the highest of what comes after, and the fewer pictures, the more of it is luck.
    optimistic: ClassVar[frozenset[str]] = frozenset(
        {"ap", "map", "map_50", "map_75", *(f"map_{size}" for size in SIZES)}
    )
    of_class: ClassVar[str] = "ap"

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(predictions)
        self.labels = predictions.labels
        self._matcher = Matcher(predictions.truth, predictions.scores, self.labels)
        self._ranked = functools.cache(self._ranking)
        self._recalled = functools.cache(self._finding)
        self._true = self._counted("all", lambda one: one.true)
        if not self._true.sum():
            raise BadInput(f"there is not one true box in {self.n} pictures", "Give pictures with boxes, too.")
        self._best = self._best_threshold()
        self.threshold = EVEN if np.isnan(self._best) else self._best
        self._last: tuple[Floats, Floats] | None = None

    @property
    def cost(self) -> int:
        """See the base class."""
        found = sum(len(one.scores) for one in self.parts.flat if one is not None)
        return found * len(OVERLAPS) * (len(SIZES) - 1)

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """See the base class."""
        precise = self._precision(weights)
        made = {
            "map": _mean(precise.mean(1)),
            "map_50": _mean(precise[:, _HALF]),
            "map_75": _mean(precise[:, _THREE_QUARTERS]),
        }
        if thorough:
            for size in (name for name in SIZES if name != "all"):
                made[f"map_{size}"] = _mean(_precision(self._ranked(size), weights).mean(1))
        made |= {f"mar_{most}": self._recall("all", most, weights) for most in MOST_FOUND}
        made |= {f"mar_{size}": self._recall(size, _ALL, weights) for size in SIZES if size != "all"}
        right, found, true = (counts.sum(0) for counts in self._meant(weights))
        return made | {
            "recall_50": ratio(_total(self._found_at_all, weights).sum(0), true),
            "f1_50": f1_of(right, found, true),
            "f1_50_precision": ratio(right, found),
            "f1_50_recall": ratio(right, true),
            "f1_50_threshold": np.full(len(weights), self._best),
        }

    def _precision(self, weights: Floats) -> Floats:
        """Average precision (classes, 10, resamples); kept, as it is asked for twice for each resample."""
        if self._last is None or self._last[0] is not weights:
            self._last = (weights, _precision(self._ranked("all"), weights))
        return self._last[1]

    def _ranking(self, size: str) -> list[Ranked]:
        return [Ranked(column) for column in self._matcher.matched(size).T]

    def _counted(self, size: str, count: Any) -> Any:
        """A count of each class in each picture, sparse (classes, pictures)."""
        from scipy.sparse import csr_matrix

        matched = self._matcher.matched(size)
        rows, columns = np.nonzero(matched != None)  # noqa: E711 - elementwise
        counts = [float(count(matched[i, k])) for i, k in zip(rows, columns, strict=True)]
        return csr_matrix((counts, (columns, rows)), shape=(len(self.labels), self.n))

    def _finding(self, size: str, most: int) -> tuple[Any, Any]:
        """The mean over overlaps of how many true boxes are found by the best `most`, and how many there are."""
        found = self._counted(size, lambda one: one.right[:, :most].sum(1).mean())
        return found, self._counted(size, lambda one: one.true)

    def _recall(self, size: str, most: int, weights: Floats) -> Floats:
        found, true = (_total(counts, weights) for counts in self._recalled(size, most))
        return _mean(ratio(found, true, np.nan))

    @functools.cached_property
    def _found_at_all(self) -> Any:
        return self._counted("all", lambda one: one.right[_HALF].sum())

    def _meant(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Right, found and true boxes (classes, resamples) at an overlap of .5, of those with the threshold's score."""
        right, wrong = (_total(counts, weights) for counts in self._meant_counts)
        return right, right + wrong, _total(self._true, weights)

    @functools.cached_property
    def _meant_counts(self) -> tuple[Any, Any]:
        return (
            self._counted("all", lambda one: _meant(one, self.threshold)[0]),
            self._counted("all", lambda one: _meant(one, self.threshold)[1]),
        )

    def _best_threshold(self) -> float:
        """The score from which on the F1 of all boxes is best, at an overlap of .5; NaN where none is right."""
        every = self._ranked("all")
        scores = np.concatenate([one.scores for one in every])
        order = np.argsort(-scores, kind="stable")
        right, wrong = (
            np.cumsum(np.concatenate([marks[_HALF] for marks in rows])[order])
            for rows in ([one.right for one in every], [one.wrong for one in every])
        )
        scored = f1_of(right, right + wrong, self._true.sum())
        last = np.append(np.diff(scores[order]) < 0, True)[: len(scores)]  # equal scores are meant together
        if not len(scores) or not scored.max():
            return float("nan")
        return float(scores[order][np.argmax(np.where(last, scored, -1.0))])

    @property
    def parts(self) -> Any:
        """What was matched, (n, classes) of `Matched` or None."""
        return self._matcher.matched("all")

    def finish(self, parts: Any, weights: Floats) -> Floats:
        """The mean average precision; the pictures may be several models'."""
        return _mean(_precision([Ranked(column) for column in parts.T], weights).mean(1))

    def by_class(self, weights: Floats) -> dict[str, Floats]:
        """`ap` (mean over overlaps), `ap50`, and `precision`, `recall` and `f1` from the best threshold on."""
        precise = self._precision(weights)
        right, found, true = self._meant(weights)
        return {
            "precision": ratio(right, found).T,
            "recall": ratio(right, true).T,
            "f1": f1_of(right, found, true).T,
            "ap": precise.mean(1).T,
            "ap50": precise[:, _HALF].T,
        }

    def class_counts(self) -> tuple[tuple[str, ...], Sequence[int]]:
        """See the base class; crowds are not counted."""
        return self.labels, np.asarray(self._true.sum(1)).reshape(-1).astype(int).tolist()

    def precision_recall(self) -> list[dict[str, float]] | None:
        """Rows `{recall, precision, precision_50, precision_75}`: interpolated, the mean over classes with boxes."""
        present = np.asarray(self._true.sum(1)).reshape(-1) > 0
        curves = [one.precision() for one, there in zip(self._ranked("all"), present, strict=True) if there]
        mean = np.mean(curves, axis=0)
        columns = {
            "recall": RECALLS,
            "precision": mean.mean(0),
            "precision_50": mean[_HALF],
            "precision_75": mean[_THREE_QUARTERS],
        }
        return [{name: round(float(values[i]), 6) for name, values in columns.items()} for i in range(len(RECALLS))]

    def badness(self) -> Floats:
        """How many boxes are missed and spurious at an overlap of .5; among equals, where less is right."""
        right, wrong = (np.asarray(counts.sum(0)).reshape(-1) for counts in self._meant_counts)
        errors = np.asarray(self._true.sum(0)).reshape(-1) - right + wrong
        made: Floats = errors + ratio(errors, errors + right) / 2
        return made

    def told(self, number: int) -> Mapping[str, Any]:
        """`truth` and `predicted` as lists of `{label, box, …}`, and how many of them are `missed` and `spurious`.

        Told are the boxes with the best threshold's score or a higher one.
        """
        matched = [one for one in self.parts[number] if one is not None]
        counts = [(one.true, *_meant(one, self.threshold)) for one in matched]
        given = self.predictions
        return {
            "truth": [
                {"label": box.label, "box": _rounded(box.box)} | ({"crowd": True} if box.crowd else {})
                for box in given.truth[number]
            ],
            "predicted": [
                {"label": box.label, "box": _rounded(box.box), "score": round(float(box.score), 4)}
                for box in given.scores[number]
                if box.score >= self.threshold
            ],
            "confidence": None,
            "missed": int(sum(true - right for true, right, _ in counts)),
            "spurious": int(sum(wrong for *_, wrong in counts)),
        }


def _precision(ranked: Sequence[Ranked], weights: Floats) -> Floats:
    return np.stack([one.average_precision(weights) for one in ranked])


def _mean(values: Floats) -> Floats:
    """The mean (resamples,) over the classes (classes, resamples) that are defined."""
    return mean_over(values.T, ~np.isnan(values.T))


def _total(counts: Any, weights: Floats) -> Floats:
    made: Floats = counts @ weights.T
    return made


def _meant(one: Matched, threshold: float) -> tuple[int, int]:
    """How many boxes from a score on are right and wrong at an overlap of .5."""
    meant = one.scores >= threshold
    return int((one.right[_HALF] & meant).sum()), int((one.wrong[_HALF] & meant).sum())


def _rounded(box: Sequence[float]) -> list[float]:
    return [round(float(value), 1) for value in box]
