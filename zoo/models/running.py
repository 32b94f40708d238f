"""Running one batch on the device: halved when memory runs out, taken apart when an example breaks it."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from zoo.devices import Fixed
from zoo.devices.faults import kind, lost
from zoo.errors import BadData, ResourceError, ZooError
from zoo.models.accelerating import Forward, Mover
from zoo.models.batching import Batch, Row
from zoo.models.failing import run_failure, too_big
from zoo.models.memory import PeakMemory
from zoo.models.pacing import Pace
from zoo.plugin import Runner

__all__ = ["BatchRunner", "Own", "Source"]

MEASURED_AGAIN = 1.5  # a batch so many times larger than the largest measured one is measured too
WORTHWHILE = 4  # full batches after which one more run of a batch, to measure it, costs little
_ALLOCATORS = {"cuda": torch.cuda, "xpu": torch.xpu}


class Source(Protocol):
    """A module that is not always at hand: a lease, or one that nobody manages."""

    def turn(self) -> AbstractContextManager[Any]:
        """The module, alone on its device until the block ends."""

    def module(self) -> Any:
        """The module on its device, without a turn."""

    def room(self) -> int:
        """Bytes that activations may take now."""

    def measured(self, activation: int) -> None:
        """So many bytes of activations were seen."""


class Own(Fixed):
    """A module that nobody manages; threads use it one after another, as some change it while they run it."""

    def __init__(self, module: Any, device: str = "cpu") -> None:
        super().__init__(module, device)
        self._lock = threading.RLock()

    @contextmanager
    def turn(self) -> Iterator[Any]:  # type: ignore[override]
        """The module, alone."""
        with self._lock:
            yield self._module


@dataclass(frozen=True)
class _Fault:
    """Why a batch failed. It keeps the error only where that will be raised: its frames hold the batch's tensors."""

    memory: bool
    error: Exception | None = None
    cause: Exception | None = None


