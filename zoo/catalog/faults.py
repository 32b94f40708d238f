"""What SQLite's errors mean to the user: one clear error each, with its remedy."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from zoo.catalog.layout import SCHEMA_VERSION
from zoo.errors import CatalogError, CatalogTooNew

__all__ = ["corrupt", "explain", "missing", "too_new"]


def explain(error: sqlite3.Error, path: Path) -> CatalogError:
    """The zoo's error for an SQLite error on the database at `path`."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return corrupt(path, error)
    if name == "SQLITE_READONLY_DBMOVED":
        return CatalogError(f"the catalog {path} was moved or replaced while in use", "Run the command again.")
    if name.startswith("SQLITE_READONLY"):
        return CatalogError(
            f"the catalog {path} cannot be written: it or its folder is read-only",
            "Reading works. To write, change the permissions, or set ZOO_HOME to a folder of your own.",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return CatalogError(
            f"the catalog {path} is in use by another process", "Wait until it is done and run the command again."
        )
    if name.startswith("SQLITE_FULL"):
        return CatalogError(
            f"the disk that holds the catalog {path} is full: nothing was changed",
            "Free some space, then run the command again.",
        )
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH", "SQLITE_IOERR")):
        return CatalogError(
            f"the catalog {path} cannot be opened: {error}", f"Check that you may read and write {path.parent}."
        )
    return CatalogError(f"the catalog {path} failed: {error}", "Run `zoo doctor --fix`.")


def corrupt(path: Path, error: object) -> CatalogError:
    """The error for a file that is no sound database, with the way to rebuild it."""
    return CatalogError(
        f"the catalog {path} is not a sound database: {error}",
        f"Move it away with `mv '{path}' '{path}.broken'` and run the command again: the shipped catalog is copied "
        "anew, and the installed models are found again from the store's manifests.",
    )


def missing(path: Path) -> CatalogError:
    """The error for a database that does not exist."""
    return CatalogError(f"there is no catalog at {path}", "Run any `zoo` command that may write there; it makes one.")


def too_new(path: Path, version: int, known: int = SCHEMA_VERSION) -> CatalogTooNew:
    """The error for a schema that this code does not know."""
    return CatalogTooNew(
        f"the catalog {path} has schema {version}, and this zoo knows up to {known}",
        "Upgrade with `pip install --upgrade zoo-registry`, or set ZOO_HOME to another folder.",
    )
