from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from zoo.catalog.engine import make_engine
from zoo.catalog.layout import APPLICATION_ID, SCHEMA_VERSION
from zoo.catalog.migrate import head, migrate
from zoo.catalog.schema import Base


def test_migrations_make_the_declared_tables(tmp_path: Path):
    assert migrate(tmp_path / "registry.db")
    with make_engine(tmp_path / "registry.db").connect() as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or not (name or "").startswith("model_s")}
        context = MigrationContext.configure(connection, opts={**options, "compare_type": True})
        differences = [d for d in compare_metadata(context, Base.metadata) if "word_gram" not in str(d)]
    assert differences == []


def test_the_version_in_the_header_is_the_newest_migration(tmp_path: Path):
    migrate(tmp_path / "registry.db")
    assert head() == SCHEMA_VERSION
    with make_engine(tmp_path / "registry.db").connect() as connection:
        assert connection.exec_driver_sql("PRAGMA user_version").scalar_one() == SCHEMA_VERSION
        assert connection.exec_driver_sql("PRAGMA application_id").scalar_one() == APPLICATION_ID
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "0002"


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda t: t.name)
def test_each_table_can_be_made_in_postgresql(table):
    dialect = postgresql.dialect()
    assert f"CREATE TABLE {table.name}" in str(CreateTable(table).compile(dialect=dialect))
    for index in table.indexes:
        assert f"INDEX {index.name}" in str(CreateIndex(index).compile(dialect=dialect))


def test_a_connection_keeps_what_it_promises(tmp_path: Path):
    migrate(tmp_path / "registry.db")
    with make_engine(tmp_path / "registry.db").connect() as connection:
        asked = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in PRAGMAS}
    assert asked == PRAGMAS


PRAGMAS = {"foreign_keys": 1, "synchronous": 2, "journal_mode": "delete", "busy_timeout": 30_000}
