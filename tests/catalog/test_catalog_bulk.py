from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog import catalog_cards
from zoo.cards import canonical_json
from zoo.catalog import hot
from zoo.catalog.build import content_digest
from zoo.catalog.catalog import Catalog
from zoo.catalog.entries import entry_of
from zoo.catalog.preparing import Numbered, prepared
from zoo.catalog.records import SyncReport
from zoo.errors import BadCard, CatalogError

FOLDER = str(Path(__file__).parents[2])

# Imports cards in parcels, aside; the number of cards from which on it does so is made small.
IMPORT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.catalog import catalog_cards
from zoo.cards import canonical_json
from zoo.catalog import catalog, bulk
catalog.MANY, bulk._BATCH = 300, 400
lines = [canonical_json(c.replace(summary="changed").to_dict()) for c in catalog_cards.many(2000)]
held = catalog.Catalog(Path(sys.argv[2])).open()
print("begin", flush=True)
held.import_lines("many", "plugin", "2", lines)
print("done", flush=True)
"""


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("zoo.catalog.catalog.MANY", 300)
    monkeypatch.setattr("zoo.catalog.bulk._BATCH", 400)


@pytest.fixture
def many(catalog: Catalog) -> Path:
    catalog.sync_feed("other", "hub", "", catalog_cards.hub())
    catalog.record_revision(catalog_cards.manifest("openai/whisper-base"))
    catalog.sync_feed("many", "plugin", "1", catalog_cards.many(600))
    catalog.close()
    return catalog.path


def lines(count: int, **changes: object) -> list[str]:
    return [canonical_json(card.replace(**changes).to_dict()) for card in catalog_cards.many(count)]


def start(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", IMPORT, FOLDER, str(path)], stdout=subprocess.PIPE, text=True)


def leftovers(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir() if p.name not in {path.name, f"{path.name}.lock"})


def test_many_cards_come_in_as_few_do(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch):
    cards = list(catalog_cards.many(900))
    with Catalog(tmp_path / "many.db", shipped=empty) as catalog:
        assert catalog.sync_feed("f", "user", "1", cards) == SyncReport(added=900)
        (feed,) = catalog.feeds()
        assert catalog.get(cards[500].id) == cards[500]
    monkeypatch.setattr("zoo.catalog.catalog.MANY", 10_000)
    with Catalog(tmp_path / "few.db", shipped=empty) as catalog:
        assert catalog.sync_feed("f", "user", "1", cards) == SyncReport(added=900)
        assert catalog.feeds()[0].digest == feed.digest
    for query in ("resnet50", "resnet", "vit base", "v3 tv", "task:image-classification top1>80 sort:-top1"):
        few, much = (hot.search(tmp_path / name, query, limit=500) for name in ("few.db", "many.db"))
        assert sorted(row["id"] for row in few.rows) == sorted(row["id"] for row in much.rows)
        assert few.total == much.total > 0
    assert leftovers(tmp_path / "many.db") == ["few.db", "few.db.lock", "shipped"]


def test_importing_twice_changes_not_a_byte(many: Path):
    with Catalog(many) as catalog:
        report = catalog.import_lines("many", "plugin", "2", lines(900))
        assert report == SyncReport(added=300, unchanged=600)
        before = many.read_bytes()
        assert catalog.import_lines("many", "plugin", "2", reversed(lines(900))) == SyncReport(unchanged=900)
    assert many.read_bytes() == before
    assert leftovers(many) == []


def test_cards_change_and_go_and_others_stay(many: Path):
    told: list[int] = []
    with Catalog(many) as catalog:
        kept = [json.loads(line) for line in lines(500)]
        changed = [card | {"summary": "another"} if i < 50 else card for i, card in enumerate(kept)]
        report = catalog.import_lines("many", "plugin", "2", map(json.dumps, changed), told.append)
        assert report == SyncReport(updated=50, unchanged=450, removed=100)
        assert catalog.revisions("openai/whisper-base")
        assert catalog.drop_feed("many")
    assert told[-1] == 500
    assert hot.search(many, "").total == len(catalog_cards.HUB)
    connection = sqlite3.connect(many)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT COUNT(*) FROM facet WHERE models <= 0").fetchone() == (0,)
    assert connection.execute("SELECT COUNT(*) FROM model_search").fetchone() == (len(catalog_cards.HUB),)
    connection.close()


@pytest.mark.parametrize("count", [5, 700])
@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        ("{not json", "line 4: it is not JSON"),
        ("[1]", "line 4: it is not an object"),
        ('{"id": "a/b"}', "line 4: .*lacks fields"),
        ('{"id": "a/b", "colour": 1}', "line 4: .*unknown fields: colour"),
        (b"\xff\xfe", "line 4: it is not JSON"),
        (canonical_json(catalog_cards.timm_card("x", parameters=-1).to_dict()), "line 4: .*parameters must be a count"),
        (canonical_json({**catalog_cards.timm_card("x").to_dict(), "metrics": 7}), "line 4: .*"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(many: Path, count: int, bad: str | bytes, cause: str):
    given: list[str | bytes] = [*lines(count)]
    given[2:2] = ["  \n", bad]
    before = many.read_bytes()
    with Catalog(many) as catalog, pytest.raises(BadCard, match=cause):
        catalog.import_lines("mine", "user", "1", given)
    assert many.read_bytes() == before
    assert leftovers(many) == []


@pytest.mark.parametrize("count", [100, 700])
def test_one_model_twice_or_of_another_feed_is_refused(many: Path, count: int):
    before = content_digest(many)
    with Catalog(many) as catalog:
        with pytest.raises(CatalogError, match="declared twice"):
            catalog.import_lines("many", "plugin", "2", [*lines(count), lines(1)[0]])
        with pytest.raises(CatalogError, match="both supply"):
            catalog.import_lines("mine", "user", "1", lines(count))
    assert content_digest(many) == before


def test_what_the_user_said_survives_an_import(many: Path):
    model = lines(1)[0].split('"id":"')[1].split('"')[0]
    with Catalog(many) as catalog:
        catalog.edit(model, {"summary": "mine", "tags": {"add": ["favourite"]}})
        report = catalog.import_lines("many", "plugin", "2", lines(600, summary="theirs"))
        assert (report.updated, report.kept) == (600, 1)
        assert catalog.get(model).summary == "mine"
        assert [row["id"] for row in hot.search(many, "tag:favourite").rows] == [model]
        assert catalog.import_lines("many", "plugin", "2", lines(600, summary="theirs")).unchanged == 600


def test_an_importer_killed_at_any_moment_leaves_the_old_or_the_new_state(many: Path):
    seen = set()
    rng = random.Random(1)
    for turn in range(6):
        process = start(many)
        assert process.stdout is not None
        assert process.stdout.readline() == "begin\n"
        if turn:
            time.sleep(rng.uniform(0, 1.2))
            process.send_signal(signal.SIGKILL)
        process.communicate()
        found = (hot.search(many, "timm").total, hot.search(many, "changed").total)
        assert found in {(600, 0), (2000, 2000)}
        seen.add(found)
        connection = sqlite3.connect(many)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        with Catalog(many) as catalog:  # also clears away what the killed one left
            catalog.sync_feed("many", "plugin", "1", catalog_cards.many(600))
    assert (2000, 2000) in seen
    assert leftovers(many) == []


def test_ten_readers_and_another_writer_beside_an_import(many: Path):
    failures: list[BaseException] = []
    counts: set[int] = set()
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                counts.add(hot.search(many, "timm", limit=3).total)
        except BaseException as error:
            failures.append(error)

    def write() -> None:
        try:
            with Catalog(many) as catalog:
                for i in range(10):
                    catalog.remember(f"key{i}", "x")
        except BaseException as error:
            failures.append(error)

    threads = [*(threading.Thread(target=read) for _ in range(10)), threading.Thread(target=write)]
    process = start(many)
    for thread in threads:
        thread.start()
    process.communicate()
    assert process.returncode == 0
    threads[-1].join()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert counts <= {600, 2000}
    assert hot.search(many, "changed").total == 2000
    assert all(hot.setting(many, f"key{i}") == "x" for i in range(10))


def test_a_full_disk_is_named_and_changes_nothing(many: Path, monkeypatch: pytest.MonkeyPatch):
    def full(connection: sqlite3.Connection, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 10}")

    monkeypatch.setattr("zoo.catalog.bulk._hurry", full)
    before = many.read_bytes()
    with Catalog(many) as catalog, pytest.raises(CatalogError, match=r"disk .* is full.*\n.*Free some space"):
        catalog.import_lines("many", "plugin", "2", lines(2000))
    assert many.read_bytes() == before
    assert leftovers(many) == []


@pytest.mark.parametrize("processes", [0, 1, 3])
def test_entries_are_the_same_wherever_they_are_prepared_and_come_in_order(processes: int):
    cards = [*catalog_cards.vision(), *catalog_cards.hub()]
    source: Iterator[Numbered] = (Numbered(n, card.to_dict()) for n, card in enumerate(cards * 40, 1))
    made = [entry for some in prepared(source, processes=processes) for entry in some]
    assert made == [entry_of(card) for card in cards * 40]


def test_a_value_that_json_cannot_hold_is_named(many: Path):
    cards = [*catalog_cards.many(500), catalog_cards.timm_card("odd", config={"size": object()})]
    with Catalog(many) as catalog, pytest.raises(BadCard):
        catalog.sync_feed("many", "plugin", "2", cards)
