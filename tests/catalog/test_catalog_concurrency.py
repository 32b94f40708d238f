from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.catalog import catalog_cards
from zoo.catalog import hot
from zoo.catalog.build import content_digest
from zoo.catalog.catalog import Catalog
from zoo.errors import CatalogError

FOLDER = str(Path(__file__).parent)

# Syncs other cards; stops where it is told to, in the transaction or in the middle of SQLite's own commit.
SYNC = """
import sys, time
from pathlib import Path
from sqlalchemy import event
sys.path.insert(0, sys.argv[1])
from tests.catalog import catalog_cards
from zoo.catalog.catalog import Catalog
catalog = Catalog(Path(sys.argv[2])).open()
if sys.argv[3] == "spill":  # a tiny cache: pages are written into the file before the commit, under a journal
    event.listen(catalog.engine, "connect", lambda c, _: c.execute("PRAGMA cache_size=5"))
if sys.argv[3] != "run":
    @event.listens_for(catalog.engine, "commit")
    def wait(connection):
        if connection.get_execution_options().get("immediate"):
            print("written", flush=True)
            time.sleep(60)
cards = [card.replace(summary="changed") for card in catalog_cards.many(400)]
print("begin", flush=True)
catalog.sync_feed("many", "plugin", "2", cards)
print("done", flush=True)
"""


@pytest.fixture
def many(catalog: Catalog) -> Path:
    catalog.sync_feed("many", "plugin", "1", catalog_cards.many(300))
    catalog.close()
    return catalog.path


def start(path: Path, how: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SYNC, FOLDER, str(path), how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("how", ["hold", "spill"])
def test_a_writer_killed_before_its_commit_leaves_the_old_state(many: Path, how: str):
    before = content_digest(many)
    process = start(many, how)
    assert process.stdout is not None
    assert [process.stdout.readline().strip() for _ in range(2)] == ["begin", "written"]
    end(process)
    journal = many.with_name("registry.db-journal")
    assert journal.exists() and journal.stat().st_size > 0
    # The first to read is a connection that may not write, to a file whose journal must be rolled back.
    assert hot.search(many, "changed").total == 0
    assert hot.search(many, "")[1] == 300
    assert content_digest(many) == before
    with Catalog(many) as catalog:
        assert catalog.sync_feed("many", "plugin", "1", catalog_cards.many(300)).unchanged == 300


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_state(many: Path):
    seen = set()
    rng = random.Random(0)
    for _ in range(6):
        process = start(many, "run")
        assert process.stdout is not None
        assert process.stdout.readline() == "begin\n"
        time.sleep(rng.uniform(0, 0.6))
        end(process)
        found = (hot.search(many, "")[1], hot.search(many, "changed")[1])
        assert found in {(300, 0), (400, 400)}
        seen.add(found)
        connection = sqlite3.connect(many)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute("INSERT INTO model_search(model_search) VALUES ('integrity-check')")
        connection.close()
        with Catalog(many) as catalog:
            catalog.sync_feed("many", "plugin", "1", catalog_cards.many(300))
    assert seen


def test_ten_readers_and_a_writer(many: Path):
    failures: list[BaseException] = []
    counts: set[int] = set()
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                counts.add(hot.search(many, "", limit=3)[1])
                assert hot.show(many, hot.search(many, "resnet18")[0][0]["id"]) is not None
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(10)]
    for reader in readers:
        reader.start()
    with Catalog(many) as catalog:
        for i in range(4):
            catalog.sync_feed("many", "plugin", str(i), catalog_cards.many(290 + i))
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert counts <= {300, 290, 291, 292, 293}


def test_two_processes_writing_at_once_both_end_well(many: Path):
    code = (
        "import sys; from pathlib import Path; from zoo.catalog.catalog import Catalog\n"
        "with Catalog(Path(sys.argv[1])) as catalog:\n"
        "    for i in range(20): catalog.remember(f'{sys.argv[2]}{i}', 'x')\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(many), name]) for name in "ab"]
    assert [process.wait() for process in running] == [0, 0]
    assert all(hot.setting(many, f"{name}{i}") == "x" for name in "ab" for i in range(20))


def test_a_database_locked_for_long_is_named(many: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("zoo.catalog.engine.WAIT_S", 0.1)
    holder = sqlite3.connect(many, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with Catalog(many) as catalog, pytest.raises(CatalogError, match=r"in use by another process.*\n.*again"):
            catalog.remember("k", "v")
        assert hot.search(many, "resnet18")[1] > 0
    finally:
        holder.close()


def test_an_error_in_a_transaction_rolls_all_of_it_back(many: Path):
    before = content_digest(many)
    with Catalog(many) as catalog, pytest.raises(RuntimeError), catalog._write() as session:
        from zoo.catalog import feeds

        feeds.drop(session, "many")
        raise RuntimeError
    assert content_digest(many) == before


def test_a_full_disk_is_named_and_changes_nothing(many: Path):
    before = content_digest(many)
    with Catalog(many) as catalog:

        @event.listens_for(catalog.engine, "connect")
        def fill(connection, _record):
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count={pages}")

        with pytest.raises(CatalogError, match=r"disk .* is full.*\n.*Free some space"):
            catalog.sync_feed("many", "plugin", "2", catalog_cards.many(900))
    assert content_digest(many) == before
