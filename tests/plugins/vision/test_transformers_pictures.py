"""transformers' models of pictures: tiny ones with random weights, against transformers' own pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from zoo_vision.transformers_cards import transformers_cards
from zoo_vision.transformers_loader import TransformersVisionLoader
from zoo_vision.transformers_runners import (
    TransformersClassification,
    TransformersDepth,
    TransformersFeatures,
    TransformersSemantic,
)

from zoo.cards import ModelCard
from zoo.models.context import Context
from zoo.plugin import Checkpoint, NoOptions

CARDS = transformers_cards()
LABELS = {"id2label": {0: "ant", 1: "bee", 2: "cat"}, "label2id": {"ant": 0, "bee": 1, "cat": 2}}
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
SIDE = {"height": 32, "width": 32}


def saved(folder: Path, module: Any, processor: Any) -> Any:
    """The module with random weights, saved with its image processor."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
    module.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return module


def run(
    folder: Path, runner: Any, card: dict[str, Any], pictures: list[Any], options: Any = None
) -> tuple[Any, list[Any]]:
    """Loader and runner on a folder: the module, and one result a picture."""
    made = ModelCard(id="tiny", library="transformers", loader="transformers-vision", **card)
    checkpoint = Checkpoint(card=made, path=folder, revision="0" * 64)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="tiny")
    module = TransformersVisionLoader().load(checkpoint, context)
    assert context.unmet(module) == []
    steps = runner(checkpoint)
    options = options or steps.Options()
    results = []
    with torch.inference_mode():
        for picture in pictures:
            examples = list(steps.prepare(picture, options))
            outputs = steps.forward(module, steps.collate(examples), options)
            results += list(steps.finish(outputs, examples, options))
    return module, results


@pytest.fixture
def picture() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 56, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def vit(folder: Path) -> Any:
    config = transformers.ViTConfig(image_size=32, patch_size=8, **SMALL, **LABELS)
    return saved(folder, transformers.ViTForImageClassification(config), transformers.ViTImageProcessor(size=SIDE))


def test_classes_are_transformers(tmp_path: Path, picture: Image.Image) -> None:
    vit(tmp_path)
    card = {"task": "image-classification", "architecture": "ViTForImageClassification"}
    module, (found,) = run(tmp_path, TransformersClassification, card, [picture])
    assert type(module).__name__ == "ViTForImageClassification"
    wanted = transformers.pipeline("image-classification", model=str(tmp_path), device="cpu")(picture)
    assert [label.label for label in found.labels] == [row["label"] for row in wanted]
    assert [label.score for label in found.labels] == pytest.approx([row["score"] for row in wanted], abs=1e-5)


def test_features_of_a_classifier_are_its_bodys(tmp_path: Path, picture: Image.Image) -> None:
    original = vit(tmp_path)
    card = {"task": "image-feature-extraction", "architecture": "ViTForImageClassification"}
    _, (found,) = run(tmp_path, TransformersFeatures, card, [picture])
    values = transformers.AutoImageProcessor.from_pretrained(tmp_path)(images=picture, return_tensors="pt")
    with torch.inference_mode():
        wanted = original.vit(values["pixel_values"]).last_hidden_state[0, 0]
    assert found.vector == pytest.approx(wanted.numpy(), abs=1e-5)


def test_features_of_a_body_whose_base_is_its_layers(tmp_path: Path, picture: Image.Image) -> None:
    config = transformers.DINOv3ViTConfig(image_size=32, patch_size=8, num_register_tokens=2, **SMALL)
    original = saved(tmp_path, transformers.DINOv3ViTModel(config), transformers.ViTImageProcessor(size=SIDE))
    card = {"task": "image-feature-extraction", "architecture": "DINOv3ViTModel"}
    _, (found,) = run(tmp_path, TransformersFeatures, card, [picture])
    values = transformers.AutoImageProcessor.from_pretrained(tmp_path)(images=picture, return_tensors="pt")
    with torch.inference_mode():
        wanted = original(values["pixel_values"]).pooler_output[0]
    assert found.vector == pytest.approx(wanted.numpy(), abs=1e-5)


