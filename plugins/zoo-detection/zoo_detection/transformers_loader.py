"""The loader `transformers-detection`: object detectors in the form of transformers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from zoo.cards import ModelCard
from zoo.plugin import PretrainedLoader

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig

__all__ = ["TransformersDetectionLoader"]


class TransformersDetectionLoader(PretrainedLoader):
    """Builds object detectors by the class of transformers that the card names."""

    heads: ClassVar[Mapping[str, str]] = {
        "object-detection": "AutoModelForObjectDetection",
        "zero-shot-object-detection": "AutoModelForZeroShotObjectDetection",
    }

    def card_config(self, card: ModelCard) -> PretrainedConfig:
        """The configuration that the card states, with its number of classes."""
        made = super().card_config(card)
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
