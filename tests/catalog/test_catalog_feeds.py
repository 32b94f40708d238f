from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalog import catalog_cards
from tests.catalog.catalog_cards import hub_card, manifest, timm_card
from zoo.cards import Metric, ModelCard
from zoo.catalog import hot
from zoo.catalog.build import build, content_digest
from zoo.catalog.catalog import Catalog
from zoo.catalog.records import SyncReport
from zoo.errors import BadCard, CatalogError, UnknownModel

THREE = ["resnet18.a1_in1k", "resnet34.a1_in1k", "resnet50.a1_in1k"]


def three() -> list[ModelCard]:
    return [timm_card(name) for name in THREE]


def test_a_sync_reports_what_it_changed(catalog: Catalog):
    first = three()
    assert catalog.sync_feed("vision", "plugin", "1", first) == SyncReport(added=3)
    second = [first[0], first[1].replace(summary="another"), timm_card("resnet101.a1_in1k")]
    assert catalog.sync_feed("vision", "plugin", "1", second) == SyncReport(added=1, updated=1, removed=1, unchanged=1)
    assert catalog.get("timm/resnet34.a1_in1k") == second[1]
    with pytest.raises(UnknownModel):
        catalog.get("timm/resnet50.a1_in1k")
    assert hot.search(catalog.path, "another")[0][0]["id"] == "timm/resnet34.a1_in1k"
    assert hot.search(catalog.path, "resnet50").total == 0


def test_cards_come_back_as_they_went_in(catalog: Catalog):
    cards = catalog_cards.vision() + catalog_cards.hub()
    catalog.sync_feed("all", "plugin", "1", cards)
    assert [catalog.get(card.id) for card in cards] == cards


