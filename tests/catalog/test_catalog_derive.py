from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command

from tests.catalog import catalog_cards
from zoo.cards import ModelCard, canonical_json, digest
from zoo.catalog import hot
from zoo.catalog.build import content_digest
from zoo.catalog.catalog import Catalog
from zoo.catalog.engine import make_engine
from zoo.catalog.entries import entry_of
from zoo.catalog.layout import DERIVED
from zoo.catalog.migrate import _config, migrate
from zoo.errors import CatalogError

FIRST = """
INSERT INTO feed VALUES ('vision', 'plugin', '1.0', 'd', '2026-01-01T00:00:00Z');
INSERT INTO feed VALUES ('hub', 'hub', '', 'e', '2026-01-01T00:00:00Z');
INSERT INTO task VALUES ('image-classification');
INSERT INTO setting VALUES ('rebuilt', '2026-01-01T00:00:00Z');
INSERT INTO revision VALUES
  ('timm/resnet50.a1_in1k', 'abcdef1', 'timm/resnet50.a1_in1k', '2026', NULL, '{}', 5, 'MIT', NULL, NULL);
INSERT INTO alias VALUES ('timm/resnet50.a1_in1k', 'prod', 'abcdef1');
INSERT INTO run VALUES ('r1', 'finetune', 'cats', '[]', '{}', '{}', '{}', '{}', '{}', '2026', NULL, 'running');
INSERT INTO lineage VALUES (1, 'cats', NULL, 'timm/resnet50.a1_in1k', NULL, 'finetuned', 'r1');
"""


