"""Drawing examples so that every class has its share: whole units of equal examples, the rarest class first."""

from __future__ import annotations

import heapq
import random
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Unit", "count_marks", "draw", "quotas"]


class Unit(NamedTuple):  # there may be millions, and a frozen dataclass is made much more slowly
    """Rows that stay together, and how many of them have each mark (a class, or a bin of numbers)."""

    rows: Sequence[int]
    marks: Mapping[Hashable, int]


def count_marks(units: Sequence[Unit]) -> dict[Hashable, int]:
    """How many rows have each mark."""
    made: dict[Hashable, int] = {}
    for unit in units:
        for mark, of in unit.marks.items():
            made[mark] = made.get(mark, 0) + of
    return made


def quotas(marks: Mapping[Hashable, int], share: float, *, least: int, total: int | None) -> dict[Hashable, int]:
    """How many rows of each mark to draw.

    Args:
        marks: how many rows have each.
        share: of the rows.
        least: of each mark where it has more rows than that.
        total: what the numbers add up to, by the largest remainders; None where rows have several marks.
    """
    exact = {mark: number * share for mark, number in marks.items()}
    if total is None:
        return {m: min(max(round(part), least), max(marks[m] - 1, 0)) for m, part in exact.items()}
    made = {m: min(max(int(part), least), max(marks[m] - 1, 0)) for m, part in exact.items()}
    return _levelled(made, exact, marks, least, total - sum(made.values()))


def _levelled(
    made: dict[Hashable, int],
    exact: Mapping[Hashable, float],
    most: Mapping[Hashable, int],
    least: int,
    missing: int,
) -> dict[Hashable, int]:
    """Numbers that add up: one more, or less, for the marks that are furthest below, or above, their exact share."""
    step = 1 if missing > 0 else -1
    waiting = [(step * (made[mark] - part), str(mark), mark) for mark, part in exact.items()]
    heapq.heapify(waiting)
    while waiting and missing:
        far, name, mark = heapq.heappop(waiting)
        if made[mark] < most[mark] if step > 0 else made[mark] > least:
            made[mark] += step
            missing -= step
            heapq.heappush(waiting, (far + 1, name, mark))
    return made


def draw(
    units: Sequence[Unit], wanted: Mapping[Hashable, int], count: int | None, chance: random.Random, *, leave: bool
) -> list[int]:
    """The drawn rows, in order.

    Args:
        units: what is drawn from.
        wanted: how many rows of each mark.
        count: how many rows in all are aimed at; None for as many as the marks need.
        chance: shuffles the units.
        leave: whether of each mark at least one row must be left.
    """
    hand = _Hand(units, wanted, leave=leave)
    order = list(range(len(units)))
    chance.shuffle(order)
    by_mark: dict[Hashable, list[int]] = {mark: [] for mark in wanted}
    for number in order:
        for mark in units[number].marks:
            by_mark.setdefault(mark, []).append(number)
    for mark in sorted(wanted, key=lambda mark: (len(by_mark[mark]), str(mark))):
        hand.take_for(mark, by_mark[mark])
    if count is not None:
        hand.fill_up(order, count)
    return sorted(row for number in hand.taken for row in units[number].rows)


class _Hand:
    """What is drawn so far."""

    def __init__(self, units: Sequence[Unit], wanted: Mapping[Hashable, int], *, leave: bool) -> None:
        self._units = units
        self._need = dict(wanted)
        self._left = count_marks(units)
        self._leave = leave
        self._rows = 0
        self.taken: set[int] = set()

    def take_for(self, mark: Hashable, numbers: Sequence[int]) -> None:
        """Units until the mark's need is met: those that fit, and if none did, the smallest that may be taken."""
        before = len(self.taken)
        for number in numbers:
            if self._need[mark] <= 0:
                return
            if number not in self.taken and self._fits(number) and self._may(number):
                self._take(number)
        if self._need[mark] > 0 and len(self.taken) == before and not self._has(mark):
            able = [number for number in numbers if number not in self.taken and self._may(number)]
            if able:
                self._take(min(able, key=lambda number: (len(self._units[number].rows), number)))

    def fill_up(self, numbers: Sequence[int], count: int) -> None:
        """More units, in the given order, up to the count of rows: first such whose marks are needed least."""
        for tight in (True, False):
            for number in numbers:
                if self._rows >= count:
                    return
                small = len(self._units[number].rows) <= count - self._rows
                if number not in self.taken and small and self._may(number) and (not tight or self._fits(number)):
                    self._take(number)

    def _has(self, mark: Hashable) -> bool:
        return any(mark in self._units[number].marks for number in self.taken)

    def _fits(self, number: int) -> bool:
        return all(of <= self._need[mark] for mark, of in self._units[number].marks.items())

    def _may(self, number: int) -> bool:
        return not self._leave or all(of < self._left[mark] for mark, of in self._units[number].marks.items())

    def _take(self, number: int) -> None:
        unit = self._units[number]
        self.taken.add(number)
        self._rows += len(unit.rows)
        for mark, of in unit.marks.items():
            self._need[mark] -= of
            self._left[mark] -= of
