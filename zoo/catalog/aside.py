"""Writing very much without keeping anybody waiting: into a copy beside the database, which then takes its place.

Within one large transaction SQLite writes into the file itself before the commit, when its memory is full, and from
then on nobody can read. A copy is read by nobody until it is whole; who reads the old file goes on doing so. Killed at
any moment, either the old file is there or the new one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zoo.catalog.faults import explain
from zoo.errors import CatalogError

__all__ = ["Discard", "aside", "inode"]

_PREFIX = ".import-"
WAIT_S = 30


class Discard(Exception):
    """Raised inside of `aside` to leave the database as it is."""


def inode(path: Path) -> int:
    """The number of the file that has this name now."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return -1


@contextlib.contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A copy of the database at `path`, that takes its place at the end unless anything is raised.

    The write lock of the original is held all the time, so that nothing written meanwhile is lost.

    Raises:
        CatalogError: the database is locked by another writer, or the disk is full.
    """
    with _explained(path), _locked(path):
        for left in path.parent.glob(f"{_PREFIX}*"):  # of a process that was killed: only who has the lock makes one
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
            made = Path(folder) / path.name
            _copy(path, made)
            try:
                yield made
            except Discard:
                return
            _replace(made, path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the write lock of the file that is at `path`, also once it is held."""
    while True:
        before = inode(path)
        connection = sqlite3.connect(path, isolation_level=None, timeout=WAIT_S)
        try:
            connection.execute("BEGIN IMMEDIATE")
            if inode(path) == before:
                yield
                return
        finally:
            connection.close()  # which rolls back, too


def _copy(path: Path, made: Path) -> None:
    # A connection of its own: SQLite copies nothing for one that is in a transaction that writes.
    source, target = sqlite3.connect(path, timeout=WAIT_S), sqlite3.connect(made)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()


def _replace(made: Path, path: Path) -> None:
    with made.open("rb+") as file:
        os.fsync(file.fileno())
    try:
        made.replace(path)
    except PermissionError as error:  # Windows does not replace a file that is open
        raise CatalogError(
            f"the catalog {path} is in use by another process", "Wait until it is done and run the command again."
        ) from error
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        raise CatalogError(
            f"the catalog {path} cannot be written: {error.strerror or error}",
            "Nothing was changed. Free some space or make its folder writable, then run the command again.",
        ) from error
