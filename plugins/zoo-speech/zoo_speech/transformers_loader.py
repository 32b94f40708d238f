"""The loader `transformers-audio`: speech and sound models in the form of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from zoo.cards import ModelCard
from zoo.plugin import PretrainedLoader
from zoo_speech.sampling import sound_sample

if TYPE_CHECKING:
    import torch

__all__ = ["TransformersAudioLoader"]


class TransformersAudioLoader(PretrainedLoader):
    """Builds speech and sound models by the class of transformers that the card names."""

    heads: ClassVar[Mapping[str, str]] = {
        "audio-classification": "AutoModelForAudioClassification",
        "automatic-speech-recognition": "AutoModelForCTC",
        "text-to-speech": "AutoModelForTextToWaveform",
    }

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """A window of sound, or a text to speak; see `zoo.plugin.Loader.sample`."""
        return sound_sample(card, module, batch, length)
