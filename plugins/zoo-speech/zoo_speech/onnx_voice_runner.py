"""The runner that speaks English with hibari-tts."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from zoo.errors import BadData, BadOption
from zoo.plugin import Runner, option
from zoo.tasks import Speech
from zoo_speech.onnx_voice import RATE, OnnxVoice, sound_of
from zoo_speech.onnx_voice_text import Pronunciation, read_pronunciation

__all__ = ["OnnxSpeechOptions", "SpeakOnnx"]

_SLOWEST, _FASTEST = 0.5, 2.0

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class OnnxSpeechOptions:
    """Options of `SpeakOnnx`."""

    seed: int = option(0, "of the noise in the voice; the same seed says a text in the same way again")
    speaking_rate: float = option(1.0, "how fast, from .5 to 2")

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise BadOption(f"seed={self.seed} is not from 0 to 2**63 - 1")
        if not (math.isfinite(self.speaking_rate) and _SLOWEST <= self.speaking_rate <= _FASTEST):
            raise BadOption(f"speaking_rate={self.speaking_rate} is not from {_SLOWEST} to {_FASTEST}")


class SpeakOnnx(Runner):
    """The text, spoken sentence by sentence at 24 kHz; how it is read: `zoo_speech.onnx_voice_text`."""

    Options = OnnxSpeechOptions
    batch = 1
    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    @functools.cached_property
    def pronunciation(self) -> Pronunciation:
        """How words are pronounced, from the checkpoint's files."""
        return read_pronunciation(self.checkpoint)

    def prepare(self, value: Any, options: OnnxSpeechOptions) -> Sequence[Ids]:
        """The phonemes of each sentence as numbers (phonemes,); raises `BadData` for a text without a word."""
        if not isinstance(value, str):
            raise BadData(f"a text is needed, not {type(value).__name__}", "Give a string.")
        found = self.pronunciation.ids(value)
        if not found:
            raise BadData("there is nothing to say in the text", "Give words in English.")
        return found

    def collate(self, examples: Sequence[Ids]) -> list[Ids]:
        """The sentences as they are: each is spoken by itself."""
        return list(examples)

    def forward(self, module: OnnxVoice, batch: list[Ids], options: OnnxSpeechOptions) -> list[Any]:
        """The spectra of each sentence."""
        return [module.run(np.asarray(ids), options.speaking_rate) for ids in batch]

    def finish(self, outputs: list[Any], examples: Sequence[Ids], options: OnnxSpeechOptions) -> Sequence[Speech]:
        """Each sentence's sound."""
        return [Speech(samples=sound_of(parts, _generator(options)), rate=RATE) for parts in outputs]

    def merge(self, results: Sequence[Speech], options: OnnxSpeechOptions) -> Speech:
        """The sentences one after another."""
        return Speech(samples=np.concatenate([result.samples for result in results]), rate=RATE)


def _generator(options: OnnxSpeechOptions) -> torch.Generator:
    return torch.Generator().manual_seed(options.seed)
