"""Resemblyzer's voice encoder as a torch module, and its loader."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from zoo.cards import ModelCard
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_speech.speaker_features import BANDS, PARTIAL

__all__ = ["VOICE_SIZE", "SpeakerLoader", "VoiceEncoder"]

VOICE_SIZE = 256
_LAYERS = 3
_OF_TRAINING = frozenset({"similarity_weight", "similarity_bias"})  # of the loss, in the file


class VoiceEncoder(nn.Module):
    """The encoder of "Generalized End-to-End Loss for Speaker Verification" (https://arxiv.org/abs/1710.10467).

    An LSTM of three layers over mel frames; its last state, through a linear layer and a rectifier, made one long, is
    the voice (`VoiceEncoder` in `resemblyzer/voice_encoder.py`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, VOICE_SIZE, _LAYERS, batch_first=True)
        self.linear = nn.Linear(VOICE_SIZE, VOICE_SIZE)

    def forward(self, mels: Tensor) -> Tensor:
        """Voices (batch, 256) of length 1, no number below 0, for mel frames (batch, frames, 40)."""
        _, (hidden, _) = self.lstm(mels)
        return nn.functional.normalize(self.linear(hidden[-1]).relu(), dim=1)


class SpeakerLoader(Loader):
    """Fills `VoiceEncoder` from the checkpoint's tensors."""

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def blank(self, card: ModelCard) -> VoiceEncoder:
        """The module on the meta device."""
        with torch.device("meta"):
            return VoiceEncoder().eval()

    def sample(
        self, card: ModelCard, module: nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Partial utterances of 1.6 s; see `zoo.plugin.Loader.sample`."""
        return (torch.empty(batch, PARTIAL, BANDS, device="meta"),), {}

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> VoiceEncoder:
        """The module with all weights in place; raises `WeightsMismatch` when they are not those of the encoder."""
        with context.no_init():
            module = VoiceEncoder()
        context.assign(
            module,
            checkpoint.tensors(),
            rename=lambda name: None if name in _OF_TRAINING or name.startswith("head.") else name,
        )
        return module.to(context.device).eval()
