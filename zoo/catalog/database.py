"""Opening the database for writing, lazily: SQLAlchemy is imported when the first method is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from zoo.catalog import shipped
from zoo.errors import CatalogError

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

__all__ = ["Database", "utc_now"]


def utc_now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Database:
    """One database file and its transactions.

    Args:
        path: the SQLite file, or its URL `sqlite:///…`.
        shipped: the shipped database, instead of the one that came with the zoo.
    """

    def __init__(self, path: Path | str, *, shipped: Path | None = None) -> None:
        self.path = _file_of(path)
        self._given = shipped
        self._engine: Engine | None = None

    def open(self) -> Self:
        """Copy the shipped database on first use, and migrate an older one after a backup.

        Raises:
            CatalogError: the database is corrupt, or cannot be made.
            CatalogTooNew: a newer zoo wrote it.
        """
        self.engine  # noqa: B018 (opens)
        return self

    def close(self) -> None:
        """Let go of the database; the next method opens it again."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, for what no method does."""
        if self._engine is None:
            from zoo.catalog.engine import make_engine

            shipped.prepare(self.path, shipped=self._given)
            self._engine = make_engine(self.path)
        return self._engine

    @contextmanager
    def _read(self) -> Iterator[Session]:
        with self._session(self.engine) as session:
            yield session

    @contextmanager
    def _write(self) -> Iterator[Session]:
        """A transaction that holds the write lock from its beginning; rolled back when anything raises."""
        from zoo.catalog.aside import inode

        engine = self.engine.execution_options(immediate=True)
        while True:
            before = inode(self.path)
            with self._session(engine) as session:
                session.connection()  # begins: from here on nobody replaces the file
                if inode(self.path) == before:
                    yield session
                    return

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        from sqlalchemy.orm import Session

        from zoo.catalog.engine import explained

        with explained(self.path), Session(engine) as session, session.begin():
            yield session


def _file_of(path: Path | str) -> Path:
    if isinstance(path, Path) or "://" not in path:
        return Path(path).absolute()
    scheme, _, rest = path.partition("://")
    if scheme != "sqlite" or not rest.startswith("/") or len(rest) < 2:
        raise CatalogError(
            f"the database URL {path!r} is not an SQLite file's; other databases cannot hold the catalog yet",
            "Set ZOO_DATABASE_URL=sqlite:////absolute/path/registry.db, or leave it unset.",
        )
    return Path(rest[1:]).absolute()
