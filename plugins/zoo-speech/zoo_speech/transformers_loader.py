"""The loader `transformers-audio`: speech and sound models in the form of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from zoo.plugin import PretrainedLoader

__all__ = ["TransformersAudioLoader"]


class TransformersAudioLoader(PretrainedLoader):
    """Builds speech and sound models by the class of transformers that the card names."""

    heads: ClassVar[Mapping[str, str]] = {
        "audio-classification": "AutoModelForAudioClassification",
        "automatic-speech-recognition": "AutoModelForCTC",
        "text-to-speech": "AutoModelForTextToWaveform",
    }
