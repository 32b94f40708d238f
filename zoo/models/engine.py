"""The batching engine: runs any runner's steps over a stream of inputs, in constant memory, in order.

Inputs are prepared on all cores or ahead of an accelerator (`preparing`), grouped by length within a window
(`batching`), run in batches whose size is found by measuring (`pacing`), each in a turn on its device (`running`), and
given out in the order in which they came. A batch that does not fit into memory is halved and run again; one that
breaks is taken apart until the input that broke it is known.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future
from functools import partial
from typing import Any

import torch

from zoo.devices.container import cpu_count
from zoo.errors import BadOption, ZooError
from zoo.models.accelerating import Forward, Mover
from zoo.models.batching import Batch, Slot, Windows
from zoo.models.failing import Failure, OnError, run_failure, unburdened
from zoo.models.pacing import UP, UP_CPU, Pace
from zoo.models.preparing import Preparing
from zoo.models.running import BatchRunner, Own, Source
from zoo.plugin import Runner

__all__ = ["Engine", "Failure", "OnError", "Progress"]

Progress = Callable[[int, int | None, float], None]

RECENT = 32  # batches over which the speed is told
LIST_BATCHES = 8  # in the first window of a list, whose results are all wanted at once


class Engine:
    """Runs one module with one runner; any number of threads may do so at the same time.

    Args:
        source: a lease, or a module that nobody manages.
        runner: the task's runner.
        device: to which batches are moved; None leaves them.
        dtype: the type of floating-point batch tensors; None leaves them.
        batch: examples in a batch, for good; when None it begins with the runner's number and changes as measured. A
            runner that takes one example at a time is never given more. Halved for good when memory runs out.
        autocast: compute in `bfloat16` or `float16` what torch holds safe in it.
        channels_last: lay pictures out pixel by pixel; None does so where it was measured to help.
        compile: run through `torch.compile`, or by the backend of that name.
        workers: threads that prepare inputs; None goes by the cores.
        clock: seconds, for measuring throughput.

    Raises:
        BadOption: a value that makes no sense, or one that needs torch for a module that does not run on it.
    """

    def __init__(
        self,
        source: Any,
        runner: Runner,
        *,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
        batch: int | None = None,
        autocast: str | None = None,
        channels_last: bool | None = None,
        compile: bool | str = False,
        workers: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if batch is not None and batch < 1:
            raise BadOption(f"a batch of {batch} makes no sense", "Give 1 or more.")
        where = device or torch.device("cpu")
        self.source: Source = source if hasattr(source, "turn") else Own(source, str(where))
        self.runner = runner
        if (autocast or compile) and not isinstance(self.source.module(), torch.nn.Module):
            raise BadOption("the model does not run on torch, so autocast and compile do not apply", "Leave them out.")
        self._clock = clock
        gain = UP_CPU if where.type == "cpu" else UP
        self._pace = Pace(batch or runner.batch, fixed=batch is not None or runner.batch == 1, gain=gain)
        self._start = batch or runner.batch
        self._early = where.type != "cpu"
        spare = cpu_count() - (0 if self._early else 1)  # beside a CPU's batches the calling thread prepares too
        self._workers = spare if workers is None else workers
        self._batches = BatchRunner(
            self.source,
            runner,
            forward=Forward(runner, device=where, autocast=autocast, compile=compile),
            mover=Mover(device, dtype, channels_last=channels_last),
            device=device,
            clock=clock,
        )

    @property
    def module(self) -> Any:
        """The module, on its device."""
        return self.source.module()

    @property
    def batch(self) -> int:
        """Examples in a batch now; setting it fixes it."""
        return self._pace.count

    @batch.setter
    def batch(self, count: int) -> None:
        self._pace, self._start = Pace(count, fixed=True), count

    def run(
        self,
        inputs: Iterable[Any],
        options: Any,
        on_error: OnError = "raise",
        progress: Progress | None = None,
        *,
        parts: bool = False,
    ) -> Iterator[Any]:
        """One result per input, in order.

        Args:
            inputs: read as far ahead as a few batches need, never to the end; what is not a list or another collection
                is read in a thread of its own, so that results come out while it has nothing new. A `ZooError` among
                them is an input that could not even be found, and fails as such.
            options: of the runner.
            on_error: for inputs that cannot be used: `raise`, after the results of those before it; `skip` them, or
                `return` a `Failure` in their place.
            progress: told, after each batch, how many inputs are done, of how many (None when that is not known), and
                how many a second.
            parts: the result of each of an input's examples (its windows, say) as soon as it is there, in order, in
                the place of the one result that they would make together.

        Raises:
            DeviceError: the device is lost.
            ZooError: the error of an input, when errors are raised.
        """
        counter = _Counter(progress, len(inputs) if isinstance(inputs, Sized) else None, self._clock)
        preparing = Preparing(
            inputs,
            lambda value: self.runner.prepare(value, options),
            workers=self._workers,
            early=self._early,
        )
        # With a seed, what chance draws depends on who is in the batch: its size must be the same each time.
        chance = getattr(options, "seed", None) is not None
        pace = Pace(self._start, fixed=True) if chance else self._pace
        windows = Windows(
            preparing=preparing,
            size=self.runner.size,
            pace=pace,
            strict=on_error == "raise",
            start=LIST_BATCHES if isinstance(inputs, Sized) else 1,
            early=self._early,
        )
        try:
            yield from self._run(windows, options, on_error, counter, parts)
        finally:
            windows.close()
            preparing.close()

    def _run(self, windows: Windows, options: Any, on_error: OnError, counter: _Counter, parts: bool) -> Iterator[Any]:
        batch = windows.next(wait=True)
        collated = self._collate(windows, batch)
        while batch is not None or not windows.ended:
            # An accelerator's next batch is collated beside the one that runs, also across windows.
            following = windows.next(wait=False) if self._early and batch is not None else None
            ahead = self._collate(windows, following)
            if batch is not None:
                seconds = self._batches.run(
                    batch, collated.result, options, pace=windows.pace, keep=on_error == "raise"
                )
                windows.took(seconds)
            batch = None
            yield from self._given_out(windows, options, on_error, counter, parts)
            batch, collated = following, ahead
            if batch is None and not windows.ended:
                batch = windows.next(wait=True)
                collated = self._collate(windows, batch)
        yield from self._given_out(windows, options, on_error, counter, parts)
        windows.preparing.check()

    def _collate(self, windows: Windows, batch: Batch | None) -> Future[Any]:
        """The batch in host memory: by a worker ahead of an accelerator, else when it is asked for."""
        return windows.preparing.submit(partial(self._batches.collate, batch.examples)) if batch else Future()

    def _given_out(
        self, windows: Windows, options: Any, on_error: OnError, counter: _Counter, parts: bool
    ) -> Iterator[Any]:
        """The results of all inputs that are done, and before which none is missing."""
        for slot in windows.finished():
            result, error, cause = None, slot.error, slot.cause
            if parts:
                yield from slot.ready()
            elif error is None:
                result, error, cause = self._merged(slot, options)
            counter.done += 1
            if error is None and not parts:
                yield result
            elif error is None:
                continue
            elif on_error == "raise":
                raise error from (cause or error.__cause__)
            elif on_error == "return":
                yield Failure(unburdened(error))
        if parts and windows.slots:
            yield from windows.slots[0].ready()
        counter.tell()

    def _merged(self, slot: Slot, options: Any) -> tuple[Any, ZooError | None, Exception | None]:
        """One result of an input's several, or why there is none."""
        try:
            return self.runner.merge(slot.results, options), None, None
        except Exception as error:  # as in every other step: one input must not take the others with it
            return None, run_failure(slot.prepared.name, error), error


class _Counter:
    """Counts what is done, and tells."""

    def __init__(self, tell: Progress | None, total: int | None, clock: Callable[[], float]) -> None:
        self.done = 0
        self._tell = tell
        self._total = total
        self._clock = clock
        self._told = 0
        # Of the last moments, when how many were done: the speed of now, not that of an hour ago.
        self._marks: deque[tuple[float, int]] = deque([(clock(), 0)], maxlen=RECENT)

    def tell(self) -> None:
        """Tell how many are done, if that changed."""
        if self._tell is None or self.done == self._told:
            return
        self._told = self.done
        now = self._clock()
        since, before = self._marks[0]
        self._marks.append((now, self.done))
        self._tell(self.done, self._total, (self.done - before) / max(now - since, 1e-9))
