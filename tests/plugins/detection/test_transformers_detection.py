"""transformers' detectors: tiny ones with random weights, against transformers' own pipeline; and their table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from zoo_detection.transformers_cards import transformers_cards
from zoo_detection.transformers_loader import TransformersDetectionLoader
from zoo_detection.transformers_runner import DetectionOptions, TransformersDetection

from zoo.cards import ModelCard
from zoo.errors import BadOption
from zoo.models.context import Context
from zoo.plugin import Checkpoint

CARDS = transformers_cards()
NAMES = {0: "ant", 1: "bee"}


def yolos(folder: Path) -> None:
    config = transformers.YolosConfig(
        hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32, image_size=[32, 48],
        patch_size=8, num_detection_tokens=6, id2label=NAMES, label2id={v: k for k, v in NAMES.items()},
    )  # fmt: skip
    processor = transformers.YolosImageProcessor(size={"shortest_edge": 32, "longest_edge": 64})
    save(folder, transformers.YolosForObjectDetection(config), processor)


def detr(folder: Path) -> None:
    backbone = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", out_features=["stage2"]
    )
    config = transformers.DetrConfig(
        backbone_config=backbone, use_timm_backbone=False, use_pretrained_backbone=False, d_model=16, num_queries=6,
        encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, id2label=NAMES, label2id={v: k for k, v in NAMES.items()},
    )  # fmt: skip
    processor = transformers.DetrImageProcessor(size={"shortest_edge": 32, "longest_edge": 64})
    save(folder, transformers.DetrForObjectDetection(config), processor)


def save(folder: Path, module: Any, processor: Any) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
    module.eval().save_pretrained(folder)
    processor.save_pretrained(folder)


def opened(folder: Path, architecture: str) -> tuple[Any, TransformersDetection]:
    card = ModelCard(
        id="tiny",
        task="object-detection",
        library="transformers",
        loader="transformers-detection",
        architecture=architecture,
    )
    checkpoint = Checkpoint(card=card, path=folder, revision="0" * 64)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="tiny")
    module = TransformersDetectionLoader().load(checkpoint, context)
    assert context.unmet(module) == []
    return module, TransformersDetection(checkpoint)


def detect(module: Any, runner: TransformersDetection, pictures: list[Image.Image]) -> list[Any]:
    options = DetectionOptions(threshold=0.3)
    examples = [example for picture in pictures for example in runner.prepare(picture, options)]
    with torch.inference_mode():
        return list(runner.finish(runner.forward(module, runner.collate(examples), options), examples, options))


def pictures() -> list[Image.Image]:
    generator = np.random.default_rng(0)
    return [
        Image.fromarray(generator.integers(0, 255, (height, width, 3), dtype=np.uint8))
        for height, width in ((40, 60), (60, 40))
    ]


@pytest.mark.parametrize(("make", "kind"), [(yolos, "YolosForObjectDetection"), (detr, "DetrForObjectDetection")])
def test_boxes_are_transformers(tmp_path: Path, make: Any, kind: str) -> None:
    make(tmp_path)
    module, runner = opened(tmp_path, kind)
    pipeline = transformers.pipeline("object-detection", model=str(tmp_path), device="cpu")
    for picture in pictures():
        (found,) = detect(module, runner, [picture])
        wanted = sorted(pipeline(picture, threshold=0.3), key=lambda row: -row["score"])
        assert wanted
        assert [box.score for box in found.boxes] == pytest.approx([row["score"] for row in wanted], abs=1e-5)
        assert sorted(box.label for box in found.boxes) == sorted(row["label"] for row in wanted)
        for box, row in zip(found.boxes, wanted, strict=True):
            corners = [min(max(row["box"][name], 0), limit) for name, limit in zip(
                ("xmin", "ymin", "xmax", "ymax"), (*picture.size, *picture.size), strict=True)]  # fmt: skip
            assert box.box == pytest.approx(corners, abs=1.01)  # the pipeline cuts corners down to whole pixels


def test_a_padded_batch_of_detr_is_each_picture_alone(tmp_path: Path) -> None:
    detr(tmp_path)
    module, runner = opened(tmp_path, "DetrForObjectDetection")
    alone = [found for picture in pictures() for found in detect(module, runner, [picture])]
    together = detect(module, runner, pictures())
    for one, other in zip(alone, together, strict=True):
        assert [box.label for box in one.boxes] == [box.label for box in other.boxes]
        assert [box.score for box in one.boxes] == pytest.approx([box.score for box in other.boxes], abs=1e-3)


def test_a_threshold_beyond_one_is_refused() -> None:
    with pytest.raises(BadOption, match="threshold"):
        DetectionOptions(threshold=1.5)


def test_yolo_leads_to_a_permissive_model_that_says_what_it_is() -> None:
    (card,) = [card for card in CARDS if "yolo" in card.aliases]
    assert card.id == "hustvl/yolos-tiny"
    assert card.licence.weights == "Apache-2.0"
    assert "Ultralytics" in card.summary


@pytest.mark.parametrize(
    "card", [c for c in CARDS if c.facts.get("parameters", "").startswith("counted")], ids=lambda card: card.id
)
def test_what_is_said_to_be_counted_is(card: ModelCard) -> None:
    module = TransformersDetectionLoader().blank(card)
    assert sum(parameter.numel() for parameter in module.parameters()) == card.parameters
