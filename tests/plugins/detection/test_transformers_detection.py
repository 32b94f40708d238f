"""transformers' detectors: tiny ones with random weights, against transformers' own pipeline; and their table."""

from __future__ import annotations

from collections.abc import Callable
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
NAMED: dict[str, Any] = {"id2label": NAMES, "label2id": {name: number for number, name in NAMES.items()}}
SMALL: dict[str, Any] = {
    **{"d_model": 32, "encoder_layers": 1, "decoder_layers": 2, "num_queries": 6},
    **{"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32},
}
EDGES = {"shortest_edge": 32, "longest_edge": 64}
SQUARE = {"height": 64, "width": 64}


def resnet(*stages: str) -> Any:
    return transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", out_features=list(stages)
    )


def hgnet() -> Any:
    return transformers.HGNetV2Config(
        embedding_size=8, hidden_sizes=[8, 16, 16, 16], depths=[1] * 4, stem_channels=[3, 8, 8],
        stage_in_channels=[8, 8, 16, 16], stage_mid_channels=[8] * 4, stage_out_channels=[8, 16, 16, 16],
        stage_num_blocks=[1] * 4, stage_numb_of_layers=[1] * 4, stage_downsample=[False, True, True, True],
        stage_light_block=[False, False, True, True], stage_kernel_size=[3] * 4,
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip


def real_time(kind: Any, backbone: Any, points: Any) -> Any:
    return kind(
        backbone_config=backbone, encoder_hidden_dim=16, encoder_in_channels=[16] * 3, feat_strides=[8, 16, 32],
        encoder_layers=1, encoder_ffn_dim=32, encoder_attention_heads=2, d_model=16, decoder_in_channels=[16] * 3,
        decoder_ffn_dim=32, decoder_layers=2, decoder_attention_heads=2, num_queries=6, num_denoising=0,
        decoder_n_points=points, hidden_expansion=0.5, **NAMED,
    )  # fmt: skip


def rt_resnet() -> Any:
    return transformers.RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 16, 16], depths=[1] * 4, layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip


def light(kind: Any, backbone: Any, **more: Any) -> Any:
    return kind(
        backbone_config=backbone, d_model=16, decoder_ffn_dim=32, decoder_n_points=2, decoder_layers=2,
        decoder_self_attention_heads=2, decoder_cross_attention_heads=2, num_queries=6, group_detr=1, c2f_num_blocks=1,
        projector_scale_factors=[1.0], **NAMED, **more,
    )  # fmt: skip


def yolos() -> Any:
    return transformers.YolosConfig(
        hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32, image_size=[32, 48],
        patch_size=8, num_detection_tokens=6, **NAMED,
    )  # fmt: skip


def dab() -> Any:
    rest = {key: value for key, value in SMALL.items() if key != "d_model"}
    return transformers.DabDetrConfig(backbone_config=resnet("stage2"), hidden_size=16, **rest, **NAMED)


def deformable() -> Any:
    return transformers.DeformableDetrConfig(
        backbone_config=resnet("stage1", "stage2"), num_feature_levels=2, encoder_n_points=2, decoder_n_points=2,
        **SMALL, **NAMED,
    )  # fmt: skip


def lw_vit() -> Any:
    return transformers.LwDetrViTConfig(
        hidden_size=16, num_hidden_layers=3, num_attention_heads=2, image_size=64, pretrain_image_size=64,
        patch_size=16, window_block_indices=[0], out_indices=[2, 3], num_windows=4,
    )  # fmt: skip


# Class, its configuration, the processor that its models on the hub have, and what the processor scales to.
T = transformers
FAMILIES: dict[str, tuple[Callable[[], Any], Any, dict[str, int]]] = {
    "DetrForObjectDetection": (
        lambda: T.DetrConfig(backbone_config=resnet("stage2"), **SMALL, **NAMED), T.DetrImageProcessor, EDGES),
    "TableTransformerForObjectDetection": (
        lambda: T.TableTransformerConfig(backbone_config=resnet("stage2"), **SMALL, **NAMED),
        T.DetrImageProcessor, EDGES),
    "ConditionalDetrForObjectDetection": (
        lambda: T.ConditionalDetrConfig(backbone_config=resnet("stage2"), **SMALL, **NAMED),
        T.ConditionalDetrImageProcessor, EDGES),
    "DabDetrForObjectDetection": (dab, T.ConditionalDetrImageProcessor, EDGES),
    "DeformableDetrForObjectDetection": (deformable, T.DeformableDetrImageProcessor, EDGES),
    "YolosForObjectDetection": (yolos, T.YolosImageProcessor, EDGES),
    "RTDetrForObjectDetection": (
        lambda: real_time(T.RTDetrConfig, rt_resnet(), 2), T.RTDetrImageProcessor, SQUARE),
    "RTDetrV2ForObjectDetection": (
        lambda: real_time(T.RTDetrV2Config, rt_resnet(), 2), T.RTDetrImageProcessor, SQUARE),
    "DFineForObjectDetection": (
        lambda: real_time(T.DFineConfig, hgnet(), [2, 2, 2]), T.RTDetrImageProcessor, SQUARE),
    "Deimv2ForObjectDetection": (
        lambda: real_time(T.Deimv2Config, hgnet(), [2, 2, 2]), T.RTDetrImageProcessor, SQUARE),
    "LwDetrForObjectDetection": (
        lambda: light(T.LwDetrConfig, lw_vit()), T.DeformableDetrImageProcessor, SQUARE),
}  # fmt: skip


