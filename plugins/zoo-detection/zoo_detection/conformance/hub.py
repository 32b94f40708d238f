"""Tiny detectors of transformers: DETR, which is told where pictures end, and YOLOS, which is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_detection.conformance.numbers import calm, fill

__all__ = ["make_detr", "make_yolos"]

_KINDS = {0: "ant", 1: "bee"}
_NAMED: dict[str, Any] = {"id2label": _KINDS, "label2id": {name: number for number, name in _KINDS.items()}}
_DETR: dict[str, Any] = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "num_queries": 6, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
}  # fmt: skip
_EDGES = {"shortest_edge": 32, "longest_edge": 64}


def make_detr(folder: Path) -> ModelCard:
    """DETR on a residual network of two blocks."""
    import transformers

    backbone = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", out_features=["stage2"]
    )
    config = transformers.DetrConfig(backbone_config=backbone, **_DETR, **_NAMED)
    _keep(transformers.DetrForObjectDetection(config), folder)
    transformers.DetrImageProcessor(size=_EDGES).save_pretrained(folder)
    return _card("tiny-detr", "DetrForObjectDetection")


def make_yolos(folder: Path) -> ModelCard:
    """YOLOS of two layers."""
    import transformers

    config = transformers.YolosConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=[32, 48],
        patch_size=8, num_detection_tokens=6, **_NAMED,
    )  # fmt: skip
    _keep(transformers.YolosForObjectDetection(config), folder)
    transformers.YolosImageProcessor(size=_EDGES).save_pretrained(folder)
    return _card("tiny-yolos", "YolosForObjectDetection")


def _keep(module: Any, folder: Path) -> None:
    """Write configuration and weights as transformers' `save_pretrained`, which shows its progress."""
    from safetensors.torch import save_model

    fill(module, gain=2.0)
    calm(module, "bbox_predictor.layers.2")
    module.config.architectures = [type(module).__name__]
    module.config.save_pretrained(folder)
    save_model(module, str(folder / "model.safetensors"), metadata={"format": "pt"})


def _card(name: str, architecture: str) -> ModelCard:
    return ModelCard(
        id=name,
        task="object-detection",
        library="transformers",
        loader="transformers-detection",
        architecture=architecture,
    )
