from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalog import catalog_cards
from tests.catalog.catalog_cards import HUB, TIMM, manifest, run_bare
from zoo.catalog import hot
from zoo.catalog.catalog import Catalog

ALL = len(TIMM) + len(HUB)


def ids(path: Path, words: str, **filters) -> list[str]:
    return [row["id"].removeprefix("timm/") for row in hot.search(path, words, limit=-1, **filters)[0]]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("resnet", ["resnet50.a1_in1k", "resnet18.a1_in1k", "resnet34.tv_in1k", "resnet101.a1_in1k"]),
        ("resnet50", ["resnet50.a1_in1k"]),
        ("resnet50.tv_in1k", ["resnet50.tv_in1k"]),
        ("timm/resnet50.tv_in1k", ["resnet50.tv_in1k"]),
        ("TIMM/ResNet50", ["resnet50.a1_in1k"]),
        ("resnet 50", ["resnet50.a1_in1k"]),
        ("50 resnet tv", ["resnet50.tv_in1k"]),
        ("resnet-50", ["resnet50.a1_in1k"]),
        ("mobilenetv2_100", ["mobilenetv2_100.ra_in1k"]),
        ("mobilenetv2 100", ["mobilenetv2_100.ra_in1k"]),
        ("mobilenet", ["mobilenetv2_110d.ra_in1k", "mobilenetv3_large_100.ra_in1k", "mobilenetv2_050.lamb_in1k"]),
        ("minilm", ["sentence-transformers/all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L12-v2"]),
        ("MiniLM L12", ["sentence-transformers/all-MiniLM-L12-v2"]),
        ("cafe", ["sentence-transformers/all-MiniLM-L6-v2"]),
        ("CAFÉ", ["sentence-transformers/all-MiniLM-L6-v2"]),
        ("whisper", ["openai/whisper-base"]),
        ("speech german", ["openai/whisper-base", "openai/whisper-tiny.en"]),
        ("speech nonsense", []),
        ("speech de", ["openai/whisper-base", "openai/whisper-tiny.en"]),
        ("qwen2.5", ["Qwen/Qwen2.5-0.5B-Instruct"]),
        ("fill mask distil", ["distilbert/distilbert-base-uncased"]),
        ("lamb", ["mobilenetv2_050.lamb_in1k"]),
        ("glove 50d", ["stanford/glove-6b-50d"]),
    ],
)
def test_the_right_models_come_first(stocked: Path, words: str, first: list[str]):
    found = ids(stocked, words)
    assert found[: len(first)] == first
    assert first or not found


def test_versions_and_numbers_are_words(stocked: Path):
    assert set(ids(stocked, "v2 100")) == {
        "ghostnetv2_100.in1k",
        "mobilenetv2_100.ra_in1k",
        "mobilevitv2_100.cvnets_in1k",
    }


def test_parts_of_names_come_after_beginnings(stocked: Path):
    found = ids(stocked, "bert")
    assert {"distilbert/distilbert-base-uncased", "FacebookAI/roberta-base"} <= set(found)
    assert found.index("distilbert/distilbert-base-uncased") > found.index("google-bert/bert-large-cased")
    assert ids(stocked, "xt101")[:1] == ["seresnext101_32x4d.gluon_in1k"]


def test_short_parts_of_names_are_found_where_nothing_begins_so(stocked: Path):
    assert ids(stocked, "rt") == ids(stocked, "RT")
    assert "google-bert/bert-base-uncased" in ids(stocked, "rt")


def test_no_words_are_all_models_and_pages_tile_them(stocked: Path):
    whole, total, _ = hot.search(stocked, [], limit=-1)
    assert len(whole) == total == ALL
    pages = [hot.search(stocked, "", limit=7, offset=i) for i in range(0, ALL + 7, 7)]
    assert [row for rows, _, _ in pages for row in rows] == whole
    assert {total for _, total, _ in pages} == {ALL}


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"task": "image-classification"}, len(TIMM) + 1),
        ({"task": "image-feature-extraction"}, len(TIMM)),
        ({"task": "nonsense"}, 0),
        ({"library": "Transformers"}, len(HUB)),
        ({"licence": "mit"}, len(HUB)),
        ({"licence": "bsd"}, len(HUB) - 2),
        ({"licence": "apache-2.0"}, len(TIMM)),
        ({"licence": "%"}, 0),
        ({"installed": True}, 2),
        ({"installed": False}, ALL - 2),
        ({"installed": True, "library": "timm"}, 1),
    ],
    ids=str,
)
def test_filters(stocked: Path, filters: dict, count: int):
    rows, total, _ = hot.search(stocked, "", limit=5, **filters)
    assert total == count
    assert len(rows) == min(count, 5)
    assert len(hot.search(stocked, "", limit=-1, **filters)[0]) == count


ODD = [
    '"',
    "'",
    "*",
    "resnet*",
    '"resnet',
    'resnet"50',
    "resnet AND",
    "AND",
    "OR NOT",
    "NEAR(resnet 50)",
    "name:resnet",
    "-resnet",
    "^resnet",
    "{resnet}",
    "(resnet",
    "resnet)",
    "res\0net",
    "\0",
    "🙂",
    "resnet 🙂",
    "re🙂snet",
    "\ud800",
    "resnet\udcff",
    "a" * 10_000,
    "a " * 10_000,
    "(" * 10_000,
    '"' * 10_001,
    "; DROP TABLE model; --",
    "%",
    "_",
    "\\",
    "\n\t\r",
    "\u202eresnet",
    "ｒｅｓｎｅｔ",
    "模型",
    "é",
    "e\u0301",
    "İ",
    "ß",
    "٣",
    "½",
    "résnet",
    ":text",
    "?1",
    "../../etc/passwd",
    "C:\\models",
]


