"""Inputs as they arrive, so that a source that is slow can be told from one that has ended."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

__all__ = ["ENDED", "WAITING", "Arrivals", "arrivals"]

READ_AHEAD = 64  # inputs that are read and not yet prepared


class _Mark:
    """Something that no input can be."""


ENDED = _Mark()
WAITING = _Mark()


class Arrivals:
    """Inputs of a list or tuple: all there."""

    def __init__(self, inputs: Iterable[Any]) -> None:
        self._inputs: Iterator[Any] = iter(inputs)

    def next(self, wait: float | None) -> Any:
        """The next input; `ENDED` after the last, `WAITING` when none came within `wait` seconds (None: any time).

        Raises:
            Exception: what the source of the inputs raised, after all inputs that came before it.
        """
        return next(self._inputs, ENDED)

    def close(self) -> None:
        """Read no more."""


class _Streamed(Arrivals):
    """Inputs of an iterator, read in a thread of its own.

    The thread is a daemon: nobody can wake it where it waits for a pipe, and it must not keep the program alive.
    """

    def __init__(self, inputs: Iterable[Any]) -> None:
        super().__init__(inputs)
        self._here: deque[Any] = deque()
        self._error: BaseException | None = None
        self._ended = self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="zoo-read", daemon=True)
        self._thread.start()

    def next(self, wait: float | None) -> Any:
        with self._changed:
            self._changed.wait_for(lambda: self._here or self._ended, wait)
            if self._here:
                value = self._here.popleft()
                self._changed.notify_all()
                return value
            if not self._ended:
                return WAITING
            error, self._error = self._error, None
        if error is not None:
            raise error
        return ENDED

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._here.clear()
            self._changed.notify_all()
        # It ends at once unless it waits for an input that may never come.
        self._thread.join(0.05)

    def _read(self) -> None:
        try:
            for value in self._inputs:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or len(self._here) < READ_AHEAD)
                    if self._closed:
                        break
                    self._here.append(value)
                    self._changed.notify_all()
        except BaseException as error:  # whatever it is, it belongs to the thread that asked for results
            self._error = error
        finally:
            self._end()

    def _end(self) -> None:
        try:
            if self._closed and hasattr(self._inputs, "close"):
                self._inputs.close()
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()


def arrivals(inputs: Iterable[Any]) -> Arrivals:
    """The inputs, read in the calling thread where they are all there, else in a thread of its own."""
    return Arrivals(inputs) if isinstance(inputs, Sequence | set | frozenset | dict) else _Streamed(inputs)
