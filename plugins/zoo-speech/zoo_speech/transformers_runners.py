"""The runner of transformers' classifiers of sounds."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from zoo.errors import BadOption
from zoo.plugin import option, read_object
from zoo.tasks import Classification, Label
from zoo_speech.audio import read_audio
from zoo_speech.transformers_hearing import Hearing, HearingRunner
from zoo_speech.windows import Clock, Piece

__all__ = ["SoundClassification", "SoundOptions"]


@dataclass(frozen=True, kw_only=True)
class SoundOptions:
    """Options of `SoundClassification`."""

    top_k: int = option(5, "how many labels to give, best first")

    def __post_init__(self) -> None:
        if self.top_k < 1:
            raise BadOption(f"top_k must be at least 1, not {self.top_k}")


class SoundClassification(HearingRunner):
    """The likeliest labels of a recording, heard as a whole, by softmax over the classifier's scores."""

    Options = SoundOptions
    batch = 4

    @functools.cached_property
    def labels(self) -> dict[int, str]:
        """The names of the classes by number."""
        named = read_object(self.checkpoint, "config.json").get("id2label") or {}
        return {int(number): str(name) for number, name in named.items()}

    def prepare(self, value: Any, options: SoundOptions) -> Sequence[Hearing]:
        """One recording; `value` as `read_audio` takes it."""
        samples = read_audio(value)
        return [Hearing(values=self.hear(samples), clock=Clock((Piece(begin=0, length=len(samples)),)))]

    def forward(self, module: Any, batch: dict[str, Tensor], options: SoundOptions) -> Tensor:
        """Probabilities (batch, classes), float32."""
        made: Tensor = module(**batch).logits.float().softmax(-1)
        return made

    def finish(self, outputs: Tensor, examples: Sequence[Hearing], options: SoundOptions) -> Sequence[Classification]:
        """The `top_k` labels of each recording."""
        scores, numbers = (found.tolist() for found in outputs.cpu().topk(min(options.top_k, outputs.shape[-1])))
        return [
            Classification(tuple(Label(self.labels.get(k, str(k)), s) for k, s in zip(best, row, strict=True)))
            for best, row in zip(numbers, scores, strict=True)
        ]
