"""The SQLite engine: transactions that hold, foreign keys on, writes that survive a power cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from zoo.cards import canonical_json
from zoo.catalog.faults import explain

__all__ = ["explained", "make_engine"]

WAIT_S = 30


def make_engine(path: Path, *, foreign_keys: bool = True) -> Engine:
    """An engine on the database file.

    The driver is in autocommit and SQLAlchemy's `begin` sends the BEGIN, so that DDL too is part of the transaction;
    on an engine with the execution option `immediate` it is BEGIN IMMEDIATE, which takes the write lock at once. The
    journal stays in mode DELETE: WAL has a reset bug below SQLite 3.51.3 and needs a folder that can be written even
    for reading.
    """
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": WAIT_S}, json_serializer=canonical_json)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA journal_mode=DELETE")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the database's errors into `CatalogError`s."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise explain(error.orig, path) from error
        raise
    except sqlite3.Error as error:
        raise explain(error, path) from error
