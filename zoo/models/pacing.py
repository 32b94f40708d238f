"""How many examples to run at once: climbing by measured throughput, bounded by memory."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable

__all__ = ["UP", "UP_CPU", "Pace"]

PAIRS = 3  # batches of each of two sizes that are compared, neighbours in length
UP = 1.04  # a batch twice as large must be this much faster to be worth its memory
UP_CPU = 1.15  # on a CPU it is everybody's memory, and what little is gained beyond this is mostly noise
DOWN = 1.02  # one half as large, this much
LONGEST = 2.0  # seconds: a batch that takes longer is not made larger, others wait for the device
FIRST_REST = 2  # batches before the first comparison
REST = 128  # batches between comparisons after nothing better was found; doubled each time
MOST_REST = 8192
MOST = 4096


class Pace:
    """The number of examples in a batch, found while real batches run; shared by the threads of an engine.

    Two sizes are compared on neighbouring batches, in turn, so that a drift of the machine or of the examples' lengths
    meets both alike; the median of the ratios decides, with a margin, so that noise does not move it.

    Args:
        start: examples in a batch at first.
        fixed: never change it, except when memory runs out.
        gain: how many times faster twice as many must be.
    """

    def __init__(self, start: int, *, fixed: bool = False, gain: float = UP) -> None:
        self.fixed = fixed
        self._gain = gain
        self._count = start
        self._lock = threading.Lock()
        self._most = MOST
        self._trial: int | None = None
        self._turn = False  # whether the next batch is one of the trial's size
        self._speeds: dict[int, list[float]] = {}
        self._refused: set[int] = set()
        self._rest = FIRST_REST
        self._calm = REST

    @property
    def count(self) -> int:
        """Examples in a batch, as far as is known."""
        return self._count

    @property
    def ahead(self) -> int:
        """Examples that the next batches take: those of a comparison belong together."""
        return self._count + (self._trial or 0)

    def next(self) -> int:
        """Examples to run in the next batch."""
        with self._lock:
            if self._trial is None:
                return self._count
            self._turn = not self._turn
            return self._count if self._turn else self._trial

    def saw(self, count: int, amount: float, seconds: float, fits: Callable[[int], bool]) -> None:
        """A full batch was run.

        Args:
            count: what `next` said for it.
            amount: of what it held: examples, or their lengths together.
            seconds: that it took on the device.
            fits: whether so many examples fit into memory, asked before more are tried.
        """
        if self.fixed:
            return
        with self._lock:
            if self._trial is None:
                self._rest -= 1
                if self._rest <= 0:
                    self._try_next(seconds, fits)
            elif count in (self._count, self._trial):
                self._speeds.setdefault(count, []).append(amount / max(seconds, 1e-9))
                self._decide(seconds, fits)

    def cap(self, count: int) -> None:
        """Memory ran out: no batch may be larger than this from now on."""
        with self._lock:
            self._most = min(self._most, max(1, count))
            self._count = min(self._count, self._most)
            self._end_trial()

    def _try_next(self, seconds: float, fits: Callable[[int], bool]) -> None:
        """Begin to compare with twice as many, else with half as many, else rest."""
        if self._count > 1 and not fits(self._count):
            self._count //= 2
            self._rest = FIRST_REST
            return
        double, half = self._count * 2, self._count // 2
        if double not in self._refused and double <= self._most and seconds * 2 < LONGEST and fits(double):
            self._trial = double
        elif half >= 1 and half not in self._refused:
            self._trial = half
        else:
            self._refused.clear()  # the machine may be another one by then
            self._rest, self._calm = self._calm, min(MOST_REST, self._calm * 2)

    def _decide(self, seconds: float, fits: Callable[[int], bool]) -> None:
        trial = self._trial
        tried, known = self._speeds.get(trial or 0, []), self._speeds.get(self._count, [])
        # The first batch of a size pays for what is set up once for its shape.
        if trial is None or min(len(tried), len(known)) <= PAIRS:
            return
        ratio = statistics.median(new / old for new, old in zip(tried[1:], known[1:], strict=False))
        if ratio >= (self._gain if trial > self._count else DOWN):
            self._refused.add(self._count)
            self._count = trial
        else:
            self._refused.add(trial)
        self._end_trial()
        self._try_next(seconds, fits)

    def _end_trial(self) -> None:
        self._trial, self._turn = None, False
        self._speeds.clear()
        self._rest = FIRST_REST
