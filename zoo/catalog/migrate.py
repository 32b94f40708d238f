"""From one version of the schema, or of what is derived from cards, to the next: all or nothing, after a backup."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from zoo.catalog.derive import SETTING, derive
from zoo.catalog.engine import explained, make_engine
from zoo.catalog.faults import too_new
from zoo.catalog.layout import APPLICATION_ID, DERIVED
from zoo.errors import CatalogError

__all__ = ["backup", "head", "migrate"]

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(path: Path, *, keep: bool = True, versions: Sequence[Path] = ()) -> bool:
    """Bring the database at `path` to the newest schema; an empty or missing file gets it whole.

    What is derived from the cards is made anew when the schema, or the way in which it is derived, has changed.

    Args:
        path: the database.
        keep: first back a database of an older schema up, beside it, as `<name>.bak-<version>-<date>`.
        versions: further folders with migrations.

    Returns:
        True when anything was done.

    Raises:
        CatalogTooNew: the schema is newer than the newest migration.
        CatalogError: a migration failed; the database is as it was.
    """
    config = _config(versions)
    # Foreign keys are off, or else SQLite's way to change a table (copy, drop, rename) would delete what refers to it.
    engine = make_engine(path, foreign_keys=False).execution_options(immediate=True)
    with explained(path), engine.begin() as connection:
        # In the same way of changing a table, views would be looked at while the table that they name is away.
        connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
        newest, version = head(config), int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version > newest:
            raise too_new(path, version, newest)
        if version == newest and _is_derived(connection):
            return False
        saved = backup(path, version) if keep and 0 < version < newest else None
        _upgrade(connection, config, path, saved)
        connection.exec_driver_sql(f"PRAGMA user_version={newest}")
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
    return True


def _is_derived(connection: Connection) -> bool:
    """Whether what is derived from the cards is of this zoo's version."""
    row = connection.exec_driver_sql("SELECT value FROM setting WHERE key = ?", (SETTING,)).first()
    return row is not None and row[0] == str(DERIVED)


def head(config: Config | None = None) -> int:
    """The number of the newest migration."""
    return int(ScriptDirectory.from_config(config or _config(())).get_current_head() or 0)


def backup(path: Path, version: int) -> Path:
    """Copy the database beside itself, consistently even while others write; returns the copy's path."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    made = path.with_name(f"{path.name}.bak-{version}-{stamp}")
    partial = made.with_name(f"{made.name}.part")
    source, target = sqlite3.connect(path), sqlite3.connect(partial)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    return partial.replace(made)


def _config(versions: Sequence[Path]) -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(_SCRIPTS))
    config.set_main_option("path_separator", "newline")
    folders = [_SCRIPTS / "versions", *versions]
    config.set_main_option("version_locations", "\n".join(_escaped(folder) for folder in folders))
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def _upgrade(connection: Connection, config: Config, path: Path, saved: Path | None) -> None:
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
        if not _is_derived(connection) or connection.dialect.has_table(connection, "kept"):
            derive(_driver(connection))
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    except Exception as error:  # a migration may raise anything; the transaction is rolled back either way
        raise _failed(path, saved, error) from error
    if broken:
        raise _failed(path, saved, f"table {broken[0]} refers to rows of {broken[2]} that do not exist")


def _driver(connection: Connection) -> sqlite3.Connection:
    found: Any = connection.connection.driver_connection
    return found  # type: ignore[no-any-return]


def _failed(path: Path, saved: Path | None, why: object) -> CatalogError:
    if saved:
        saved.unlink()  # the database itself is unchanged
    return CatalogError(
        f"the catalog {path} could not be brought to the newest schema, and is as it was: {why}",
        "Install the version of zoo-registry that made it, or report this.",
    )
