"""Examples of like length together: windows of a stream, and the batches they are cut into.

A window is some batches' worth of examples, sorted by length. It ends early when the stream stalls, so that what has
arrived comes out, and it takes no longer and holds no more memory than stated here, whatever the stream's length.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.errors import ZooError
from zoo.models.arriving import ENDED, WAITING
from zoo.models.failing import run_failure, too_big
from zoo.models.pacing import Pace
from zoo.models.preparing import Prepared, Preparing

__all__ = ["Batch", "Row", "Slot", "Windows"]

STALL = 0.05  # seconds without an input after which a window is run as it is
LEAST_BATCHES, MOST_BATCHES = 4, 32  # in a window, where lengths differ
WINDOW_SECONDS = 5.0
WINDOW_BYTES = 64 * 1024**2
SHORT = 4  # a batch of short examples holds at most so many times the usual number
FULL = 0.8  # of what a batch may hold; fuller ones tell how fast its size is


_PENDING = object()


@dataclass(slots=True)
class Slot:
    """The place of one input in the order: its results, as far as they are there."""

    prepared: Prepared
    results: list[Any]
    missing: int
    error: ZooError | None
    cause: BaseException | None = None  # what to raise the error from, where it is raised
    told: int = 0  # results that were given out one by one

    @property
    def complete(self) -> bool:
        """Whether all examples are known, and were run."""
        return not self.missing and self.prepared.more is None

    def ready(self) -> Iterator[Any]:
        """The results that follow those given out before, up to the first that is missing."""
        while self.told < len(self.results) and self.results[self.told] is not _PENDING:
            self.told += 1
            yield self.results[self.told - 1]


@dataclass(slots=True)
class Row:
    """One example, and where its result goes."""

    slot: Slot
    place: int
    example: Any
    size: int

    def put(self, result: Any) -> None:
        """The example was run."""
        self.slot.results[self.place] = result
        self.slot.missing -= 1

    def fail(self, error: ZooError, cause: BaseException | None = None) -> None:
        """The example cannot be run, and so its input has no result."""
        if self.slot.error is None:
            self.slot.error, self.slot.cause = error, cause
        self.slot.missing -= 1


@dataclass(slots=True)
class Batch:
    """Examples to run at once.

    Attributes:
        rows: the examples, the longest first.
        asked: the number that the pace asked for.
        full: whether it is as large as that.
        units: what an accelerator computes: examples times the longest.
        amount: what is wanted of it: the examples, or their lengths together.
    """

    rows: list[Row]
    asked: int
    full: bool
    units: int
    amount: int

    @property
    def examples(self) -> list[Any]:
        """The examples alone."""
        return [row.example for row in self.rows]


@dataclass
class Windows:
    """Gathers prepared inputs into windows and cuts these into batches.

    Args:
        preparing: gives prepared inputs in order.
        size: of an example.
        pace: how many examples a batch holds.
        strict: an input that cannot be used ends the stream: what comes after it is not run.
        start: batches in the first window; more only where nobody waits for the first results.
        early: how many inputs to have on the way beyond the window, for an accelerator.
    """

    preparing: Preparing
    size: Callable[[Any], int]
    pace: Pace
    strict: bool
    start: int = 1
    early: bool = False
    slots: deque[Slot] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._gathered: list[Row] = []
        self._count = 0
        self._window: deque[Row] = deque()
        self._mean = 1.0
        self._varies = False
        self._batches = self.start
        self._most = 1 << 30  # examples that the bytes of a window allow
        self._ended = False
        self._long: Slot | None = None  # an input whose examples are not all made yet

    @property
    def ended(self) -> bool:
        """Whether all inputs were cut into batches."""
        return self._ended and not self._window and self._long is None

    def next(self, *, wait: bool) -> Batch | None:
        """The next batch; None at the end, after inputs that gave no example, or where it is not there yet."""
        if not self._window and not self._gather(wait):
            return None
        return self._cut() if self._window else None

    def close(self) -> None:
        """Make no more examples of a long input."""
        more = self._long.prepared.more if self._long else None
        if isinstance(more, Generator):
            more.close()

    def took(self, seconds: float) -> None:
        """So long a batch takes: windows of slow models hold fewer."""
        most = max(LEAST_BATCHES, min(MOST_BATCHES, int(WINDOW_SECONDS / max(seconds, 1e-6))))
        self._batches = min(self._batches, most)

    def finished(self) -> Iterator[Slot]:
        """Inputs all of whose examples were run, in order, none of them before those that came earlier."""
        while self.slots and self.slots[0].complete:
            yield self.slots.popleft()

    def _target(self) -> int:
        """Examples that the window being gathered should hold."""
        if not self._varies:
            return self.pace.ahead
        return max(self.pace.ahead, min(self._batches * self.pace.count, self._most))

    def _gather(self, wait: bool) -> bool:
        """Fill a window; false when there is none, or not yet."""
        while self._count < self._target():
            if self._long is not None:
                self._go_on(self._long)
                continue
            if self._ended:
                break
            found = self._take(wait)
            if found is WAITING:
                if not wait:
                    return False
                break
            if found is ENDED:
                self._ended = True
                break
            self._place(found)
        if self.early:
            self.preparing.fill(self._target() + self.pace.ahead)
        self._close()
        return bool(self._window)

    def _take(self, wait: bool) -> Any:
        more = self._target() - self._count
        if not wait:
            return self.preparing.take(0, more=more)
        if not self._count:
            return self.preparing.take(None, more=more)
        # An accelerator that could run a batch does not wait for the rest of the window to be prepared.
        idle = self.early and self._count >= self.pace.ahead
        return self.preparing.take(0 if idle else STALL, more=more)

    def _place(self, prepared: Prepared) -> None:
        count = len(prepared.examples)
        slot = Slot(prepared, [_PENDING] * count, count, prepared.error)
        self.slots.append(slot)
        self._count += max(1, count)
        for place, example in enumerate(prepared.examples):
            self._add(Row(slot, place, example, self.size(example)))
        prepared.examples = ()  # the rows hold them, each until it was run
        self._long = slot if prepared.more is not None else None
        if self.strict and prepared.error is not None:
            self._ended = True

    def _add(self, row: Row) -> None:
        self._gathered.append(row)
        self._varies = self._varies or row.size != self._gathered[0].size

    def _go_on(self, slot: Slot) -> None:
        """One more example of a long input, or its end; what breaks in the middle is told of the whole input."""
        prepared = slot.prepared
        try:
            if slot.error is None and prepared.more is not None:
                example = next(prepared.more)
                slot.results.append(_PENDING)
                slot.missing += 1
                self._count += 1
                self._add(Row(slot, len(slot.results) - 1, example, self.size(example)))
                return
        except StopIteration:
            pass
        except MemoryError:
            slot.error = too_big(prepared.name, "this machine")
        except Exception as error:  # one input must not take the others with it, whatever its runner stumbles over
            slot.error = run_failure(prepared.name, error)
        self._long = prepared.more = None
        if self.strict and slot.error is not None:
            self._ended = True

    def _close(self) -> None:
        """Make what was gathered the window to run."""
        rows, self._gathered, self._count = self._gathered, [], 0
        if not rows:
            return
        sizes = [row.size for row in rows]
        self._mean = max(1.0, sum(sizes) / len(sizes))
        self._batches = min(MOST_BATCHES, self._batches * 2)
        self._most = int(WINDOW_BYTES / max(1, weight(rows[len(rows) // 2].example)))
        if min(sizes) != max(sizes):
            rows.sort(key=lambda row: -row.size)
        self._window.extend(rows)

    def _cut(self) -> Batch:
        asked = self.pace.next()
        longest = max(1, self._window[0].size)
        count = asked
        if self._varies and not self.pace.fixed:
            count = max(1, min(int(asked * self._mean / longest), asked * SHORT))
        rows = [self._window.popleft() for _ in range(min(count, len(self._window)))]
        amount = sum(max(1, row.size) for row in rows)
        full = len(rows) >= FULL * count and len(rows) * longest >= FULL * asked * self._mean
        return Batch(rows, asked, full, len(rows) * longest, amount)


def weight(value: Any, depth: int = 4) -> int:
    """About how many bytes an example holds."""
    if isinstance(size := getattr(value, "nbytes", None), int):
        return size
    if isinstance(value, str | bytes):
        return len(value)
    if depth == 0 or isinstance(value, int | float) or value is None:
        return 8
    if dataclasses.is_dataclass(value):
        return sum(weight(getattr(value, part.name), depth - 1) for part in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return sum(weight(part, depth - 1) for part in value.values())
    if isinstance(value, list | tuple):
        return 8 * len(value) + (weight(value[0], depth - 1) * len(value) if value else 0)
    return 64
