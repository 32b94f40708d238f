from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalog import catalog_cards
from tests.catalog.catalog_cards import TIMM, timm_card
from zoo.catalog import hot
from zoo.catalog.catalog import Catalog


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("timm/resnet50.a1_in1k", ["timm/resnet50.a1_in1k"]),
        ("resnet50.a1_in1k", ["timm/resnet50.a1_in1k"]),
        ("all-MiniLM-L6-v2", ["sentence-transformers/all-MiniLM-L6-v2"]),
        ("mobilenetv2_100", ["timm/mobilenetv2_100.ra_in1k"]),
        ("timm/mobilenetv2_100", ["timm/mobilenetv2_100.ra_in1k"]),
        ("other/mobilenetv2_100", []),
        ("other/resnet50.a1_in1k", []),
        ("Qwen2.5-0.5B-Instruct", ["Qwen/Qwen2.5-0.5B-Instruct"]),
        ("Qwen2", []),
        ("flexivit_base.300ep_in1k", ["timm/flexivit_base.300ep_in1k"]),
        ("resnet", []),
        ("ResNet50.a1_in1k", []),
        ("TIMM/resnet50.a1_in1k", []),
        ("Resnet50", []),
        ("all-minilm-l6-v2", []),
        ("", []),
    ],
)
def test_resolve(stocked: Path, name: str, found: list[str]):
    assert hot.resolve(stocked, name) == found


def test_resolve_puts_the_default_variant_first(stocked: Path):
    assert hot.explain(stocked, "resnet50") == (
        ["timm/resnet50.a1_in1k"],
        "resnet50 is timm/resnet50.a1_in1k, the default of 4 variants",
    )
    found = hot.resolve(stocked, "resnet34")
    assert sorted(found) == sorted(f"timm/{name}" for name in TIMM if name.startswith("resnet34."))
    best = max((n for n in TIMM if n.startswith("resnet34.")), key=catalog_cards.top1)
    assert hot.resolve(stocked, "resnet34")[0] == f"timm/{best}"


def test_one_name_of_two_owners_is_ambiguous(catalog: Catalog):
    cards = [timm_card("x").replace(id=f"{owner}/same-name") for owner in ("b", "a")]
    catalog.sync_feed("f", "plugin", "1", cards)
    assert hot.resolve(catalog.path, "same-name") == ["a/same-name", "b/same-name"]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("resnt50", "timm/resnet50.a1_in1k"),
        ("ResNet50", "timm/resnet50.a1_in1k"),
        ("TIMM/resnet50.A1_in1k", "timm/resnet50.a1_in1k"),
        ("mobilnetv2_100", "timm/mobilenetv2_100.ra_in1k"),
        ("mobilenet_v2", "timm/mobilenetv2_050.lamb_in1k"),
        ("all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
        ("mini-lm-l6", "sentence-transformers/all-MiniLM-L6-v2"),
        ("bert-base-uncase", "google-bert/bert-base-uncased"),
        ("wisper-base", "openai/whisper-base"),
        ("smolm2-135m", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("glov-6b-50", "stanford/glove-6b-50d"),
    ],
)
def test_near_names(stocked: Path, name: str, first: str):
    found = hot.near(stocked, name)
    assert found[0] == first
    assert len(found) <= 3


def test_nothing_is_near_to_nonsense(stocked: Path):
    assert hot.near(stocked, "qqqqqqqqqq") == []


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("timm/mobilenetv2_1", {"timm/mobilenetv2_100.ra_in1k", "timm/mobilenetv2_110d.ra_in1k"}),
        ("mobilenetv2_1", {"mobilenetv2_100", "mobilenetv2_110d"}),
        ("resnet50.a", {"resnet50.a1_in1k", "resnet50.a1h_in1k"}),
        ("all-Mini", {"all-MiniLM-L6-v2", "all-MiniLM-L12-v2"}),
        ("google", {"google-bert/bert-base-uncased", "google-bert/bert-large-cased"}),
        ("zzz", set()),
        ("Resnet", set()),
    ],
)
def test_completion(stocked: Path, prefix: str, expected: set[str]):
    assert set(hot.complete(stocked, prefix)) == expected


def test_what_is_completed_can_be_resolved(stocked: Path):
    for prefix in ("", "r", "res", "timm/", "b", "s"):
        offered = hot.complete(stocked, prefix, 30)
        assert len(offered) == len(set(offered)) <= 30
        assert all(name.startswith(prefix) and hot.resolve(stocked, name) for name in offered)
