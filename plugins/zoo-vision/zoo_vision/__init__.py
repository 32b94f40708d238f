"""Picture models for the zoo: classification and embeddings with timm and torchvision, salient segmentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zoo.plugin import hookimpl

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["zoo_api", "zoo_cards", "zoo_finetuners", "zoo_loaders", "zoo_runners"]

zoo_api = 1


@hookimpl
def zoo_cards() -> Iterable[ModelCard]:
    """Cards of the packaged weights, of every pretrained timm configuration and of torchvision's classifiers."""
    from zoo_vision.cards import all_cards

    return all_cards()


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """Loaders by name."""
    return {
        "onnx": "zoo_vision.onnx_loader:OnnxLoader",
        "timm": "zoo_vision.timm_loader:TimmLoader",
        "torchvision": "zoo_vision.torchvision_loader:TorchvisionLoader",
    }


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """Runners by loader and task."""
    return {
        ("onnx", "image-segmentation"): "zoo_vision.segmentation:SalientSegmentation",
        ("timm", "image-classification"): "zoo_vision.runners:ImageClassification",
        ("timm", "image-feature-extraction"): "zoo_vision.runners:ImageEmbedding",
        ("torchvision", "image-classification"): "zoo_vision.runners:ImageClassification",
        ("torchvision", "image-feature-extraction"): "zoo_vision.runners:ImageEmbedding",
    }


@hookimpl
def zoo_finetuners() -> Mapping[tuple[str, str], str]:
    """Fine-tuning adapters by loader and task."""
    return {
        ("timm", "image-classification"): "zoo_vision.finetuners:TimmClassifier",
        ("torchvision", "image-classification"): "zoo_vision.finetuners:TorchvisionClassifier",
    }