def make(folder: Path, kind: str) -> Any:
    """A tiny random model of a family in a folder, as the hub has them; the module itself."""
    config, processor, size = FAMILIES[kind]
    module = getattr(transformers, kind)(config())
    save(folder, module, processor(size=size))
    return module


def save(folder: Path, module: Any, processor: Any) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
    module.eval().save_pretrained(folder)
    processor.save_pretrained(folder)


def opened(folder: Path, architecture: str, **card: Any) -> tuple[Any, TransformersDetection]:
    made = ModelCard(
        id="tiny",
        task="object-detection",
        library="transformers",
        loader="transformers-detection",
        architecture=architecture,
        **card,
    )
    checkpoint = Checkpoint(card=made, path=folder, revision="0" * 64)
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


@pytest.mark.parametrize("kind", FAMILIES)
def test_boxes_are_those_of_the_processors_own_post_processing(tmp_path: Path, kind: str) -> None:
    own = make(tmp_path, kind)
    module, runner = opened(tmp_path, kind)
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path)
    every = 0
    for picture in pictures():
        (found,) = detect(module, runner, [picture])
        with torch.inference_mode():
            outputs = own(pixel_values=processor(images=picture, return_tensors="pt")["pixel_values"])
        (wanted,) = processor.post_process_object_detection(
            outputs, threshold=0.3, target_sizes=[(picture.height, picture.width)]
        )
        order = wanted["scores"].argsort(descending=True, stable=True)
        assert [box.score for box in found.boxes] == pytest.approx(wanted["scores"][order].tolist(), abs=1e-5)
        assert [box.label for box in found.boxes] == [NAMES[n] for n in wanted["labels"][order].tolist()]
        limits = torch.tensor([*picture.size, *picture.size])
        corners = wanted["boxes"][order].clamp(min=0).minimum(limits)
        np.testing.assert_allclose([box.box for box in found.boxes], corners.numpy(), atol=1e-3)
        every += len(found.boxes)
    assert every


def test_boxes_are_the_pipelines(tmp_path: Path) -> None:
    make(tmp_path, "DetrForObjectDetection")
    module, runner = opened(tmp_path, "DetrForObjectDetection")
    pipeline = transformers.pipeline("object-detection", model=str(tmp_path), device="cpu")
    picture = pictures()[0]
    (found,) = detect(module, runner, [picture])
    wanted = sorted(pipeline(picture, threshold=0.3), key=lambda row: -row["score"])
    assert [box.score for box in found.boxes] == pytest.approx([row["score"] for row in wanted], abs=1e-5)
    assert sorted(box.label for box in found.boxes) == sorted(row["label"] for row in wanted)


@pytest.mark.parametrize(
    ("kind", "pixels"),
    [("DetrForObjectDetection", 2), ("YolosForObjectDetection", 1e-3)],
)
def test_in_a_batch_of_several_sizes_boxes_land_where_they_do_alone(tmp_path: Path, kind: str, pixels: float) -> None:
    make(tmp_path, kind)
    module, runner = opened(tmp_path, kind)
    generator = np.random.default_rng(0)
    shown = [
        Image.fromarray(generator.integers(0, 255, (*size, 3), dtype=np.uint8))
        for size in ((40, 60), (60, 40), (50, 50), (80, 40))
    ]
    alone = [found for picture in shown for found in detect(module, runner, [picture])]
    together = detect(module, runner, shown)
    assert sum(len(one.boxes) for one in alone)
    for one, other in zip(alone, together, strict=True):
        assert [box.label for box in one.boxes] == [box.label for box in other.boxes]
        assert [box.score for box in one.boxes] == pytest.approx([box.score for box in other.boxes], abs=0.02)
        for mine, theirs in zip(one.boxes, other.boxes, strict=True):
            assert mine.box == pytest.approx(theirs.box, abs=pixels)


def test_classes_are_the_cards_or_cocos(tmp_path: Path) -> None:
    make(tmp_path, "YolosForObjectDetection")
    (config := tmp_path / "config.json").write_text(
        (config).read_text().replace('"ant"', '"sofa"').replace('"bee"', '"N/A"')
    )
    _, coco = opened(tmp_path, "YolosForObjectDetection", datasets=("coco",))
    assert coco.kinds == {0: ("sofa", 63), 1: ("N/A", None)}
    _, tuned = opened(tmp_path, "YolosForObjectDetection", datasets=("coco",), config={"labels": ["cat", "newt"]})
    assert tuned.kinds == {0: ("cat", None), 1: ("newt", None)}


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
