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
    """The speech models of this plugin."""
    from zoo_speech.cards import CARDS

    return CARDS


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """`whisper`: Whisper from a CTranslate2 file or a transformers folder."""
    return {"whisper": "zoo_speech.whisper_loader:WhisperLoader"}


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """Transcription with that loader's module."""
    return {("whisper", "automatic-speech-recognition"): "zoo_speech.runners:Transcribe"}
