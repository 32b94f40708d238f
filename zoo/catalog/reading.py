"""Opening the database for reading, with `sqlite3` alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from zoo.catalog.faults import explain, missing, too_new
from zoo.catalog.layout import SCHEMA_VERSION
from zoo.errors import CatalogError

__all__ = ["Row", "marks", "opened", "reading"]

Row = dict[str, Any]

WAIT_S = 10


# The database that is open for reading in this thread: opening one takes longer than most questions.
_OPEN: ContextVar[tuple[Path, sqlite3.Connection] | None] = ContextVar("open", default=None)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """An open database of the schema that this code knows; raises `CatalogError` when there is none.

    Inside the block it is the same connection for all who read the same database.
    """
    already = _OPEN.get()
    if already and already[0] == path:
        yield already[1]
        return
    with _reading(path) as connection:
        token = _OPEN.set((path, connection))
        try:
            yield connection
        finally:
            _OPEN.reset(token)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with opened(path) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()["user_version"]
        if version > SCHEMA_VERSION:
            raise too_new(path, version)
        if version < SCHEMA_VERSION:
            raise CatalogError(
                f"the catalog {path} has the older schema {version}, this zoo needs {SCHEMA_VERSION}",
                "Run `zoo doctor`: it brings the catalog up to date.",
            )
        yield connection


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """An open database of any schema; raises `CatalogError` when it is missing or not sound."""
    if not path.is_file():
        raise missing(path)
    try:
        connection = _connect(path)
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise explain(error, path) from error


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return _connect_mode(path, "ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
    # A writer was killed in its commit: only a connection that may write can roll back what it left.
    return _connect_mode(path, "rw")


def _connect_mode(path: Path, mode: str) -> sqlite3.Connection:
    quoted = path.absolute().as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    slash = "" if quoted.startswith("/") else "/"
    connection = sqlite3.connect(f"file:{slash}{quoted}?mode={mode}", uri=True, timeout=WAIT_S)
    connection.row_factory = _as_dict
    try:
        connection.execute("PRAGMA cache_size=-16000")  # a broad search reads all models twice
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _as_dict(cursor: sqlite3.Cursor, values: Sequence[Any]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def marks(values: Sequence[Any]) -> str:
    """A `?` for each value, for IN (...)."""
    return ",".join("?" * len(values))
