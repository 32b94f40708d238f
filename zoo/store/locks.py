"""Who may change what: one lock a model for the long work, one lock for the store for the short moments of change.

The order is always model, then store. Locks are held by the operating system for a process and vanish with it, however
it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["Locks", "folder_name"]


def folder_name(model_id: str) -> str:
    """A model's id as the name of one file or folder."""
    return quote(model_id, safe="+")


class Locks:
    """The locks of one store.

    Args:
        folder: where their files lie; made when the first lock is taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _lock(self, name: str) -> BaseFileLock:
        from filelock import FileLock

        self._folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self._folder / f"{name}.lock")

    @contextmanager
    def model(self, model_id: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold a model's lock; `waiting` is called once when another process has it."""
        from filelock import Timeout

        lock = self._lock(f"model-{folder_name(model_id)}")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if waiting:
                waiting()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def model_if_free(self, name: str) -> Iterator[bool]:
        """Hold the lock of the model with this `folder_name` if nobody has it; gives whether it is held."""
        from filelock import Timeout

        lock = self._lock(f"model-{name}")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    @contextmanager
    def store(self) -> Iterator[None]:
        """Hold the store's lock: blobs and model folders change only under it, and only for a moment."""
        with self._lock("store"):
            yield
