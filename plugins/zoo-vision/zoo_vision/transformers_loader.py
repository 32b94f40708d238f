"""The loader `transformers-vision`: picture, film and picture-and-text models in the form of transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from zoo.cards import ModelCard
from zoo.plugin import Checkpoint, PretrainedLoader
from zoo_vision.sampling import transformers_sample

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig

__all__ = ["TransformersVisionLoader", "class_for", "learnt_labels", "name_classes"]


class TransformersVisionLoader(PretrainedLoader):
    """Builds picture, film and picture-and-text models by the class of transformers that the card names."""

    heads: ClassVar[Mapping[str, str]] = {
        "depth-estimation": "AutoModelForDepthEstimation",
        "image-classification": "AutoModelForImageClassification",
        "image-feature-extraction": "AutoModel",
        "image-segmentation": "AutoModelForSemanticSegmentation",
        "image-text-to-text": "AutoModelForImageTextToText",
        "image-to-text": "AutoModelForImageTextToText",
        "mask-generation": "AutoModelForMaskGeneration",
        "video-classification": "AutoModelForVideoClassification",
        "visual-question-answering": "AutoModelForVisualQuestionAnswering",
        "zero-shot-image-classification": "AutoModelForZeroShotImageClassification",
    }

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Pictures, with words where they are asked for; see `zoo.plugin.Loader.sample`."""
        return transformers_sample(card, module, batch, length)

    def config(self, checkpoint: Checkpoint) -> PretrainedConfig:
        """The configuration in config.json; a masked autoencoder sees the whole picture here, not a random quarter."""
        made = name_classes(super().config(checkpoint), learnt_labels(checkpoint.card))
        if hasattr(made, "mask_ratio"):
            made.mask_ratio = 0.0
        return made

    def card_config(self, card: ModelCard) -> PretrainedConfig:
        """The configuration that the card states."""
        return _pair(card) or super().card_config(card)

    def head(self, card: ModelCard, config: PretrainedConfig) -> str:
        """The name of transformers' class for the card; an encoder that learnt classes has a classifier."""
        found = class_for(card.task, config) if learnt_labels(card) else None
        return found or super().head(card, config)


def learnt_labels(card: ModelCard) -> tuple[str, ...]:
    """The labels of a fine-tuned model, which its card names; empty for models of the hub."""
    labels = card.config.get("labels")
    return tuple(labels) if isinstance(labels, list | tuple) and card.task in _CLASSES else ()


def name_classes(config: PretrainedConfig, labels: Sequence[str]) -> PretrainedConfig:
    """The configuration with these labels, where there are any."""
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
    return config


def class_for(task: str, config: PretrainedConfig) -> str | None:
    """The name of transformers' class that an architecture has for a task, or None."""
    from transformers.models.auto import modeling_auto

    found = getattr(modeling_auto, _CLASSES[task]).get(config.model_type)
    return found[0] if isinstance(found, tuple) else found


_CLASSES = {
    "image-classification": "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES",
    "image-segmentation": "MODEL_FOR_SEMANTIC_SEGMENTATION_MAPPING_NAMES",
}


def _pair(card: ModelCard) -> PretrainedConfig | None:
    """The configuration of an encoder with a decoder, which has no default; None for any other architecture."""
    if card.architecture != "VisionEncoderDecoderModel":
        return None
    from transformers import VisionEncoderDecoderConfig

    return VisionEncoderDecoderConfig(encoder=dict(card.config["encoder"]), decoder=dict(card.config["decoder"]))
