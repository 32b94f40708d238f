"""Holding parts out: by the share of each class, by a seed, and never the same input in two parts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zoo.data.dataset import LabelledData, Split
from zoo.data.drawing import Unit, count_marks, draw, quotas
from zoo.errors import BadData, BadOption
from zoo.tasks import TargetKind

__all__ = ["split_data"]

BINS = 10  # of a regression's numbers, each with as many examples


@dataclass(frozen=True, kw_only=True)
class _Settings:
    test_size: float
    validation_size: float
    seed: int
    limit: int | None
    shots: int | None

    def check(self) -> None:
        if not 0 < self.test_size < 1:
            raise BadOption(f"a held-out share of {self.test_size} makes no sense", "Give a number between 0 and 1.")
        if not 0 <= self.validation_size < 1:
            raise BadOption(
                f"a validation share of {self.validation_size} makes no sense", "Give a number from 0 to below 1."
            )
        for name, number in (("limit", self.limit), ("shots", self.shots)):
            if number is not None and number < 1:
                raise BadOption(f"--{name} {number} leaves nothing to learn from", "Give a larger number.")


def split_data(
    data: LabelledData,
    *,
    test_size: float = 0.2,
    validation_size: float = 0.1,
    seed: int = 0,
    limit: int | None = None,
    shots: int | None = None,
) -> LabelledData:
    """Hold out what was not given to be held out.

    In this order: `limit` cuts the training part; a test part is held out of it; `shots` keeps a few examples of each
    class; a validation part is taken from what is left, so that no more than `shots` examples of a class are seen while
    learning. Each part has every class's share as nearly as it can be (numbers: of their deciles; several classes at
    once: the rarest first, after Sechidis et al., "On the stratification of multi-label data", 2011; pictures with
    boxes: likewise, by the classes that are in them, and those without any object as one more), and at least one
    example of a class where there are enough. Examples with equal inputs go to one part.

    Args:
        data: as read; parts that were given are kept.
        test_size: share of the training part, between 0 and 1.
        validation_size: share of what is left to learn from; 0 for no validation part.
        seed: of all draws.
        limit: how many examples to use of the training part.
        shots: how many examples (pictures, for boxes) of each class to keep; only where there are classes.

    Raises:
        BadOption: a share, limit or number of shots that makes no sense for the data.
        BadData: too few examples to hold some out.
    """
    settings = _Settings(test_size=test_size, validation_size=validation_size, seed=seed, limit=limit, shots=shots)
    settings.check()
    train, test, validation = data.train.hashed(), data.test, data.validation
    cutter = _Cutter(data, seed)
    if limit is not None and limit < len(train):
        train = cutter.limited(train, limit)
    if test is None:
        train, test = cutter.held_out(train, test_size, "test")
    if shots is not None:
        train = cutter.few(train, shots)
    if validation is None and validation_size:
        train, validation = cutter.held_out(train, validation_size, "validation")
    recipe = {**data.recipe, "splits": [*data.recipe.get("splits", ()), vars(settings)]}
    return replace(data, train=train, test=test, validation=validation, recipe=recipe)


class _Cutter:
    """Cuts parts of one data set."""

    def __init__(self, data: LabelledData, seed: int) -> None:
        self._name = data.name
        self._kind = data.kind
        self._seed = seed
        self._edges = _edges(data.train.labels) if data.kind in {"regression", "scored"} else ()

    def limited(self, split: Split, count: int) -> Split:
        """So many examples, every class by its share."""
        units = self._units(split, together=False)
        marks = count_marks(units)
        if self._kind == "single" and count < 2 * len(marks):
            raise BadOption(f"{count} examples are too few for {len(marks)} classes", "Raise --limit.")
        return split.take(self._drawn(units, marks, count, "limit", leave=False))

    def held_out(self, split: Split, share: float, what: str) -> tuple[Split, Split | None]:
        """The rest, and the part; a validation part that would leave too little is not taken."""
        units = self._units(split, together=True)
        marks = count_marks(units)
        count = round(len(split) * share)
        if self._kind == "single":
            count = max(count, sum(number > (1 if what == "test" else 2) for number in marks.values()))
        count = max(count, 1)
        room = len(split) - (len(marks) if self._kind == "single" else 1)
        chosen = self._drawn(units, marks, count, what, leave=True) if count <= room else []
        if chosen and len(chosen) < len(split):
            kept = sorted(set(range(len(split))) - set(chosen))
            return split.take(kept), split.take(chosen)
        if what == "validation":
            return split, None
        distinct = f", {len(units)} of them distinct," if len(units) < len(split) else ""
        said = f"{self._name}: {len(split)} examples{distinct} are too few to hold {share:.0%} out"
        raise BadData(said, "Add examples to each class." if marks else "Add examples.")

    def few(self, split: Split, shots: int) -> Split:
        """So many examples of each class."""
        if self._kind not in {"single", "multi", "tags", "boxes"}:
            raise BadOption(f"{self._name} has no classes to keep {shots} examples of", "Use --limit instead.")
        units = self._units(split, together=False)
        marks = {mark: min(shots, number) for mark, number in count_marks(units).items()}
        return split.take(draw(units, marks, None, self._random("shots"), leave=False))

    def _drawn(
        self, units: Sequence[Unit], marks: Mapping[Any, int], count: int, what: str, *, leave: bool
    ) -> list[int]:
        least = 1 if what != "validation" else 0
        wanted = quotas(marks, count / sum(len(unit.rows) for unit in units), least=least, total=self._total(count))
        return draw(units, wanted, count, self._random(what), leave=leave)

    def _total(self, count: int) -> int | None:
        """What the classes' numbers add up to: only where each example has one."""
        return count if self._kind in {"single", "regression", "scored"} else None

    def _random(self, what: str) -> random.Random:
        return random.Random(f"{self._seed} {what}")  # noqa: S311  (nothing secret)

    def _units(self, split: Split, *, together: bool) -> list[Unit]:
        """Examples that must stay together, each with how many of its rows have which class."""
        marks = [_marks(self._kind, label, self._edges) for label in split.labels]
        one = {mark: dict.fromkeys(mark, 1) for mark in set(marks)}
        if not together:
            return [Unit((row,), one[mark]) for row, mark in enumerate(marks)]
        groups: dict[str, list[int]] = {}
        for row, known in enumerate(split.hashes):
            groups.setdefault(known, []).append(row)
        return [
            Unit(rows, one[marks[rows[0]]] if len(rows) == 1 else Counter(mark for row in rows for mark in marks[row]))
            for rows in groups.values()
        ]


def _marks(kind: TargetKind, label: Any, edges: Sequence[float]) -> tuple[Any, ...]:
    """What of a label must be in each part by its share."""
    if kind == "single":
        return (label,)
    if kind == "multi":
        return tuple(label)
    if kind == "tags":
        return tuple(sorted({tag for tag in label if tag != "O"}))
    if kind == "boxes":
        return tuple(sorted({one.label for one in label if not one.crowd})) or ("",)
    return (sum(label > edge for edge in edges),) if edges else ()


def _edges(numbers: Sequence[float]) -> tuple[float, ...]:
    """The upper ends of bins with equally many numbers, at least 5 in each; none for few numbers."""
    bins = min(BINS, len(numbers) // 5)
    ordered = sorted(numbers)
    return tuple(sorted({ordered[len(ordered) * one // bins - 1] for one in range(1, bins)})) if bins > 1 else ()
