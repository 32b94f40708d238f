from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from tests.catalog import catalog_cards
from zoo.catalog import hot, shipped
from zoo.catalog.build import build, content_digest
from zoo.catalog.catalog import Catalog
from zoo.errors import CatalogError


def test_building_twice_gives_the_same_content(tmp_path: Path):
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    build(one, [("vision", "1", catalog_cards.vision()), ("hub", "2", catalog_cards.hub())])
    mixed = catalog_cards.vision()
    random.Random(0).shuffle(mixed)
    build(two, [("hub", "2", iter(catalog_cards.hub())), ("vision", "1", mixed)])
    assert content_digest(one) == content_digest(two)
    assert one.read_bytes() == two.read_bytes()


def test_other_cards_give_another_digest(tmp_path: Path):
    path = tmp_path / "registry.db"
    build(path, [("vision", "1", catalog_cards.vision())])
    first = content_digest(path)
    build(path, [("vision", "2", catalog_cards.vision())])
    second = content_digest(path)
    build(path, [("vision", "2", catalog_cards.vision()[1:])])
    assert len({first, second, content_digest(path)}) == 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE model SET library = library || '.' WHERE key = (SELECT min(key) FROM model)",
        "DELETE FROM word WHERE key = 3",
        "UPDATE model_search SET words = 'x' WHERE rowid = (SELECT min(key) FROM model)",
        "INSERT INTO setting VALUES ('a', 'b')",
        "PRAGMA user_version = 7",
    ],
)
def test_the_digest_sees_every_row(tmp_path: Path, change: str):
    path = tmp_path / "registry.db"
    build(path, [("vision", "1", catalog_cards.vision()[:5])])
    before = content_digest(path)
    connection = sqlite3.connect(path)
    connection.execute(change)
    connection.commit()
    connection.close()
    assert content_digest(path) != before


def test_a_failed_build_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "registry.db"
    build(path, [("vision", "1", catalog_cards.vision())])
    before = path.read_bytes()
    with pytest.raises(CatalogError, match="both supply"):
        build(path, [("a", "1", catalog_cards.hub()), ("b", "1", catalog_cards.hub())])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["registry.db"]


def test_a_built_database_is_used_as_it_is(tmp_path: Path):
    path, home = tmp_path / "packed.db", tmp_path / "home" / "registry.db"
    reports = build(path, [("vision", "1", catalog_cards.vision())])
    assert reports["vision"].added == len(catalog_cards.TIMM)
    shipped.prepare(home, shipped=path)
    assert hot.search(home, "resnet50")[0][0]["id"] == "timm/resnet50.a1_in1k"
    with Catalog(home, shipped=path) as catalog:
        (feed,) = catalog.feeds()
        assert (feed.kind, feed.synced, feed.models) == ("shipped", None, len(catalog_cards.TIMM))
        assert catalog.sync_shipped() == {}
    assert home.read_bytes() == path.read_bytes()
    assert shipped.cards_of(path, "vision") == sorted(catalog_cards.vision(), key=lambda card: card.id)
