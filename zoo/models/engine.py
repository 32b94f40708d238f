"""The batching engine: runs any runner's steps over a stream of inputs, in constant memory, in order.

Inputs are prepared in worker threads ahead of the device, grouped by length within a window, run in batches, and
given out in the order in which they came. A batch that does not fit into memory is halved and run again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import torch

from zoo.errors import BadOption, ResourceError, ZooError
from zoo.plugin import Runner

__all__ = ["Engine", "Failure", "OnError"]

OnError = Literal["raise", "skip", "return"]

WINDOW = 8  # batches in which examples are grouped by length
WORKERS = 2


@dataclass(frozen=True)
class Failure:
    """Stands for the result of an input that could not be used, when failures are returned."""

    error: ZooError

    def to_dict(self) -> dict[str, Any]:
        """`{"error": cause}`."""
        return {"error": self.error.cause}

    def __str__(self) -> str:
        return self.error.cause


@dataclass(frozen=True)
class _Prepared:
    examples: Sequence[Any]
    error: ZooError | None = None


class Engine:
    """Runs one module with one runner.

    Args:
        module: what the loader made.
        runner: the task's runner.
        device: to which batches are moved; None leaves them.
        dtype: the type of floating-point batch tensors; None leaves them.
        batch: examples a batch; the runner's own number when None. Halved for good when memory runs out.
    """

    def __init__(
        self,
        module: Any,
        runner: Runner,
        *,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
        batch: int | None = None,
    ) -> None:
        if batch is not None and batch < 1:
            raise BadOption(f"a batch of {batch} makes no sense", "Give 1 or more.")
        self.module = module
        self.runner = runner
        self.batch = batch or runner.batch
        self._device = device
        self._dtype = dtype
        self._lock = threading.Lock()

    def run(self, inputs: Iterable[Any], options: Any, on_error: OnError = "raise") -> Iterator[Any]:
        """One result per input, in order.

        Args:
            inputs: read as far ahead as a few batches need, never to the end; a `ZooError` among them is an input that
                could not even be found, and fails as such.
            options: of the runner.
            on_error: for inputs that cannot be used: `raise`, `skip` them, or `return` a `Failure` in their place.
        """
        pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="zoo-prepare")
        try:
            for window in self._windows(pool, inputs, options):
                yield from self._finish_window(window, options, on_error)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _windows(self, pool: ThreadPoolExecutor, inputs: Iterable[Any], options: Any) -> Iterator[list[_Prepared]]:
        window: list[_Prepared] = []
        count = 0
        for prepared in self._prepared(pool, inputs, options):
            window.append(prepared)
            count += max(1, len(prepared.examples))
            if count >= self.batch * WINDOW:
                yield window
                window, count = [], 0
        if window:
            yield window

    def _prepared(self, pool: ThreadPoolExecutor, inputs: Iterable[Any], options: Any) -> Iterator[_Prepared]:
        ahead: deque[Future[_Prepared]] = deque()
        for value in inputs:
            ahead.append(pool.submit(self._prepare, value, options))
            if len(ahead) > self.batch * 2:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def _prepare(self, value: Any, options: Any) -> _Prepared:
        if isinstance(value, ZooError):
            return _Prepared((), value)
        try:
            return _Prepared(self.runner.prepare(value, options))
        except ZooError as error:
            return _Prepared((), error)

    def _finish_window(self, window: list[_Prepared], options: Any, on_error: OnError) -> Iterator[Any]:
        """Run a window's examples sorted by size, then give the results in the inputs' order."""
        if on_error == "raise" and (first := next((p.error for p in window if p.error), None)):
            raise first
        examples = [example for prepared in window for example in prepared.examples]
        results = iter(self._in_order(examples, options))
        for prepared in window:
            if prepared.error is None:
                yield self.runner.merge([next(results) for _ in prepared.examples], options)
            elif on_error == "return":
                yield Failure(prepared.error)

    def _in_order(self, examples: list[Any], options: Any) -> list[Any]:
        order = sorted(range(len(examples)), key=lambda i: self.runner.size(examples[i]))
        results: list[Any] = [None] * len(examples)
        start = 0
        while start < len(order):
            rows = order[start : start + self.batch]
            made = self._batch([examples[i] for i in rows], options)
            for row, result in zip(rows, made, strict=True):
                results[row] = result
            start += len(rows)
        return results

    def _batch(self, examples: list[Any], options: Any) -> Sequence[Any]:
        try:
            with self._lock, torch.inference_mode():
                batch = self._move(self.runner.collate(examples))
                return self.runner.finish(self.runner.forward(self.module, batch, options), examples, options)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
            if len(examples) == 1:
                raise ResourceError("one input alone does not fit into memory", "Make it smaller.") from error
        self.batch = max(1, len(examples) // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        half = len(examples) // 2
        return [*self._batch(examples[:half], options), *self._batch(examples[half:], options)]

    def _move(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            dtype = self._dtype if value.is_floating_point() else None
            return value.to(self._device, dtype, non_blocking=True)
        if isinstance(value, dict):
            return {name: self._move(item) for name, item in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(self._move(item) for item in value)
        return value


def _out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "out of memory" in text
        or "t allocate memory" in text
    )
