"""The loader `transformers-detection`: object detectors in the form of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from zoo.cards import ModelCard
from zoo.plugin import PretrainedLoader
from zoo_detection.sampling import detector_sample

if TYPE_CHECKING:
    import torch

__all__ = ["TransformersDetectionLoader"]


class TransformersDetectionLoader(PretrainedLoader):
    """Builds object detectors by the class of transformers that the card names; boxes need float32's precision."""

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    heads: ClassVar[Mapping[str, str]] = {
        "object-detection": "AutoModelForObjectDetection",
        "zero-shot-object-detection": "AutoModelForZeroShotObjectDetection",
    }

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Pictures, with words where they are looked for; see `zoo.plugin.Loader.sample`."""
        return detector_sample(card, module, batch, length)
