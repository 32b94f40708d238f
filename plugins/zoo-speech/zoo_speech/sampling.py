"""What one forward of this plugin's modules takes: a window of sound, or a text to speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.plugin import meta_floats, meta_tokens, pretrained_sample
from zoo_speech.heads import SoundClassifier
from zoo_speech.windows import WINDOW_SECONDS

if TYPE_CHECKING:
    from torch import nn

    from zoo.cards import ModelCard

__all__ = ["sound_sample", "whisper_sample"]

# Recordings to be sorted are heard whole; this is how long they are taken to be.
_WHOLE = 10

_Sample = tuple[tuple[Any, ...], dict[str, Any]]


def whisper_sample(module: nn.Module, batch: int) -> _Sample:
    """Windows of 30 s (batch, mels, 3000), and the first token of what is said where it is written."""
    headed = isinstance(module, SoundClassifier)
    config: Any = module.encoder.config if headed else module.config
    frames = 2 * config.max_source_positions  # the encoder's convolution halves them
    features = meta_floats(module, batch, config.num_mel_bins, frames)
    return (), {"input_features": features, **({} if headed else {"decoder_input_ids": meta_tokens(batch, 1)})}


def sound_sample(card: ModelCard, module: nn.Module, batch: int, length: int | None) -> _Sample | None:
    """Windows of the length that the task's runner cuts, 10 s where it hears recordings whole, or texts to speak."""
    seconds = WINDOW_SECONDS if card.task == "automatic-speech-recognition" else _WHOLE
    body = module.encoder if isinstance(module, SoundClassifier) else module
    return pretrained_sample(body, batch, length, seconds=seconds)
