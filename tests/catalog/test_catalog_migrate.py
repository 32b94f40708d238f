from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalog import catalog_cards
from zoo.catalog import hot
from zoo.catalog.build import content_digest
from zoo.catalog.catalog import Catalog
from zoo.catalog.migrate import backup, migrate
from zoo.errors import CatalogError, CatalogTooNew

HEADER = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None
"""

WIDEN = """
def upgrade():
    with op.batch_alter_table("model", recreate="always") as batch:
        batch.add_column(sa.Column("stars", sa.Integer(), nullable=True))
"""

FAIL = """
def upgrade():
    op.create_table("extra", sa.Column("key", sa.Integer(), primary_key=True))
    op.execute("DELETE FROM also")
    op.execute("ALTER TABLE setting RENAME TO settings")
    op.drop_table("facet")
    op.execute("DELETE FROM model_search")
    raise RuntimeError("halfway")
"""

ORPHAN = """
def upgrade():
    op.execute("DELETE FROM feed")
"""


@pytest.fixture
def database(catalog: Catalog) -> Path:
    catalog.sync_feed("vision", "plugin", "1.0", catalog_cards.vision())
    catalog.record_revision(catalog_cards.manifest("timm/resnet50.a1_in1k"))
    catalog.close()
    return catalog.path


def versions(tmp_path: Path, body: str) -> list[Path]:
    folder = tmp_path / "more versions, 100%"
    folder.mkdir()
    (folder / "0003_test.py").write_text(HEADER + body)
    return [folder]


def scalar(path: Path, sql: str) -> object:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchone()[0]
    finally:
        connection.close()


def test_a_migration_keeps_rows_and_makes_a_backup(database: Path, tmp_path: Path):
    before = content_digest(database)
    counts = [f"SELECT COUNT(*) FROM {table}" for table in ("model", "card", "facet", "word", "metric", "file")]
    held = [scalar(database, sql) for sql in counts]
    assert migrate(database, versions=versions(tmp_path, WIDEN))
    assert [scalar(database, sql) for sql in counts] == held
    assert scalar(database, "SELECT COUNT(stars) FROM model") == 0
    assert scalar(database, "PRAGMA user_version") == 3
    assert scalar(database, "PRAGMA integrity_check") == "ok"
    (saved,) = database.parent.glob("registry.db.bak-2-*")
    assert content_digest(saved) == before


@pytest.mark.parametrize("body", [FAIL, ORPHAN, "def upgrade():\n    op.execute('nonsense')\n"])
def test_a_failed_migration_leaves_the_database_as_it_was(database: Path, tmp_path: Path, body: str):
    before = database.read_bytes()
    with pytest.raises(CatalogError) as error:
        migrate(database, versions=versions(tmp_path, body))
    assert database.read_bytes() == before
    assert [p.name for p in database.parent.iterdir() if "bak" in p.name or "journal" in p.name] == []
    assert error.value.cause
    assert hot.search(database, "resnet50")[1] > 5


def test_migrating_twice_does_nothing(database: Path, tmp_path: Path):
    folders = versions(tmp_path, WIDEN)
    assert migrate(database, versions=folders)
    before = database.read_bytes()
    assert not migrate(database, versions=folders)
    assert database.read_bytes() == before


def test_a_newer_schema_is_refused_by_all(database: Path, tmp_path: Path):
    migrate(database, versions=versions(tmp_path, WIDEN))
    with pytest.raises(CatalogTooNew, match=r"schema 3.*up to 2"):
        hot.search(database, "resnet")
    with pytest.raises(CatalogTooNew, match="pip install --upgrade"):
        Catalog(database).open()
    assert hot.state(database)["schema"] == 3


def test_an_older_schema_is_named_by_readers_and_migrated_by_open(tmp_path: Path):
    path = tmp_path / "registry.db"
    path.touch()
    with pytest.raises(CatalogError, match=r"older schema 0.*\n.*zoo doctor"):
        hot.search(path, "resnet")
    with Catalog(path) as catalog:
        assert catalog.feeds() == ()


def test_two_processes_migrating_at_once_both_end_well(database: Path, tmp_path: Path):
    (folder,) = versions(tmp_path, WIDEN)
    code = (
        "import sys; from pathlib import Path; from zoo.catalog.migrate import migrate; "
        "print(migrate(Path(sys.argv[1]), versions=[Path(sys.argv[2])]))"
    )
    command = [sys.executable, "-c", code, str(database), str(folder)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = sorted(process.communicate()[0].strip() for process in running)
    assert answers == ["False", "True"]
    assert len(list(database.parent.glob("registry.db.bak-*"))) == 1


def test_a_backup_holds_only_what_was_committed(database: Path):
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM card")
    saved = backup(database, 1)
    connection.execute("ROLLBACK")
    connection.close()
    assert content_digest(saved) == content_digest(database)
