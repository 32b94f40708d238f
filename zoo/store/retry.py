"""Failures that pass, and pulls that end: how long a download persists, and how it is stopped."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from zoo.errors import NetworkError

if TYPE_CHECKING:
    import requests

__all__ = ["Retries", "Stop", "Stopped", "Transient", "persist"]

_T = TypeVar("_T")


class Transient(Exception):
    """A failure that may pass; `wait` is how many seconds the server asked for."""

    def __init__(self, cause: str, wait: float = 0.0) -> None:
        super().__init__(cause)
        self.wait = wait


class Stopped(Exception):
    """The pull has ended for another reason, and this download with it."""


class Stop:
    """Ends all downloads of a pull at once, also those that wait for bytes."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._open: set[requests.Response] = set()

    def set(self) -> None:
        """End them."""
        self._event.set()
        with self._lock:
            for response in self._open:
                _cut(response)

    def check(self) -> None:
        """Raise `Stopped` after `set`."""
        if self._event.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond `set`."""
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def on_error(self) -> Iterator[None]:
        """End the downloads when what is done inside fails or is interrupted."""
        try:
            yield
        except BaseException:  # Ctrl-C too must not leave threads downloading
            self.set()
            raise

    @contextmanager
    def watching(self, response: requests.Response) -> Iterator[None]:
        """Close the response at the end, or as soon as `set` is called."""
        with self._lock:
            self._open.add(response)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._open.discard(response)
            response.close()


def _cut(response: requests.Response) -> None:
    """End a read that another thread waits in. urllib3 raises when the answer is complete: nothing waits then."""
    try:
        response.raw.shutdown()
    except (AttributeError, OSError, RuntimeError, ValueError):
        return


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How long to persist: `tries` failures without any progress, waits doubling from `base` to `longest` seconds."""

    tries: int = 5
    base: float = 0.5
    longest: float = 30.0

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures: with jitter, so that many clients do not come back at once."""
        full = min(self.longest, self.base * 2.0 ** max(0, failures - 1))
        return full * random.uniform(0.5, 1.0)  # noqa: S311 (no secret depends on it)


def persist(
    attempt: Callable[[], _T], *, what: str, retries: Retries, stop: Stop, progress: Callable[[], int] = lambda: 0
) -> _T:
    """Call `attempt` until it returns; gives up after `retries.tries` transient failures that brought nothing new.

    Args:
        attempt: raises `Transient` for a failure that may pass.
        what: for the error.
        retries: how long.
        stop: ends the waiting.
        progress: a number that grows when an attempt brought something, however it ended.

    Raises:
        NetworkError: it did not pass.
    """
    failures, best = 0, progress()
    while True:
        try:
            return attempt()
        except Transient as error:
            reached = progress()
            failures = 1 if reached > best else failures + 1
            best = max(best, reached)
            if failures >= retries.tries:
                raise NetworkError(
                    f"{what}: {error}", "Check the connection and try again: what was downloaded is kept and continued."
                ) from error
            stop.wait(max(error.wait, retries.delay(failures)))
