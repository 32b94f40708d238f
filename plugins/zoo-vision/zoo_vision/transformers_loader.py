"""The loader `transformers-vision`: picture, film and picture-and-text models in the form of transformers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from zoo.cards import ModelCard
from zoo.plugin import Checkpoint, PretrainedLoader

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

    def config(self, checkpoint: Checkpoint) -> PretrainedConfig:
        """The configuration in config.json; a masked autoencoder sees the whole picture here, not a random quarter."""
        made = super().config(checkpoint)
        if hasattr(made, "mask_ratio"):
            made.mask_ratio = 0.0
        return made

    def card_config(self, card: ModelCard) -> PretrainedConfig:
        """The configuration that the card states, with its number of classes."""
        made = _pair(card) or super().card_config(card)
        if classes := card.config.get("num_classes"):
            made.num_labels = classes
        return made

    def renamer(self, module: Any, tensors: Mapping[str, torch.Tensor]) -> Callable[[str], str | None]:
        """From the file's tensor names to the module's, through the names that transformers gave up since.

        Files keep the names of the version that wrote the first of them; transformers lists what it renamed.
        """
        from transformers.conversion_mapping import get_model_conversion_mapping
        from transformers.core_model_loading import WeightRenaming, apply_renamings

        wanted = module.state_dict().keys()
        steps = [step for step in get_model_conversion_mapping(module) if isinstance(step, WeightRenaming)]
        now = {name: name if name in wanted else apply_renamings(name, steps) for name in tensors}
        inner = super().renamer(module, {now[name]: tensor for name, tensor in tensors.items()})

        def rename(name: str) -> str | None:
            if name in now:
                return inner(now[name])
            return name if name in wanted else None  # not of the file: the module computes it, and may not store it

        return rename


def _pair(card: ModelCard) -> PretrainedConfig | None:
    """The configuration of an encoder with a decoder, which has no default; None for any other architecture."""
    if card.architecture != "VisionEncoderDecoderModel":
        return None
    from transformers import VisionEncoderDecoderConfig

    return VisionEncoderDecoderConfig(encoder=dict(card.config["encoder"]), decoder=dict(card.config["decoder"]))
