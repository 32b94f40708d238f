"""The loader `transformers-vision`: picture, film and picture-and-text models in the form of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from zoo.cards import ModelCard
from zoo.plugin import Checkpoint, PretrainedLoader
from zoo_vision.sampling import transformers_sample

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig

__all__ = ["TransformersVisionLoader"]


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
        made = super().config(checkpoint)
        if hasattr(made, "mask_ratio"):
            made.mask_ratio = 0.0
        return made

    def card_config(self, card: ModelCard) -> PretrainedConfig:
        """The configuration that the card states."""
        return _pair(card) or super().card_config(card)


def _pair(card: ModelCard) -> PretrainedConfig | None:
    """The configuration of an encoder with a decoder, which has no default; None for any other architecture."""
    if card.architecture != "VisionEncoderDecoderModel":
        return None
    from transformers import VisionEncoderDecoderConfig

    return VisionEncoderDecoderConfig(encoder=dict(card.config["encoder"]), decoder=dict(card.config["decoder"]))
