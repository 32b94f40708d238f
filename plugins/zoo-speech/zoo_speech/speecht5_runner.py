"""The runner that speaks a text with SpeechT5."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zoo.errors import BadOption, MissingDependency
from zoo.plugin import option, read_object
from zoo_speech.speecht5 import VOCODER
from zoo_speech.transformers_voices import Speak

__all__ = ["SpeakT5", "SpeechT5Options"]


@dataclass(frozen=True, kw_only=True)
class SpeechT5Options:
    """Options of `SpeakT5`."""

    seed: int = option(0, "a voice varies by chance; the same seed says a text in the same way again")
    voice: str | None = option(None, "a .npy file of 512 numbers that describe the voice; none: all of them 0")

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise BadOption(f"seed={self.seed} is not from 0 to 2**63 - 1")


class SpeakT5(Speak):
    """The text, spoken by SpeechT5 in pieces of at most 400 characters.

    The voice is described by an x-vector, 512 numbers: for one speaker of the CMU Arctic recordings, say, as the data
    set Matthijs/cmu-arctic-xvectors on the hub has them. Without one the vector is all zeros, a voice that is nobody's.
    Dropout goes on while it speaks, as in its training; the option's seed decides what it leaves out.
    """

    Options = SpeechT5Options
    architecture: ClassVar[str] = "SpeechT5ForTextToSpeech"
    longest: ClassVar[int] = 400

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The letters of the checkpoint; raises `MissingDependency` where sentencepiece is not installed."""
        from importlib.util import find_spec

        from transformers import SpeechT5Tokenizer

        self.checkpoint.file("spm_char.model")
        if find_spec("sentencepiece") is None:
            raise MissingDependency(
                f"{self.checkpoint.card.id} needs the package sentencepiece to read texts",
                "`pip install sentencepiece`.",
            )
        return SpeechT5Tokenizer.from_pretrained(str(self.checkpoint.path), local_files_only=True)

    @functools.cached_property
    def rate(self) -> int:
        """Samples a second, of the vocoder."""
        return int(read_object(self.checkpoint, f"{VOCODER}/config.json").get("sampling_rate", 16_000))

    def _letters(self, text: str) -> Tensor | None:
        ids: Tensor = self.tokenizer(text, return_tensors="pt").input_ids[0]
        known = (ids != self.tokenizer.unk_token_id) & (ids != self.tokenizer.eos_token_id)
        return ids if text.strip() and any(map(str.isalnum, text)) and bool(known.any()) else None

    def _speak(self, module: Any, letters: Tensor, options: Any) -> Tensor:
        voice = _voice(options.voice, module.speaker.config.speaker_embedding_dim).to(letters.device)
        own = [letters.device] if letters.device.type == "cuda" else []
        with torch.random.fork_rng(devices=own):
            torch.manual_seed(options.seed)
            sound: Tensor = module(letters, voice)
        return sound.float()


def _voice(path: str | None, size: int) -> Tensor:
    """The vector in a file; raises `BadOption` where it is none."""
    if path is None:
        return torch.zeros(size)
    try:
        vector = np.load(Path(path).expanduser(), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadOption(f"voice={path} cannot be read: {error}", f"Give a .npy file of {size} numbers.") from error
    if vector.dtype.kind not in "fiu" or vector.size != size or not np.isfinite(vector).all():
        raise BadOption(f"voice={path} holds {vector.shape} of {vector.dtype}, not {size} numbers")
    return torch.from_numpy(vector.reshape(size).astype(np.float32))
