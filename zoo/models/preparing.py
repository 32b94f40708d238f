"""Preparing inputs in worker threads: ahead of an accelerator, or between a CPU's batches.

Where the model computes on the CPU itself, workers beside it would only take its cores away: there the inputs of the
next batches are prepared on all cores, the calling thread helping, and then the model has all cores. An accelerator is
fed ahead of its need.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from zoo.errors import ZooError
from zoo.models.arriving import ENDED, WAITING, arrivals
from zoo.models.failing import named, run_failure, too_big

__all__ = ["Prepared", "Preparing"]

MOST_WORKERS = 16
CHUNK_SECONDS = 0.002  # of work in one job for a worker: enough that handing it over costs little
MOST_IN_CHUNK = 32


@dataclass(slots=True)
class Prepared:
    """One input as examples, or why it cannot be used.

    Attributes:
        name: how messages call it.
        examples: what the runner made of it.
        error: why there are none.
        more: further examples, made as they are asked for; None where there are no others.
    """

    name: str
    examples: Sequence[Any] = ()
    error: ZooError | None = None
    more: Iterator[Any] | None = None


@dataclass(slots=True)
class _Chunk:
    """Inputs that are prepared together, by a worker or by the thread that needs them."""

    given: list[tuple[int, Any]]
    future: Future[list[Prepared]] | None = None
    made: deque[Prepared] = field(default_factory=deque)


class Preparing:
    """Prepared inputs in their order.

    Args:
        inputs: of any number.
        prepare: examples of one input, called in several threads.
        workers: threads beside the calling one; the calling one does all when 0.
        early: prepare inputs that nobody waits for yet; otherwise workers rest while nobody waits.
        clock: seconds.
    """

    def __init__(
        self,
        inputs: Iterable[Any],
        prepare: Callable[[Any], Sequence[Any] | Iterator[Any]],
        *,
        workers: int,
        early: bool,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._inputs = inputs
        self._arrivals = arrivals(inputs)
        self._prepare = prepare
        self._workers = workers
        self._early = early
        self._clock = clock
        self._pool: ThreadPoolExecutor | None = None
        self._chunks: deque[_Chunk] = deque()
        self._held = 0  # inputs in chunks that are not taken yet
        self._number = 0
        self._in_chunk = 1
        self._ended = False
        self._broken: BaseException | None = None

    def fill(self, count: int) -> None:
        """Hand inputs that have arrived to the workers until `count` are on the way; never waits."""
        while not self._ended and self._held < count:
            if not self._add(0, count - self._held):
                return

    def take(self, wait: float | None, *, more: int = 1) -> Prepared | Any:
        """The next prepared input.

        Args:
            wait: seconds to wait for it to arrive; None waits for ever. One that has arrived is waited for while it is
                prepared, unless `wait` is 0.
            more: how many will be taken in a row, this one included.

        Returns:
            It, or `WAITING` when none has come, or `ENDED`.
        """
        self.fill(more)
        if not self._chunks and not self._ended:
            self._add(wait, more)
        if not self._chunks:
            return ENDED if self._ended else WAITING
        chunk = self._chunks[0]
        if not chunk.made:
            if wait == 0 and chunk.future and not chunk.future.done():
                return WAITING
            chunk.made.extend(self._made(chunk))
        made = chunk.made.popleft()
        self._held -= 1
        if not chunk.made:
            self._chunks.popleft()
        return made

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        """Let a worker do something else beside; done at once where there are none."""
        if self._workers and self._early:
            return self._workshop().submit(work)
        future: Future[Any] = Future()
        try:
            future.set_result(work())
        except BaseException as error:  # handed on by the future
            future.set_exception(error)
        return future

    def check(self) -> None:
        """Raise what the source of the inputs raised, once all that it gave before is dealt with."""
        if self._broken is not None:
            raise self._broken

    def close(self) -> None:
        """Read no more inputs, and end the threads."""
        self._arrivals.close()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _add(self, wait: float | None, most: int) -> bool:
        """Gather arrived inputs into one chunk, the first within `wait`; False when there is none."""
        given: list[tuple[int, Any]] = []
        while len(given) < min(most, self._in_chunk):
            try:
                value = self._arrivals.next(0 if given else wait)
            except BaseException as error:  # raised by check(), after what arrived before it
                self._broken, value = error, ENDED
            if value is WAITING or value is ENDED:
                self._ended = value is ENDED
                break
            given.append((self._number, value))
            self._number += 1
        if not given:
            return False
        chunk = _Chunk(given)
        # A single input is not worth a thread.
        if self._workers and (self._chunks or most > 1 or self._early) and not self._alone():
            chunk.future = self._workshop().submit(self._work, given)
        self._chunks.append(chunk)
        self._held += len(given)
        return True

    def _alone(self) -> bool:
        return isinstance(self._inputs, list | tuple) and len(self._inputs) == 1

    def _made(self, chunk: _Chunk) -> list[Prepared]:
        """A chunk's prepared inputs; what no worker has begun is done here."""
        if chunk.future is None or (not self._early and chunk.future.cancel()):
            return self._work(chunk.given)
        if not self._early:
            self._help(chunk.future)
        return chunk.future.result()

    def _help(self, wanted: Future[list[Prepared]]) -> None:
        """Do what workers have not begun, while they are busy with what is wanted."""
        for chunk in tuple(self._chunks):
            if wanted.done():
                return
            if chunk.future is not None and not chunk.made and chunk.future.cancel():
                chunk.made.extend(self._work(chunk.given))

    def _work(self, given: Sequence[tuple[int, Any]]) -> list[Prepared]:
        started = self._clock()
        made = [self._one(number, value) for number, value in given]
        each = (self._clock() - started) / len(given)
        self._in_chunk = max(1, min(MOST_IN_CHUNK, int(CHUNK_SECONDS / max(each, 1e-7))))
        return made

    def _one(self, number: int, value: Any) -> Prepared:
        name = named(number, value)
        if isinstance(value, ZooError):
            return Prepared(name, (), value)
        try:
            made = self._prepare(value)
            if isinstance(made, Sequence):
                return Prepared(name, made)
            first = list(itertools.islice(made, 1))  # here, so that an unusable input fails like all others
            return Prepared(name, first, more=made if first else None)
        except MemoryError:
            return Prepared(name, (), too_big(name, "this machine"))
        except Exception as error:  # one input must not take the others with it, whatever its runner stumbles over
            return Prepared(name, (), run_failure(name, error))

    def _workshop(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(min(self._workers, MOST_WORKERS), thread_name_prefix="zoo-prepare")
        return self._pool
