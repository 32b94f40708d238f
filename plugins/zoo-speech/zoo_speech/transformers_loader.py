"""The loader `transformers-audio`: speech and sound models in the form of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from zoo.cards import ModelCard
from zoo.plugin import Checkpoint, LoadContext, PretrainedLoader
from zoo_speech.heads import Headless, SoundClassifier, encoder_of, has_head, labels_of, with_head
from zoo_speech.sampling import sound_sample

__all__ = ["TransformersAudioLoader"]

# What is different on the card of the same model for a task that needs no head.
_BODY: Mapping[str, Any] = {"task": "audio-feature-extraction", "tasks": ()}


class TransformersAudioLoader(PretrainedLoader):
    """Builds speech and sound models by the class of transformers that the card names, or a head on their bodies."""

    heads: ClassVar[Mapping[str, str]] = {
        "audio-classification": "AutoModelForAudioClassification",
        "automatic-speech-recognition": "AutoModelForCTC",
        "text-to-speech": "AutoModelForTextToWaveform",
    }

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> Any:
        """The module in evaluation mode; raises as `PretrainedLoader.load` and `with_head` do."""
        if not has_head(checkpoint.card):
            return super().load(checkpoint, context)
        body = super().load(Headless.of(checkpoint, **_BODY), context)
        return with_head(body, checkpoint, context)

    def blank(self, card: ModelCard) -> torch.nn.Module:
        """The module on the meta device; see `PretrainedLoader.blank`."""
        if not has_head(card):
            return super().blank(card)
        body = super().blank(card.replace(**_BODY))
        with torch.device("meta"):
            return SoundClassifier(encoder_of(body, card.id), len(labels_of(card))).eval()

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """A window of sound, or a text to speak; see `zoo.plugin.Loader.sample`."""
        return sound_sample(card, module, batch, length)