@pytest.mark.parametrize("odd", ODD, ids=lambda text: ascii(text[:20]))
def test_odd_words_never_break_anything(stocked: Path, odd: str):
    for words in (odd, [odd, "resnet"], [odd, odd]):
        rows, total, _ = hot.search(stocked, words)
        assert len(rows) == min(total, 20)
    assert isinstance(hot.near(stocked, odd), list)
    assert hot.resolve(stocked, odd) == []
    assert isinstance(hot.complete(stocked, odd), list)
    assert hot.show(stocked, odd) is None
    assert hot.setting(stocked, odd.encode("utf-8", "replace").decode()) is None
    assert hot.search(stocked, "", task=odd, licence=odd, library=odd)[1] in {0, ALL}


def test_symbols_alone_are_not_a_search_for_everything(stocked: Path):
    assert hot.search(stocked, "🙂 *")[:2] == ([], 0)


def test_rows_have_the_documented_fields(stocked: Path):
    (row, *_), _, _ = hot.search(stocked, "resnet50.a1_in1k")
    card = catalog_cards.timm_card("resnet50.a1_in1k")
    assert row == {
        "id": card.id,
        "task": card.task,
        "library": "timm",
        "loader": "timm",
        "architecture": "resnet50",
        "parameters": 25_557_032,
        "licence": {"weights": "Apache-2.0", "package": "Apache-2.0"},
        "metrics": [vars(card.metrics[0])],
        "installed": True,
        "source": ["hf:timm/resnet50.a1_in1k"],
        "summary": "resnet50 image classifier",
        "family": None,
        "size": 1000,
        "feed": "vision",
        "tasks": ["image-classification", "image-feature-extraction"],
        "licence_class": "permissive",
        "datasets": ["imagenet-1k"],
        "tags": ["default"],
        "aliases": [],
        "languages": [],
        **dict.fromkeys(["base", "classes", "deprecated", "downloads", "input", "macs", "published", "replaced_by"]),
    }


def test_show_tells_everything_and_agrees_with_the_catalog(stocked: Path):
    shown = hot.show(stocked, "timm/resnet50.a1_in1k")
    with Catalog(stocked) as catalog:
        assert shown["card"] == catalog.get(shown["id"]).to_dict()
        (record,) = catalog.revisions(shown["id"])
    (revision,) = shown["revisions"]
    stored = record.manifest.to_dict()
    assert revision["files"] == stored["files"]
    assert {k: revision[k] for k in ("revision", "pulled", "upstream", "containers")} == {
        k: stored[k] for k in ("revision", "pulled", "upstream", "containers")
    }
    assert revision["licence"] == vars(record.licence)
    assert shown["feed"]["kind"] == "plugin"
    assert shown["runs"] == []
    assert shown["aliases"] == {}
    assert hot.show(stocked, "timm/resnet50") is None


def test_show_and_list_know_models_whose_card_is_gone(catalog: Catalog):
    catalog.record_revision(manifest("someone/lost"))
    catalog.set_alias("someone/lost", "prod", manifest("someone/lost").revision)
    shown = hot.show(catalog.path, "someone/lost")
    assert (shown["card"], shown["feed"], shown["installed"]) == (None, None, True)
    assert list(shown["aliases"]) == ["prod"]
    (row,) = hot.listing(catalog.path)
    assert row["id"] == "someone/lost"
    assert row["revisions"][0]["aliases"] == ["prod"]
    assert hot.resolve(catalog.path, "someone/lost") == ["someone/lost"]


def test_list_shows_what_is_installed(stocked: Path):
    rows = hot.listing(stocked)
    assert [row["id"] for row in rows] == ["google-bert/bert-base-uncased", "timm/resnet50.a1_in1k"]
    assert all(row["installed"] and row["size"] == 2005 and len(row["revisions"]) == 1 for row in rows)
    assert rows[1]["library"] == "timm"


def test_state(stocked: Path):
    assert hot.state(stocked) == {
        "schema": 2,
        "known": 2,
        "derived": True,
        "application": 0x5A4F4F52,
        "models": ALL,
        "installed": 2,
    }


def test_reading_commands_import_nothing_heavy():
    code = (
        "import sys; from zoo.catalog import hot, shipped, fingerprint, catalog; "
        "heavy = {'sqlalchemy', 'alembic', 'numpy', 'torch', 'importlib.metadata', 'filelock', 'tempfile'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert run_bare(code) == "[]"


def test_three_thousand_cards_are_searched_by_index(catalog: Catalog):
    catalog.sync_feed("many", "plugin", "1", catalog_cards.many(3000))
    rows, total, _ = hot.search(catalog.path, "resnet50")
    assert rows[0]["id"].startswith("timm/resnet50.")
    assert total > 100
    assert hot.resolve(catalog.path, rows[0]["id"]) == [rows[0]["id"]]
    assert hot.search(catalog.path, "v40 resnet18 tv")[1] == 1
