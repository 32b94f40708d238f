"""The catalog as shipped, and its copy in the zoo's home on first use."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.catalog import hot
from zoo.catalog.reading import reading
from zoo.errors import CatalogError

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.catalog.records import Feed

__all__ = ["cards_of", "feeds_of", "packed", "prepare"]


def packed() -> Path | None:
    """The shipped database: inside the installed package, else at the top of the source checkout; None without one."""
    package = Path(__file__).resolve().parents[1]
    inside, checkout = package / "_data" / "registry.db", package.parent / "registry.db"
    if inside.is_file():
        return inside
    # Beside an installed package there is a site folder, where a `registry.db` would be somebody else's.
    return checkout if checkout.is_file() and (package.parent / "pyproject.toml").is_file() else None


def prepare(path: Path, *, shipped: Path | None = None) -> bool:
    """Make sure that a database of the newest schema is at `path`; cheap when it is.

    A missing one is copied from the shipped one (`packed()` unless given), an older one is migrated after a backup;
    what this code would derive otherwise from the cards is derived anew.

    Returns:
        True when it was created now.

    Raises:
        CatalogError: the folder cannot be written, or the database is corrupt.
        CatalogTooNew: the database is newer than this code.
    """
    if not path.exists():
        return _create(path, shipped or packed())
    state = hot.state(path)
    if not _is_current(state):
        _migrate(path, keep=True)
    return False


def _create(path: Path, origin: Path | None) -> bool:
    """Copy under a lock, so that a slower process never replaces what a faster one has begun to write."""
    import tempfile

    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock")):
            if path.exists():
                return False
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".registry-") as folder:
                made = Path(folder) / path.name
                _fill(made, origin)
                _forget_journals(path)
                made.replace(path)
    except OSError as error:
        raise CatalogError(
            f"the catalog {path} cannot be created: {error.strerror or error}",
            "Make its folder writable, free some space, or set ZOO_HOME to a folder of your own.",
        ) from error
    return True


def _fill(made: Path, origin: Path | None) -> None:
    if origin is None or origin.stat().st_size == 0:
        _migrate(made, keep=False)
        return
    with made.open("wb") as file:
        file.write(origin.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    try:
        state = hot.state(made)
        if not _is_current(state):
            _migrate(made, keep=False)
    except CatalogError as error:
        raise CatalogError(
            f"the shipped catalog {origin} cannot be used: {error.cause}",
            "Install it again with `pip install --force-reinstall --no-deps zoo-registry`.",
        ) from error


def _is_current(state: dict[str, Any]) -> bool:
    return bool(state["schema"] == state["known"] and state["derived"])


def _forget_journals(path: Path) -> None:
    # The journal of a database that was moved away would be played back into the new one, and corrupt it.
    for suffix in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _migrate(path: Path, *, keep: bool) -> None:
    from zoo.catalog.migrate import migrate

    migrate(path, keep=keep)


def feeds_of(path: Path) -> dict[str, Feed]:
    """The feeds of a shipped database by name."""
    from zoo.catalog.records import Feed

    with reading(path) as connection:
        rows = connection.execute(
            "SELECT name, kind, version, digest, synced, "
            "(SELECT COUNT(*) FROM model WHERE model.feed = feed.name) AS models FROM feed ORDER BY name"
        ).fetchall()
    return {row["name"]: Feed(**row) for row in rows}


def cards_of(path: Path, feed: str) -> list[ModelCard]:
    """The cards of one feed of a shipped database, by id."""
    from zoo.cards import ModelCard

    with reading(path) as connection:
        rows = connection.execute(
            "SELECT text FROM card JOIN model ON key = model WHERE feed = ? ORDER BY id", (feed,)
        ).fetchall()
    return [ModelCard.from_dict(json.loads(row["text"])) for row in rows]