def test_pictures_and_words_share_a_space(tmp_path: Path, picture: Image.Image) -> None:
    config = transformers.CLIPConfig(
        text_config={**SMALL, "vocab_size": 20, "max_position_embeddings": 8},
        vision_config={**SMALL, "image_size": 32, "patch_size": 8},
        projection_dim=12,
    )
    processor = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=SIDE)
    original = saved(tmp_path, transformers.CLIPModel(config), processor)
    card = {"task": "image-feature-extraction", "architecture": "CLIPModel"}
    _, (found,) = run(tmp_path, TransformersFeatures, card, [picture])
    values = processor(images=picture, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        wanted = original.visual_projection(original.vision_model(values).pooler_output)[0]
    assert found.vector == pytest.approx(wanted.numpy(), abs=1e-5)


def test_regions_are_transformers(tmp_path: Path, picture: Image.Image) -> None:
    config = transformers.SegformerConfig(
        hidden_sizes=[8, 8, 16, 16],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16,
        **LABELS,
    )
    processor = transformers.SegformerImageProcessor(size={"height": 64, "width": 64})
    original = saved(tmp_path, transformers.SegformerForSemanticSegmentation(config), processor)
    card = {"task": "image-segmentation", "architecture": "SegformerForSemanticSegmentation"}
    _, (found,) = run(tmp_path, TransformersSemantic, card, [picture])
    with torch.inference_mode():
        outputs = original(**processor(images=picture, return_tensors="pt"))
    (wanted,) = processor.post_process_semantic_segmentation(outputs, target_sizes=[(40, 56)])
    assert {segment.label for segment in found.segments} == {LABELS["id2label"][int(k)] for k in wanted.unique()}
    for segment in found.segments:
        assert np.array_equal(segment.mask > 0.5, (wanted == LABELS["label2id"][segment.label]).numpy())
        assert 1 / 3 <= segment.score <= 1
    areas = [segment.mask.sum() for segment in found.segments]
    assert areas == sorted(areas, reverse=True)


@pytest.mark.parametrize("kind", ["relative", "metric"])
def test_depth_is_transformers(tmp_path: Path, picture: Image.Image, kind: str) -> None:
    backbone = transformers.Dinov2Config(
        image_size=28, patch_size=14, hidden_size=16, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=2,
        out_indices=[1, 2, 3, 4], apply_layernorm=True, reshape_hidden_states=False,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, patch_size=14, reassemble_hidden_size=16, neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=8, head_hidden_size=8, depth_estimation_type=kind, max_depth=20 if kind == "metric" else 1,
    )  # fmt: skip
    processor = transformers.DPTImageProcessor(size={"height": 42, "width": 42}, ensure_multiple_of=14)
    saved(tmp_path, transformers.DepthAnythingForDepthEstimation(config), processor)
    card = {"task": "depth-estimation", "architecture": "DepthAnythingForDepthEstimation"}
    _, (found,) = run(tmp_path, TransformersDepth, card, [picture], NoOptions())
    wanted = transformers.pipeline("depth-estimation", model=str(tmp_path), device="cpu")(picture)["predicted_depth"]
    assert found.depth.shape == (40, 56)
    assert found.depth == pytest.approx(wanted.numpy(), abs=1e-4)
    assert (found.metric, found.inverse) == (kind == "metric", kind == "relative")


# The tables


def test_there_are_models_of_every_kind() -> None:
    assert len(CARDS) >= 200
    assert len({card.id for card in CARDS}) == len(CARDS)


@pytest.mark.parametrize(
    "card", [c for c in CARDS if c.facts.get("parameters", "").startswith("counted")], ids=lambda card: card.id
)
def test_what_is_said_to_be_counted_is(card: ModelCard) -> None:
    module = TransformersVisionLoader().blank(card)
    assert all(parameter.is_meta for parameter in module.parameters())
    assert sum(parameter.numel() for parameter in module.parameters()) == card.parameters
    assert type(module).__name__ == card.architecture


@pytest.mark.parametrize("kind", sorted({card.architecture for card in CARDS}))
def test_transformers_has_the_class(kind: str) -> None:
    assert issubclass(getattr(transformers, kind), transformers.PreTrainedModel)
