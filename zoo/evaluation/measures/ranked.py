"""Average precision as COCO has it, of weighted pictures.

pycocotools' `accumulate` for a matrix of weights at once: a picture that was drawn twice brings its boxes twice. Only
places where a right box is found can raise the interpolated precision, so that wrong ones are counted between these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.evaluation.measures.base import Floats, Ints
from zoo.evaluation.measures.matching import OVERLAPS, Column, Matched

__all__ = ["RECALLS", "Ranked"]

RECALLS: Floats = np.linspace(0.0, 1.0, 101)  # at which precision is read off
_ELEMENTS = 2_000_000  # numbers held at once


class Ranked:
    """The found boxes of one class in several pictures, best first; of equal scores those of earlier pictures first."""

    def __init__(self, column: Column) -> None:
        places = [i for i, one in enumerate(column) if one is not None]
        kept: list[Matched] = [column[i] for i in places]
        none = np.zeros((len(OVERLAPS), 0), dtype=bool)
        self.true: Floats = np.zeros(len(column))
        self.true[places] = [one.true for one in kept]
        scores = np.concatenate([np.zeros(0), *(one.scores for one in kept)])
        order = np.argsort(-scores, kind="stable")
        self.scores: Floats = scores[order]
        self.pictures: Ints = np.repeat(np.array(places, dtype=np.int64), [len(one.scores) for one in kept])[order]
        self.right = np.concatenate([none, *(one.right for one in kept)], axis=1)[:, order]
        self.wrong = np.concatenate([none, *(one.wrong for one in kept)], axis=1)[:, order]

    def average_precision(self, weights: Floats) -> Floats:
        """At each overlap (10, resamples), for weights (resamples, pictures); NaN where no true box counts."""
        made = np.zeros((len(OVERLAPS), len(weights)))
        step = max(1, _ELEMENTS // max(1, int(self.right.sum(1).max(initial=0))))
        for overlap in range(len(OVERLAPS)):
            for start in range(0, len(weights), step):
                some = slice(start, start + step)
                made[overlap, some] = self._average(overlap, weights[some])
        made[:, weights @ self.true == 0] = np.nan
        return made

    def _average(self, overlap: int, weights: Floats) -> Floats:
        recall, precision = self._curve(overlap, weights)
        steps = np.diff(_passed(recall), axis=0, prepend=0)
        made: Floats = (steps * precision).sum(0) / len(RECALLS)
        return made

    def _curve(self, overlap: int, weights: Floats) -> tuple[Floats, Floats]:
        """Recall, and the highest precision from there on, (right boxes, resamples), after each right box."""
        from scipy.sparse import csr_matrix

        drawn = np.ascontiguousarray(weights.T)
        hits = np.flatnonzero(self.right[overlap])
        misses = np.flatnonzero(self.wrong[overlap, : hits[-1]]) if len(hits) else hits
        before = np.searchsorted(hits, misses)  # the right box that each wrong one comes before
        shape = (len(hits), len(drawn))
        counted = csr_matrix((np.ones(len(misses)), (before, self.pictures[misses])), shape=shape)
        wrong = np.cumsum(counted @ drawn, axis=0)
        right = np.cumsum(drawn[self.pictures[hits]], axis=0)
        precision = right / (wrong + right + np.spacing(1))
        highest = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
        return right / np.maximum(self.true @ drawn, 1.0), highest

    def precision(self) -> Floats:
        """The interpolated precision at `RECALLS`, of all pictures once, at each overlap (10, 101)."""
        made = np.zeros((len(OVERLAPS), len(RECALLS)))
        ones = np.ones((1, len(self.true)))
        for overlap, row in enumerate(made):
            recall, precision = (values[:, 0] for values in self._curve(overlap, ones))
            places = np.searchsorted(recall, RECALLS)
            row[places < len(recall)] = precision[places[places < len(recall)]]
        return made


def _passed(recall: Floats) -> Any:
    """How many of `RECALLS` each recall reaches; as a search among them would say, and faster."""
    edges = np.append(RECALLS, 2.0)
    guess = (recall * (len(RECALLS) - 1)).astype(np.intp)
    return guess + (edges[guess] <= recall) + (edges[guess + 1] <= recall)
