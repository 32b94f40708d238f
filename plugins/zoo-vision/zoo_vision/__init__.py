"""Picture models for the zoo, with timm, torchvision and onnxruntime: the hooks of the plugin, names only."""

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
    """Cards of the packaged weights, of every pretrained timm configuration, of torchvision's weights and a hub's."""
    from zoo_vision.cards import all_cards
    from zoo_vision.transformers_cards import transformers_cards

    return [*all_cards(), *transformers_cards()]


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """Loaders by name; torchvision's detectors have their own, as the plugin of detection runs them in another way."""
    return {
        "onnx": "zoo_vision.onnx_loader:OnnxLoader",
        "timm": "zoo_vision.timm_loader:TimmLoader",
        "torchvision": "zoo_vision.torchvision_loader:TorchvisionLoader",
        "torchvision-detection": "zoo_vision.torchvision_loader:TorchvisionDetectionLoader",
        "transformers-vision": "zoo_vision.transformers_loader:TransformersVisionLoader",
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
        ("torchvision", "image-segmentation"): "zoo_vision.semantic:SemanticSegmentation",
        ("torchvision", "video-classification"): "zoo_vision.films:VideoClassification",
        ("transformers-vision", "depth-estimation"): "zoo_vision.transformers_runners:TransformersDepth",
        ("transformers-vision", "image-classification"): "zoo_vision.transformers_runners:TransformersClassification",
        ("transformers-vision", "image-feature-extraction"): "zoo_vision.transformers_runners:TransformersFeatures",
        ("transformers-vision", "image-segmentation"): "zoo_vision.transformers_segments:TransformersSegmentation",
        (
            "transformers-vision",
            "zero-shot-image-classification",
        ): "zoo_vision.transformers_zero_shot:ZeroShotPictures",
    }


@hookimpl
def zoo_finetuners() -> Mapping[tuple[str, str], str]:
    """Fine-tuning adapters by loader and task."""
    return {
        ("onnx", "image-segmentation"): "zoo_vision.adapters.salient:SalientTuner",
        ("timm", "image-classification"): "zoo_vision.adapters.timm_classifier:TimmClassifier",
        ("torchvision", "image-classification"): "zoo_vision.adapters.torchvision_classifier:TorchvisionClassifier",
        ("torchvision", "image-segmentation"): "zoo_vision.adapters.torchvision_semantic:TorchvisionSemantic",
        (
            "transformers-vision",
            "image-classification",
        ): "zoo_vision.adapters.transformers_classifier:TransformersClassifier",
        (
            "transformers-vision",
            "image-segmentation",
        ): "zoo_vision.adapters.transformers_semantic:TransformersSemanticTuner",
    }