class BatchRunner:
    """Runs batches; shared by the threads of an engine.

    Args:
        source: gives the module, for a turn.
        runner: whose steps are run.
        forward, mover: the step on the device, and the way there.
        device: where.
        clock: seconds.
    """

    def __init__(
        self,
        source: Source,
        runner: Runner,
        *,
        forward: Forward,
        mover: Mover,
        device: torch.device | None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._source = source
        self._runner = runner
        self._forward = forward
        self._mover = mover
        self._device = device or torch.device("cpu")
        self._clock = clock
        self._ran = 0  # full batches
        self._units = 0  # of the largest batch that was measured
        self._each = 0.0  # bytes of activations for one unit

    def collate(self, examples: Sequence[Any]) -> Any:
        """A batch in host memory; done ahead of the device, where a worker can."""
        with torch.inference_mode():
            return self._mover.pinned(self._runner.collate(examples))

    def run(self, batch: Batch, collated: Callable[[], Any], options: Any, *, pace: Pace, keep: bool) -> float:
        """Run a batch and put its results, or why there are none, into their places.

        Args:
            batch: the examples.
            collated: gives them as a batch in host memory, once.
            options: of the runner.
            pace: is told how long it took, and where memory ran out.
            keep: keep causes of failures, to be raised.

        Returns:
            Seconds that it took on the device, 0.0 where it failed.

        Raises:
            DeviceError: the device is lost.
            ZooError: what no other input would change.
        """
        accelerated = self._device.type in _ALLOCATORS
        measure = accelerated and batch.units > self._units * MEASURED_AGAIN
        made = self._try(collated, batch.examples, options, batch.units if measure else 0)
        if isinstance(made, _Fault):
            del collated
            self._in_parts(batch.rows, made, options, pace, keep)
            return 0.0
        results: Sequence[Any] = made[0]
        seconds: float = made[1]
        for row, result in zip(batch.rows, results, strict=True):
            row.put(result)
        if batch.full:
            self._ran += 1
            self._measure(batch, options)
            pace.saw(batch.asked, batch.amount, seconds, lambda count: self._fits(count, batch))
        return seconds

    def _in_parts(self, rows: list[Row], fault: _Fault, options: Any, pace: Pace, keep: bool) -> None:
        """Halve what failed until it runs, or until single examples are left that cannot be run."""
        waiting: list[tuple[list[Row], _Fault | None]] = [(rows, fault)]
        while waiting:
            part, known = waiting.pop()
            made: Any = known or self._try_rows(part, options)
            if not isinstance(made, _Fault):
                for row, result in zip(part, made[0], strict=True):
                    row.put(result)
                continue
            if made.memory:
                pace.cap(len(part) // 2)
                self._relieve(thoroughly=known is not None)
            if len(part) == 1:
                self._give_up(part[0], made, keep)
            else:
                half = len(part) // 2
                waiting += [(part[half:], None), (part[:half], None)]

    def _try_rows(self, rows: list[Row], options: Any) -> Any:
        examples = [row.example for row in rows]
        return self._try(lambda: self.collate(examples), examples, options, 0)

    def _give_up(self, row: Row, fault: _Fault, keep: bool) -> None:
        name = row.slot.prepared.name
        if fault.memory or fault.error is None:
            row.fail(too_big(name, str(self._device)))
        else:
            row.fail(run_failure(name, fault.error), fault.error if keep else None)

    def _try(self, collated: Callable[[], Any], examples: Sequence[Any], options: Any, units: int) -> Any:
        """`(results, seconds)`, or the fault; `units` are given where memory is to be measured."""
        watch = _Watch(self._device) if units else None
        try:
            batch = collated()
            with self._source.turn() as module, torch.inference_mode(), watch or nullcontext():
                started = self._clock()
                outputs = self._forward(module, self._mover.moved(batch, module), options)
                results = self._runner.finish(outputs, examples, options)
                seconds = self._clock() - started
            if len(results) != len(examples):
                raise TypeError(f"finish() gave {len(results)} results for {len(examples)} examples")
        except Exception as error:  # whatever a model stumbles over: it is looked at, and then told of an input
            return self._fault(error)
        if watch is not None:
            self._tell(watch, units)
        return results, seconds

    def _tell(self, watch: _Watch, units: int) -> None:
        self._units = max(self._units, units)
        self._each = max(self._each, watch.peak / units)
        self._source.measured(watch.peak)

    def _fault(self, error: Exception) -> _Fault:
        """What a failure is; raised at once where it would meet every input."""
        found = kind(error)
        if found == "lost" and self._device.type != "cpu":  # a CPU is not lost, whatever a text says
            raise lost(error, str(self._device)) from error
        if found == "memory":
            return _Fault(memory=True)
        if isinstance(error, ZooError) and not isinstance(error, BadData | ResourceError):
            raise error
        return _Fault(memory=False, error=error)

    def _relieve(self, *, thoroughly: bool) -> None:
        """Give back what allocators keep for later, and what only the garbage collector finds."""
        if thoroughly:
            gc.collect()
        if self._device.type == "mps":
            torch.mps.empty_cache()
        elif self._device.type in _ALLOCATORS:
            _ALLOCATORS[self._device.type].empty_cache()

    def _fits(self, count: int, batch: Batch) -> bool:
        """Whether a batch of so many examples, otherwise like the given one, has room."""
        return self._each * batch.units * count / batch.asked <= self._source.room()

    def _measure(self, batch: Batch, options: Any) -> None:
        """On a CPU: run a batch once more, watching its operations one by one, for their memory alone.

        Its results are not used: torch takes some operations apart while they are watched, resizing for one, which
        changes last digits, and an input must give the same result wherever it stands in a stream.
        """
        watched = self._device.type == "cpu" and batch.units > self._units * MEASURED_AGAIN
        chance = getattr(options, "seed", None) is not None
        if watched and self._ran > WORTHWHILE and not chance and not self._forward.compiled:
            watch = _Watch(self._device)
            try:
                collated = self.collate(batch.examples)
                with self._source.turn() as module, torch.inference_mode(), watch:
                    self._forward(module, self._mover.moved(collated, module), options)
            except Exception:  # the batch itself is done: what cannot be watched is taken as it is
                self._units = batch.units
                return
            self._tell(watch, batch.units)


class _Watch:
    """Measures the memory that is taken inside: by the device's allocator, or by watching operations on a CPU."""

    def __init__(self, device: torch.device) -> None:
        self.peak = 0
        self._device = device
        self._allocator = _ALLOCATORS.get(device.type)
        self._operations = None if self._allocator else PeakMemory()
        self._before = 0

    def __enter__(self) -> None:
        if self._allocator is not None:
            self._allocator.reset_peak_memory_stats(self._device)
            self._before = self._allocator.memory_allocated(self._device)
        elif self._operations is not None:
            self._operations.__enter__()  # type: ignore[no-untyped-call]

    def __exit__(self, *error: Any) -> None:
        if self._allocator is not None:
            self.peak = self._allocator.max_memory_allocated(self._device) - self._before
        elif self._operations is not None:
            self._operations.__exit__(*error)  # type: ignore[no-untyped-call]
            self.peak = self._operations.peak
