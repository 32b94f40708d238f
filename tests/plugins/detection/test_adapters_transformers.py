"""DETR and its relatives, tiny and random: they learn by transformers' own losses, and their files load again."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from zoo_detection.adapters.transformers_detector import LEARNING, TransformersTuner
from zoo_detection.transformers_loader import TransformersDetectionLoader
from zoo_detection.transformers_runner import TransformersDetection

from tests.plugins.detection.learning import TARGET, learn, recall, scenes
from zoo.cards import ModelCard
from zoo.errors import UnknownTask
from zoo.finetuning.training import lowrank
from zoo.models.context import Context
from zoo.models.lowrank import merge
from zoo.plugin import Checkpoint, Trained

NAMES = {0: "ant", 1: "bee", 2: "cat"}
LABELS = {"id2label": NAMES, "label2id": {name: number for number, name in NAMES.items()}}


def resnet(**more: Any) -> Any:
    return transformers.ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic", out_features=["stage2"], **more
    )


WIDER = {"d_model": 64, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128, "decoder_layers": 1, "num_queries": 4}
WIDER |= {"encoder_attention_heads": 4, "decoder_attention_heads": 4}


def detr(name: str, **more: Any) -> Any:
    wide = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2}
    wide |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "num_queries": 8}
    wide |= more
    return getattr(transformers, f"{name}Config")(
        backbone_config=resnet(), use_timm_backbone=False, use_pretrained_backbone=False, dropout=0.0,
        attention_dropout=0.0, activation_dropout=0.0, **wide, **LABELS,
    )  # fmt: skip


def rtdetr(name: str, **more: Any) -> Any:
    backbone = transformers.RTDetrResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32, 32], depths=[1, 1, 1], layer_type="basic",
        out_features=["stage2", "stage3"],
    )  # fmt: skip
    return getattr(transformers, f"{name}Config")(
        backbone_config=backbone, encoder_hidden_dim=32, encoder_in_channels=[32, 32], feat_strides=[8, 16],
        encoder_ffn_dim=64, encoder_attention_heads=2, encode_proj_layers=[1], d_model=32, num_queries=8,
        decoder_in_channels=[32, 32], decoder_ffn_dim=64, num_feature_levels=2, decoder_n_points=2, decoder_layers=2,
        decoder_attention_heads=2, num_denoising=8, **more, **LABELS,
    )  # fmt: skip


def yolos() -> Any:
    return transformers.YolosConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=[96, 96],
        patch_size=16, num_detection_tokens=8, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **LABELS,
    )  # fmt: skip


MODELS: dict[str, Callable[[], Any]] = {
    "DetrForObjectDetection": lambda: detr("Detr", **WIDER),
    "ConditionalDetrForObjectDetection": lambda: detr("ConditionalDetr"),
    "DeformableDetrForObjectDetection": lambda: detr("DeformableDetr", num_feature_levels=2, encoder_n_points=2),
    "DabDetrForObjectDetection": lambda: detr("DabDetr", hidden_size=32),
    "TableTransformerForObjectDetection": lambda: detr("TableTransformer", **WIDER),
    "YolosForObjectDetection": yolos,
    "RTDetrForObjectDetection": lambda: rtdetr("RTDetr"),
    "RTDetrV2ForObjectDetection": lambda: rtdetr("RTDetrV2", decoder_n_levels=2),
    "DFineForObjectDetection": lambda: rtdetr("DFine"),
}


# Pictures, steps, learning rate, and the share of the objects of these pictures that is found then at least. The others
# need more steps than a test has time for (docs/how-to/finetune-detection.md).
STEPS = {
    "ConditionalDetrForObjectDetection": (4, 100, 3e-3, 0.5),
    "DFineForObjectDetection": (8, 40, 3e-3, 0.0),
    "DeformableDetrForObjectDetection": (4, 60, 3e-3, 0.5),
    "DetrForObjectDetection": (3, 240, 2e-3, 0.5),
    "TableTransformerForObjectDetection": (3, 160, 2e-3, 0.5),
    "YolosForObjectDetection": (4, 100, 3e-3, 0.5),
}


def processor(kind: str) -> Any:
    side = {"height": 96, "width": 96}
    name = kind.removesuffix("ForObjectDetection")
    name = {"RTDetrV2": "RTDetr", "DFine": "RTDetr", "TableTransformer": "Detr", "DabDetr": "ConditionalDetr"}.get(
        name, name
    )
    return getattr(transformers, f"{name}ImageProcessor")(size=side)


def written(folder: Path, kind: str) -> Checkpoint:
    torch.manual_seed(0)
    getattr(transformers, kind)(MODELS[kind]()).save_pretrained(folder)
    processor(kind).save_pretrained(folder)
    return checkpoint(folder, kind)


def checkpoint(folder: Path, kind: str) -> Checkpoint:
    card = ModelCard(
        id="tiny", task="object-detection", library="transformers", loader="transformers-detection", architecture=kind
    )
    return Checkpoint(card=card, path=folder, revision="0" * 64)


def opened(made: Checkpoint) -> Any:
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=made.path / "cache", model="tiny")
    module = TransformersDetectionLoader().load(made, context)
    assert context.unmet(module) == []
    for tensor in [*module.parameters(), *module.buffers()]:
        tensor.data = tensor.data.clone()
    return module


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[[str], Checkpoint]:
    """`tiny(kind)`: a folder with a small model of this class of transformers, with random weights."""

    def make(kind: str) -> Checkpoint:
        return written(tmp_path / "base", kind)

    return make


def saved(adapter: TransformersTuner, module: Any, folder: Path, method: str) -> Checkpoint:
    """What the core makes of what an adapter writes: its files, and those of the base that are not replaced."""
    return kept(adapter, lambda into: adapter.save(module, TARGET, into, method=method), folder)


def kept(adapter: TransformersTuner, write: Callable[[Path], Trained], folder: Path) -> Checkpoint:
    folder.mkdir()
    trained = write(folder)
    for path in adapter.checkpoint.path.iterdir():
        if path.is_file() and path.name not in {*trained.files, *trained.drop}:
            shutil.copy2(path, folder)
    assert trained.config["labels"] == ["red", "blue"]
    return checkpoint(folder, trained.card["architecture"])


def test_the_families_are_those_that_are_tested() -> None:
    assert MODELS.keys() == LEARNING


@pytest.mark.parametrize("kind", MODELS)
def test_what_is_learnt_is_found_and_loads(tiny: Callable[[str], Checkpoint], tmp_path: Path, kind: str) -> None:
    base = tiny(kind)
    adapter, module = TransformersTuner(base), opened(base)
    body = {name: value.clone() for name, value in module.state_dict().items()}
    module = adapter.trainable(module, TARGET)
    odd = [name for name, value in module.state_dict().items() if body[name].shape != value.shape]
    same = [name for name, value in module.state_dict().items() if name not in odd]
    assert {name.rpartition(".")[0] for name in odd} == set(adapter.layers(module)[-1])
    assert all(torch.equal(module.state_dict()[name], body[name]) for name in same)

    few, steps, rate, found = STEPS.get(kind, (8, 12, 3e-3, 0.0))
    losses = learn(adapter, module, scenes(few), steps=steps, rate=rate, batch=min(few, 4))
    assert sum(losses[-3:]) / 3 < 0.9 * losses[0]
    empty = [adapter.encode(picture, (), TARGET, draw=None) for picture, _ in scenes(2)]
    loss, _ = adapter.loss(module.train(), adapter.batch(empty, TARGET), TARGET)
    loss.backward()
    assert loss.isfinite()

    again = opened(new := saved(adapter, module.eval(), tmp_path / "full", "full"))
    assert recall(TransformersDetection(new), again, scenes(few), 0.15) >= found
    pixels = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        assert torch.equal(again(pixel_values=pixels).logits, module(pixel_values=pixels).logits)
    assert again.config.id2label == {0: "red", 1: "blue"}


@pytest.mark.parametrize("kind", ["DeformableDetrForObjectDetection", "YolosForObjectDetection"])
def test_a_head_is_stored_alone(tiny: Callable[[str], Checkpoint], tmp_path: Path, kind: str) -> None:
    base = tiny(kind)
    adapter = TransformersTuner(base)
    module = adapter.trainable(opened(base), TARGET)
    head = saved(adapter, module.eval(), tmp_path / "head", "head")
    assert (head.path / "head.safetensors").stat().st_size < (head.path / "model.safetensors").stat().st_size / 4
    pixels = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        assert torch.equal(opened(head)(pixel_values=pixels).logits, module(pixel_values=pixels).logits)
    assert {name.rpartition(".")[2] for name in adapter.lora(module)} & {"q_proj", "value_proj", "query", "k_proj"}


@pytest.mark.parametrize("kind", ["DetrForObjectDetection", "DeformableDetrForObjectDetection"])
def test_low_rank_adapters_are_added_when_the_model_is_loaded(
    tiny: Callable[[str], Checkpoint], tmp_path: Path, kind: str
) -> None:
    adapter = TransformersTuner(base := tiny(kind))
    module = adapter.trainable(opened(base), TARGET)
    names, settings = adapter.lora(module), SimpleNamespace(rank=4, alpha=8.0, dropout=0.0)
    lowrank.inject(module, names, settings)
    for name in adapter.layers(module)[-1]:
        module.get_submodule(name).requires_grad_(True)
    losses = learn(adapter, module, scenes(4), steps=6, rate=0.03, batch=4)
    assert losses[-1] < losses[0]
    job = SimpleNamespace(target=TARGET, settings=settings, pulled=SimpleNamespace(card=base.card))
    new = kept(adapter, lambda folder: lowrank.write(job, adapter, module, folder), tmp_path / "lora")
    assert {path.name for path in new.path.glob("*.safetensors")} == {
        "adapter_model.safetensors", "head.safetensors", "model.safetensors",
    }  # fmt: skip
    again, pixels = opened(new), torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        without = again(pixel_values=pixels)
        merge(again, new)
        made, wanted = again(pixel_values=pixels), module(pixel_values=pixels)
    for name in ("logits", "pred_boxes"):
        torch.testing.assert_close(made[name], wanted[name], rtol=1e-4, atol=1e-5)
    assert (without["logits"] - wanted["logits"]).abs().max() > 1e-3


@pytest.mark.parametrize("kind", ["DetrForObjectDetection", "YolosForObjectDetection"])
def test_in_a_batch_of_several_sizes_each_picture_has_its_own_loss(
    tiny: Callable[[str], Checkpoint], kind: str
) -> None:
    adapter = TransformersTuner(base := tiny(kind))
    module = adapter.trainable(opened(base), TARGET).eval()
    few, many = (adapter.encode(*scene, TARGET, draw=None) for scene in scenes(2))
    few = dataclasses.replace(few, boxes=few.boxes[:1], classes=few.classes[:1], crowd=few.crowd[:1])
    many = dataclasses.replace(many, pixels=torch.cat([many.pixels, many.pixels], 2))
    losses = []
    for chosen in ([few], [many], [few, many]):
        batch = adapter.batch(chosen, TARGET)
        losses.append(adapter.loss(module, batch, TARGET)[0].item())
    assert batch["shown"].sum((1, 2)).tolist() == [96 * 96, 96 * 192]
    assert losses[2] == pytest.approx((losses[0] + 2 * losses[1]) / 3, rel=0.02 if kind.startswith("Detr") else 1e-5)


def test_what_has_no_proven_loss_is_refused_by_name(tiny: Callable[[str], Checkpoint]) -> None:
    adapter = TransformersTuner(tiny("YolosForObjectDetection"))
    with pytest.raises(UnknownTask, match="Linear cannot be fine-tuned"):
        adapter.trainable(torch.nn.Linear(2, 2), TARGET)
