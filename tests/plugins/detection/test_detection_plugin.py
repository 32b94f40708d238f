"""The plugin's hooks and cards."""

from __future__ import annotations

import subprocess
import sys

import pytest
import zoo_detection
from zoo_detection.cards import CARDS, COCO_LABELS

from zoo.cards import ModelCard
from zoo.plugin import Loader, PluginManager, Runner


def test_no_heavy_import():
    code = (
        "import sys, zoo_detection; list(zoo_detection.zoo_cards()); zoo_detection.zoo_loaders(); "
        "zoo_detection.zoo_runners(); heavy = {'torch', 'torchvision', 'numpy', 'PIL', 'cv2', 'google.protobuf'}; "
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_cards_are_valid_and_survive_json():
    for card in CARDS:
        assert ModelCard.from_dict(card.check().to_dict()).to_dict() == card.to_dict()
        assert all(file.sha256 and file.size for file in card.files)
        assert card.facts and card.licence.source


def test_labels_are_cocos():
    from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

    names = FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    published = {number: name for number, name in enumerate(names) if name not in {"N/A", "__background__"}}
    assert dict(COCO_LABELS) == published
    assert len(COCO_LABELS) == 80


def test_the_named_classes_exist():
    manager = PluginManager(entries=[])
    manager.register(zoo_detection, "detection")
    cards = manager.cards("detection")
    assert [card.id for card in cards][: len(CARDS)] == [card.id for card in CARDS]
    for card in cards:
        assert issubclass(manager.loader(card.loader), Loader)
        if card.task == "object-detection":
            assert issubclass(manager.runner(card.loader, card.task), Runner)


def test_parameters_are_counted():
    from zoo_detection.loader import TfSsdLoader

    module = TfSsdLoader().blank(CARDS[0])
    assert all(tensor.is_meta for tensor in module.state_dict().values())
    assert sum(p.numel() for p in module.parameters()) == CARDS[0].parameters


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_origin_belongs_to_a_source(card):
    sources = {source.uri for source in card.sources}
    assert {uri.partition("#")[0] for file in card.files for uri in file.origin} <= sources
