"""The runner that speaks a text: VITS, and the voices of MMS that are VITS."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from zoo.errors import BadData, BadOption, UnsupportedFormat
from zoo.plugin import Checkpoint, Runner, option, read_object
from zoo.tasks import Speech

__all__ = ["Speak", "SpeechOptions"]

# At most so many characters: up to the end of a sentence, else to a blank, else anywhere.
_PIECE = r".{{1,{0}}}(?:[.!?…。！？](?=\s|$)|$)|.{{1,{0}}}(?=\s)|.{{1,{0}}}"


@dataclass(frozen=True, kw_only=True)
class SpeechOptions:
    """Options of `Speak`."""

    seed: int = option(0, "a voice varies by chance; the same seed says a text in the same way again")
    speaking_rate: float | None = option(None, "how fast: 1.5 is half as fast again; none: as the model was made")
    speaker: int = option(0, "which voice, where the model has several, from 0")

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise BadOption(f"seed={self.seed} is not from 0 to 2**63 - 1")
        if self.speaking_rate is not None and not (math.isfinite(self.speaking_rate) and self.speaking_rate > 0):
            raise BadOption(f"speaking_rate={self.speaking_rate} is not more than 0")
        if self.speaker < 0:
            raise BadOption(f"speaker={self.speaker} is less than 0")


class Speak(Runner):
    """The text, spoken by VITS (https://arxiv.org/abs/2106.06103), in pieces of at most 500 characters.

    Length and melody are drawn by chance, from the option's seed for each piece, so that what else is spoken in the
    same run changes nothing.

    Attributes:
        architecture: of the cards that it speaks with.
        longest: characters that are spoken at once.
    """

    Options: ClassVar[type[Any]] = SpeechOptions
    batch = 1
    dtypes: ClassVar[tuple[str, ...]] = ("float32",)  # its splines have no solution in 16 bits: "Discriminant…"
    architecture: ClassVar[str] = "VitsModel"
    longest: ClassVar[int] = 500

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        if checkpoint.card.architecture != self.architecture:
            raise UnsupportedFormat(
                f"{checkpoint.card.id}: no runner speaks with {checkpoint.card.architecture} yet",
                "Find a voice that can: `zoo search tag:vits`.",
            )

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The letters of the checkpoint."""
        from transformers import VitsTokenizer

        self.checkpoint.file("vocab.json")
        return VitsTokenizer.from_pretrained(str(self.checkpoint.path), local_files_only=True)

    @functools.cached_property
    def rate(self) -> int:
        """Samples a second."""
        return int(read_object(self.checkpoint, "config.json").get("sampling_rate", 16_000))

    def prepare(self, value: Any, options: Any) -> Sequence[Tensor]:
        """The letters of each piece (letters,), int64; raises `BadData` for a text that has none of the voice's."""
        if not isinstance(value, str):
            raise BadData(f"a text is needed, not {type(value).__name__}", "Give a string.")
        pieces = re.findall(_PIECE.format(self.longest), value.strip(), re.DOTALL)
        found = [ids for piece in pieces if (ids := self._letters(piece)) is not None]
        if not found:
            raise BadData("nothing in the text is a letter of this voice", "Give words in its language and script.")
        return found

    def collate(self, examples: Sequence[Tensor]) -> list[Tensor]:
        """The pieces as they are: each is spoken by itself."""
        return list(examples)

    def forward(self, module: Any, batch: list[Tensor], options: Any) -> list[Tensor]:
        """The sound of each piece (samples,), float32."""
        return [self._speak(module, letters, options) for letters in batch]

    def finish(self, outputs: list[Tensor], examples: Sequence[Tensor], options: Any) -> Sequence[Speech]:
        """Each piece's sound."""
        return [Speech(samples=sound.cpu().numpy(), rate=self.rate) for sound in outputs]

    def merge(self, results: Sequence[Speech], options: Any) -> Speech:
        """The pieces one after another."""
        import numpy as np

        return Speech(samples=np.concatenate([result.samples for result in results]), rate=self.rate)

    def _letters(self, text: str) -> Tensor | None:
        """Token ids, None where normalisation leaves nothing of the text."""
        if self.tokenizer.is_uroman and not text.isascii():
            self._need("uroman")
        if self.tokenizer.phonemize:
            self._need("phonemizer")
        if not self.tokenizer.prepare_for_tokenization(text)[0].strip():
            return None
        ids: Tensor = self.tokenizer(text, return_tensors="pt").input_ids[0]
        return ids

    def _need(self, package: str) -> None:
        """Raise `UnsupportedFormat` where a package that writes the text in the voice's letters is not installed."""
        from importlib.util import find_spec

        if find_spec(package) is None:
            raise UnsupportedFormat(
                f"{self.checkpoint.card.id} needs the package {package} to read this text", f"`pip install {package}`."
            )

    def _speak(self, module: Any, letters: Tensor, options: Any) -> Tensor:
        voices = module.config.num_speakers
        if options.speaker >= max(1, voices):
            raise BadOption(f"speaker={options.speaker}: {self.checkpoint.card.id} has {max(1, voices)} voice(s)")
        own = [letters.device] if letters.device.type == "cuda" else []
        with torch.random.fork_rng(devices=own):
            torch.manual_seed(options.seed)
            made = module(
                letters[None],
                speaking_rate=options.speaking_rate,
                speaker_id=options.speaker if voices > 1 else None,
            )
        sound: Tensor = made.waveform[0].float()
        return sound