def write_first(path: Path, cards: dict[str, list[ModelCard]]) -> None:
    """A database of the first schema, with what the zoo of that time wrote."""
    config = _config(())
    with make_engine(path, foreign_keys=False).execution_options(immediate=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("PRAGMA user_version=1")
    database = sqlite3.connect(path)
    database.executescript(FIRST)
    names = [row[1] for row in database.execute("PRAGMA table_info(model)")]
    for feed, some in cards.items():
        for card in some:
            plain = card.to_dict()
            row = dict.fromkeys(names) | {"id": card.id, "folded": card.id.lower(), "feed": feed, "variant": 0}
            row |= {name: getattr(card, name) for name in ("task", "library", "loader", "architecture", "summary")}
            row |= {"name": card.id, "short": card.id, "stem": "", "licence": card.licence.weights, "sources": "[]"}
            row["digest"] = digest(plain)
            key = database.execute(
                f"INSERT INTO model VALUES ({','.join('?' * len(names))})", list(row.values())
            ).lastrowid
            database.execute("INSERT INTO card VALUES (?, ?)", (key, canonical_json(plain)))
            database.execute("INSERT INTO model_task VALUES (?, 'image-classification', 0)", (key,))
    database.commit()
    database.close()


@pytest.fixture
def first(tmp_path: Path) -> Path:
    path = tmp_path / "registry.db"
    write_first(path, {"vision": catalog_cards.vision(), "hub": catalog_cards.hub()})
    return path


def test_a_database_of_the_first_schema_keeps_all_that_it_knows(first: Path, tmp_path: Path, empty: Path):
    with pytest.raises(CatalogError, match="older schema 1"):
        hot.search(first, "resnet")
    with Catalog(first) as catalog:
        for card in [*catalog_cards.vision(), *catalog_cards.hub()]:
            assert catalog.get(card.id) == card
        assert {feed.name: (feed.kind, feed.models) for feed in catalog.feeds()} == {
            "hub": ("hub", len(catalog_cards.HUB)),
            "vision": ("plugin", len(catalog_cards.TIMM)),
        }
        assert catalog.alias("timm/resnet50.a1_in1k", "prod") == "abcdef1"
        assert [run.id for run in catalog.runs()] == ["r1"]
        assert catalog.lineage("cats").ancestors[0].base == "timm/resnet50.a1_in1k"
        assert not catalog.needs_rebuild
    assert hot.search(first, "resnet").rows[0]["id"] == "timm/resnet50.a1_in1k"
    assert hot.search(first, "installed:yes").total == 1
    assert len(list(first.parent.glob("registry.db.bak-1-*"))) == 1
    with Catalog(tmp_path / "fresh.db", shipped=empty) as fresh:
        fresh.sync_feed("hub", "hub", "", catalog_cards.hub())
        fresh.sync_feed("vision", "plugin", "1.0", catalog_cards.vision())
    for query in ("", "resnet", "bert", "lang:de", "top1>70 sort:top1"):
        found = [
            [row["id"] for row in hot.search(path, query, limit=-1).rows] for path in (first, tmp_path / "fresh.db")
        ]
        assert found[0] == found[1]


def test_cards_that_cannot_be_read_leave_the_first_schema_as_it_was(first: Path):
    database = sqlite3.connect(first)
    database.execute('UPDATE card SET text = \'{"id": "x"}\' WHERE model = 3')
    database.commit()
    database.close()
    before = first.read_bytes()
    with pytest.raises(CatalogError, match=r"could not be brought to the newest schema, and is as it was: .*lacks"):
        Catalog(first).open()
    assert first.read_bytes() == before


def test_a_migration_killed_on_its_way_leaves_the_old_state(first: Path):
    code = (
        "import sys, time; from pathlib import Path; from zoo.catalog import derive, migrate\n"
        "def slow(connection): derive.derive(connection); print('derived', flush=True); time.sleep(60)\n"
        "migrate.derive = slow\n"
        "migrate.migrate(Path(sys.argv[1]))"
    )
    before = content_digest(first)
    process = subprocess.Popen([sys.executable, "-c", code, str(first)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "derived\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert content_digest(first) == before
    assert migrate(first)
    assert hot.search(first, "").total == len(catalog_cards.TIMM) + len(catalog_cards.HUB)


def test_what_is_derived_otherwise_is_derived_anew_on_opening(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", catalog_cards.vision())
    catalog.edit("timm/resnet50.a1_in1k", {"summary": "mine"})
    catalog.close()
    contents = []
    for damage in ("", "UPDATE model SET task = 'nonsense'", "DELETE FROM model_search"):
        database = sqlite3.connect(catalog.path)
        database.execute("UPDATE setting SET value = '0' WHERE key = 'derived'")
        database.execute(damage)
        database.commit()
        database.close()
        assert not hot.state(catalog.path)["derived"]
        Catalog(catalog.path).open().close()
        contents.append(content_digest(catalog.path))
    assert len(set(contents)) == 1
    with Catalog(catalog.path) as again:
        assert again.edits("timm/resnet50.a1_in1k")
        assert not again.sync_feed("vision", "plugin", "1", catalog_cards.vision()).changed
    assert hot.search(catalog.path, "mine resnet50").total == 1
    assert list(catalog.path.parent.glob("*.bak-*")) == []


def test_whoever_changes_what_is_derived_raises_its_version():
    facts = {"config": {"input_size": [3, 224, 224], "num_classes": 1000}, "macs": 4_100_000_000, "downloads": 12_345}
    facts |= {"published": "2015-12-10", "aliases": ("resnet50",), "family": "resnet", "deprecated": "old"}
    known = catalog_cards.timm_card("resnet50.known", **facts)
    entries = [entry_of(card) for card in [*catalog_cards.vision(), *catalog_cards.hub(), known]]
    derived = [[e.bucket, e.points, e.model, e.words, e.facts, e.also] for e in entries]
    found = hashlib.sha256(json.dumps(derived, sort_keys=True).encode()).hexdigest()[:16]
    assert (DERIVED, found) == (2, "8074ef19699c492c"), (
        "raise DERIVED in zoo.catalog.layout, then write the new digest here"
    )