def test_syncing_twice_changes_not_a_byte(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", three())
    before = catalog.path.read_bytes()
    assert catalog.sync_feed("vision", "plugin", "1", reversed(three())) == SyncReport(unchanged=3)
    assert catalog.path.read_bytes() == before


def test_a_known_digest_spares_reading_the_cards(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", three(), digest="abc")

    def never():
        raise RuntimeError("read")
        yield

    assert catalog.sync_feed("vision", "plugin", "1", never(), digest="abc") == SyncReport(unchanged=3)
    with pytest.raises(RuntimeError, match="read"):
        catalog.sync_feed("vision", "plugin", "1", never(), digest="abd")


def test_a_new_version_with_the_same_cards_is_noted(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", three())
    assert catalog.sync_feed("vision", "plugin", "2", three()) == SyncReport(unchanged=3)
    (feed,) = catalog.feeds()
    assert (feed.version, feed.models, feed.kind) == ("2", 3, "plugin")
    assert feed.synced


def test_other_feeds_and_local_state_survive(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", three())
    catalog.sync_feed("nlp", "plugin", "1", catalog_cards.hub())
    pulled = manifest("timm/resnet50.a1_in1k")
    catalog.record_revision(pulled)
    catalog.set_alias(pulled.model, "prod", pulled.revision)
    catalog.sync_feed("vision", "plugin", "1", [])
    assert len(catalog.revisions(pulled.model)) == 1
    assert catalog.alias(pulled.model, "prod") == pulled.revision
    assert hot.search(catalog.path, "")[1] == len(catalog_cards.HUB)
    assert [row["id"] for row in hot.listing(catalog.path)] == [pulled.model]
    catalog.sync_feed("vision", "plugin", "1", three())
    assert hot.search(catalog.path, "resnet50")[0][0]["installed"]


def test_an_id_of_another_feed_names_both(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", three())
    before = content_digest(catalog.path)
    with pytest.raises(CatalogError, match=r"'other' and 'vision' both supply 'timm/resnet18\.a1_in1k'"):
        catalog.sync_feed("other", "plugin", "1", [timm_card("resnet152.a1h_in1k"), *three()])
    assert content_digest(catalog.path) == before


@pytest.mark.parametrize("twin", ["timm/ResNet50.a1_in1k", "TIMM/resnet50.a1_in1k", "timm/resnet50.A1_IN1K"])
def test_names_that_differ_only_by_case_are_refused(catalog: Catalog, twin: str):
    other = three()[2].replace(id=twin)
    with pytest.raises(CatalogError, match="differ only by case"):
        catalog.sync_feed("vision", "plugin", "1", [*three(), other])
    catalog.sync_feed("vision", "plugin", "1", three())
    with pytest.raises(CatalogError, match="differs only by case"):
        catalog.sync_feed("other", "plugin", "1", [other])
    with pytest.raises(CatalogError, match="differs only by case"):
        catalog.add_card(other)
    with pytest.raises(CatalogError, match="differs only by case"):
        catalog.record_revision(manifest(twin))


def test_one_card_twice_is_refused(catalog: Catalog):
    with pytest.raises(CatalogError, match="declared twice"):
        catalog.sync_feed("vision", "plugin", "1", [*three(), three()[0]])


def test_a_feed_may_correct_the_case_of_its_own_names(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", three())
    report = catalog.sync_feed("vision", "plugin", "1", [timm_card("ResNet50.a1_in1k"), *three()[:2]])
    assert report == SyncReport(updated=1, unchanged=2)
    assert catalog.get("timm/ResNet50.a1_in1k")


@pytest.mark.parametrize(
    "change",
    [{"id": "../x"}, {"id": "a/b/c"}, {"task": "cooking"}, {"parameters": -1}, {"summary": "\ud800"}],
    ids=str,
)
def test_a_bad_card_is_refused_and_nothing_is_written(catalog: Catalog, change: dict):
    with pytest.raises(BadCard):
        catalog.sync_feed("vision", "plugin", "1", [*three(), timm_card("x").replace(**change)])
    assert catalog.feeds() == ()


def test_dropping_a_feed(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", three())
    empty = ["model", "card", "also", "facet", "word", "model_search", "word_gram"]
    assert catalog.drop_feed("vision")
    assert not catalog.drop_feed("vision")
    with catalog.engine.connect() as connection:
        counts = [connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one() for table in empty]
    assert counts == [0] * len(empty)


def test_local_cards(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", three())
    mine = timm_card("mine").replace(id="cats", base="timm/resnet50.a1_in1k", sources=())
    assert catalog.add_card(mine)
    assert not catalog.add_card(mine)
    assert catalog.add_card(mine.replace(summary="better"))
    assert {feed.name: feed.kind for feed in catalog.feeds()} == {"local": "local", "vision": "plugin"}
    with pytest.raises(CatalogError, match="of kind plugin"):
        catalog.add_card(timm_card("dog"), feed="vision")
    with pytest.raises(CatalogError, match="comes from plugin feed 'vision'"):
        catalog.remove_card("timm/resnet50.a1_in1k")
    assert catalog.remove_card("cats")
    assert not catalog.remove_card("cats")


def test_the_unknown_model_comes_with_the_nearest_names(catalog: Catalog):
    catalog.sync_feed("vision", "plugin", "1", three())
    with pytest.raises(UnknownModel) as error:
        catalog.get("resnet5")
    assert error.value.near[0] == "timm/resnet50.a1_in1k"


def test_a_metric_of_which_less_is_better_ranks_so(catalog: Catalog):
    scores = {"good": 3.0, "bad": 9.0, "fair": 5.0}
    cards = [
        hub_card("openai/whisper-base").replace(id=f"o/w{name[:1]}", metrics=(Metric(name="WER", value=value),))
        for name, value in scores.items()
    ]
    catalog.sync_feed("speech", "plugin", "1", cards)
    assert [row["id"] for row in hot.search(catalog.path, "speech")[0]] == ["o/wg", "o/wf", "o/wb"]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "packed.db"
    build(path, [("vision", "1", three()), ("nlp", "1", catalog_cards.hub()[:2])])
    return path


def kinds(catalog: Catalog) -> dict[str, tuple[str, str, int]]:
    return {feed.name: (feed.kind, feed.version, feed.models) for feed in catalog.feeds()}


def test_a_plugin_takes_over_the_shipped_feed_and_gives_it_back(tmp_path: Path, packed: Path):
    with Catalog(tmp_path / "home" / "registry.db", shipped=packed) as catalog:
        fresh = content_digest(catalog.path)
        report = catalog.sync_feed("vision", "plugin", "2", [*three()[:2], timm_card("resnet101.tv_in1k")])
        assert report == SyncReport(added=1, removed=1, unchanged=2)
        assert kinds(catalog) == {"vision": ("plugin", "2", 3), "nlp": ("shipped", "1", 2)}
        assert catalog.sync_shipped() == {}
        assert catalog.drop_feed("vision")
        assert kinds(catalog) == {"vision": ("shipped", "1", 3), "nlp": ("shipped", "1", 2)}
        assert catalog.get("timm/resnet50.a1_in1k")
        assert catalog.sync_feed("vision", "shipped", "1", three()) == SyncReport(unchanged=3)
        assert content_digest(packed) == fresh


def test_an_upgrade_brings_the_new_shipped_cards(tmp_path: Path, packed: Path):
    with Catalog(tmp_path / "home" / "registry.db", shipped=packed) as catalog:
        assert catalog.sync_shipped() == {}
        # resnet18 moves from one feed to the other, `nlp` goes, `speech` comes.
        build(packed, [("vision", "2", three()[1:]), ("speech", "1", [three()[0], hub_card("openai/whisper-base")])])
        reports = catalog.sync_shipped()
        assert reports == {"speech": SyncReport(added=2), "vision": SyncReport(removed=1, unchanged=2)}
        assert kinds(catalog) == {"vision": ("shipped", "2", 2), "speech": ("shipped", "1", 2)}
        assert catalog.sync_shipped() == {}
