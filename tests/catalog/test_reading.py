"""One connection serves all who read the same database inside a block."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from zoo import Zoo
from zoo.catalog.reading import reading
from zoo.errors import CatalogError


@pytest.fixture
def database(tmp_path: Path) -> Path:
    zoo = Zoo(tmp_path / "zoo", offline=True, quiet=True)
    return zoo.ready()


def test_blocks_inside_a_block_share_its_connection(database: Path) -> None:
    with reading(database) as outer, reading(database) as inner:
        assert inner is outer
    with reading(database) as later:
        assert later is not outer
    with pytest.raises(sqlite3.ProgrammingError):
        outer.execute("SELECT 1")


def test_another_database_and_another_thread_have_their_own(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(database.read_bytes())
    seen: list[sqlite3.Connection] = []

    def read() -> None:
        with reading(database) as connection:
            seen.append(connection)

    with reading(database) as outer:
        with reading(copy) as other:
            assert other is not outer
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        assert seen and seen[0] is not outer


def test_what_fails_inside_is_explained_and_leaves_nothing_open(database: Path) -> None:
    with pytest.raises(CatalogError), reading(database), reading(database) as inner:
        inner.execute("SELECT * FROM nowhere")
    with reading(database) as again:
        assert again.execute("SELECT 1 AS one").fetchone() == {"one": 1}
