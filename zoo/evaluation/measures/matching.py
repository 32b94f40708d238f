"""Which found boxes are right: pycocotools' matching, picture by picture and class by class.

The rules are those of the COCO challenge (Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014,
https://cocodataset.org/#detection-eval): the best found boxes choose first, each the free true box of its class that
it overlaps most, by at least the threshold. What meets a crowd, or lies outside a range of sizes, does not count.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zoo.errors import BadInput
from zoo.evaluation.measures.base import Bools, Floats
from zoo.results.pictures import bbox

if TYPE_CHECKING:
    from zoo.data import LabelledBox
    from zoo.tasks import Box

__all__ = ["MOST_FOUND", "OVERLAPS", "SIZES", "Column", "Matched", "Matcher"]

OVERLAPS: Floats = np.linspace(0.5, 0.95, 10)  # intersections over union
MOST_FOUND = (1, 10, 100)  # of a class in a picture
# Square pixels, both ends included.
SIZES: Mapping[str, tuple[float, float]] = {
    "all": (0.0, 1e5**2),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e5**2),
}


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """The boxes of one class in one picture, those found best first.

    Attributes:
        scores: of those found, (found,).
        right, wrong: whether each counts as right or as wrong at each of `OVERLAPS`, (10, found); both are False of
            one that does not count.
        true: how many true ones count.
    """

    scores: Floats
    right: Bools
    wrong: Bools
    true: int


Column = npt.NDArray[np.object_]


class Matcher:
    """True and found boxes of pictures, matched.

    Args:
        truth: of each picture.
        found: of each picture.
        labels: the classes.

    Raises:
        BadInput: a box has a label that is not among them.
    """

    def __init__(
        self, truth: Sequence[Sequence[LabelledBox]], found: Sequence[Sequence[Box]], labels: Sequence[str]
    ) -> None:
        from pycocotools.cocoeval import COCOeval

        self._shape = (len(truth), len(labels))
        self._eval = COCOeval(iouType="bbox")
        place = {label: k for k, label in enumerate(labels)}
        given: Any = (
            (self._eval._gts, truth, _true),
            (self._eval._dts, found, _found),
        )
        for kept, rows, form in given:
            kept.update(_by_class(rows, place, form))
        self._pairs = sorted(self._eval._gts.keys() | self._eval._dts.keys())
        self._eval.ious = {pair: self._eval.computeIoU(*pair) for pair in self._pairs}
        self.matched = functools.cache(self._matched)

    def _matched(self, size: str) -> Column:
        """`Matched` by picture and class (pictures, classes), None where there is neither a true nor a found box."""
        made: Column = np.full(self._shape, None, dtype=object)
        for picture, label in self._pairs:
            one = self._eval.evaluateImg(picture, label, SIZES[size], MOST_FOUND[-1])
            met, ignored = one["dtMatches"] > 0, one["dtIgnore"].astype(bool)
            made[picture, label] = Matched(
                scores=np.asarray(one["dtScores"], dtype=np.float64),
                right=met & ~ignored,
                wrong=~met & ~ignored,
                true=int(np.count_nonzero(one["gtIgnore"] == 0)),
            )
        return made


def _by_class(rows: Sequence[Sequence[Any]], place: Mapping[str, int], form: Any) -> dict[tuple[int, int], list[Any]]:
    """pycocotools' records by picture and class. They count from 1, as 0 is its mark of no match."""
    made: defaultdict[tuple[int, int], list[Any]] = defaultdict(list)
    number = 0
    for picture, boxes in enumerate(rows):
        for box in boxes:
            if box.label not in place:
                raise BadInput(f"a box of picture {picture + 1} is a {box.label!r}, which is not among the classes")
            number += 1
            made[picture, place[box.label]].append({"id": number, **form(box)})
    return made


def _true(box: LabelledBox) -> dict[str, Any]:
    crowd = int(box.crowd)
    return {"bbox": bbox(box.box), "area": float(box.size), "iscrowd": crowd, "ignore": crowd}


def _found(box: Box) -> dict[str, Any]:
    x, y, width, height = bbox(box.box)
    return {"bbox": [x, y, width, height], "area": width * height, "score": float(box.score)}
