"""The loader `speecht5`: SpeechT5 for speaking, with the vocoder that makes sound of its spectrograms."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from zoo.errors import UnsupportedFormat
from zoo.plugin import Checkpoint, LoadContext, read_object
from zoo_speech.transformers_loader import TransformersAudioLoader

if TYPE_CHECKING:
    from transformers import SpeechT5HifiGan

__all__ = ["VOCODER", "SpeechT5Loader", "SpeechT5Voice"]

VOCODER = "vocoder"  # the folder of the vocoder's config.json and weights in the checkpoint
_VOCODERS = {"hifigan", "speecht5_hifigan"}  # as older and newer versions of transformers call it


class SpeechT5Voice(nn.Module):
    """SpeechT5 (https://arxiv.org/abs/2110.07205) followed by HiFi-GAN (https://arxiv.org/abs/2010.05646).

    Attributes:
        speaker: transformers' `SpeechT5ForTextToSpeech`: from letters to a spectrogram of 80 mel bands.
        vocoder: transformers' `SpeechT5HifiGan`: from the spectrogram to sound.
    """

    def __init__(self, speaker: Any, vocoder: Any) -> None:
        super().__init__()
        self.speaker = speaker
        self.vocoder = vocoder

    def forward(self, letters: Tensor, voice: Tensor) -> Tensor:
        """The sound (samples,) of letters (letters,) in the voice that a vector (512,) describes."""
        made: Tensor = self.speaker.generate_speech(letters[None], voice[None], vocoder=self.vocoder)
        return made


class SpeechT5Loader(TransformersAudioLoader):
    """Builds both parts from the folders of transformers."""

    heads: ClassVar[Mapping[str, str]] = {"text-to-speech": "SpeechT5ForTextToSpeech"}

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> SpeechT5Voice:
        """Both modules, with all weights in place.

        Raises:
            NotInstalled: the vocoder's files are missing.
            UnsupportedFormat: one of the folders holds another kind of model.
            WeightsMismatch: a parameter lacks its tensor, or a tensor its parameter.
        """
        speaker = super().load(checkpoint, context)
        part = dataclasses.replace(checkpoint, path=checkpoint.path / VOCODER)
        return SpeechT5Voice(speaker, _vocoder(part, context)).eval()


def _vocoder(checkpoint: Checkpoint, context: LoadContext) -> SpeechT5HifiGan:
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    stated = read_object(checkpoint, "config.json")
    if stated.get("model_type") not in _VOCODERS:
        raise UnsupportedFormat(f"{checkpoint.card.id}: {VOCODER}/config.json is not that of a HiFi-GAN vocoder")
    with context.no_init():
        module = SpeechT5HifiGan(SpeechT5HifiGanConfig.from_dict(stated))
    context.assign(module, checkpoint.tensors())
    made: SpeechT5HifiGan = module.to(device=torch.device(context.device))
    return made
