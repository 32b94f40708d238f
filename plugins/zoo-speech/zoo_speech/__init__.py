"""Speech models for the zoo: the hooks of the plugin, names only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zoo.plugin import hookimpl

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["zoo_api", "zoo_cards", "zoo_loaders", "zoo_runners"]

zoo_api = 1


@hookimpl
def zoo_cards() -> Iterable[ModelCard]:
    """Packaged models, Whisper on the hub, then other models of speech and sound on the hub."""
    from zoo_speech.cards import CARDS
    from zoo_speech.transformers_decoders import decoder_cards
    from zoo_speech.transformers_recognition import recognition_cards
    from zoo_speech.transformers_sounds import sound_cards

    return [*CARDS, *recognition_cards(), *decoder_cards(), *sound_cards()]


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """`whisper`: Whisper from a CTranslate2 file or a transformers folder; `transformers-audio`: the other folders."""
    return {
        "transformers-audio": "zoo_speech.transformers_loader:TransformersAudioLoader",
        "whisper": "zoo_speech.whisper_loader:WhisperLoader",
    }


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """Transcription, classification and speaking with those loaders' modules."""
    return {
        ("transformers-audio", "audio-classification"): "zoo_speech.transformers_runners:SoundClassification",
        ("transformers-audio", "automatic-speech-recognition"): "zoo_speech.transformers_runners:TransformersCtc",
        ("transformers-audio", "text-to-speech"): "zoo_speech.transformers_voices:Speak",
        ("whisper", "automatic-speech-recognition"): "zoo_speech.runners:Transcribe",
    }
