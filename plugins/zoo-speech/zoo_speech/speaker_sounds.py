"""The runner that tells whose voice it is, or anything else that a voice tells, by a head on the voice encoder."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor
from torch.nn.functional import linear

from zoo.errors import UnsupportedFormat
from zoo.tasks import Classification
from zoo_speech.heads import has_head, labels_of
from zoo_speech.hearing import classified, joined
from zoo_speech.speaker_runners import DescribeVoice, Partial
from zoo_speech.transformers_runners import SoundOptions

__all__ = ["SpeakerSounds"]


class SpeakerSounds(DescribeVoice):
    """The likeliest classes of a recording by a head on its voice: the mean of its partial utterances of 1.6 s."""

    Options = SoundOptions

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The classes; none without a head."""
        return labels_of(self.checkpoint.card) if has_head(self.checkpoint.card) else ()

    @functools.cached_property
    def head(self) -> dict[str, Tensor]:
        """`head.weight` (classes, 256) and `head.bias`.

        Raises:
            UnsupportedFormat: the model has no head.
        """
        found = self.checkpoint.head_tensors()
        if not self.labels or not found:
            raise UnsupportedFormat(
                f"{self.checkpoint.card.id} knows no classes of voices",
                f"Let it learn them: `zoo finetune {self.checkpoint.card.id} FOLDER`.",
            )
        return found

    def prepare(self, value: Any, options: Any) -> Iterator[Partial]:
        """The partial utterances of one recording; `value` as `read_audio` takes it."""
        return self.partials(value, 0, None)

    def forward(self, module: Any, batch: Tensor, options: Any) -> Tensor:
        """Probabilities (batch, classes), float32."""
        voices = super().forward(module, batch, options).float()
        made: Tensor = linear(voices, *(self.head[f"head.{leaf}"].to(voices) for leaf in ("weight", "bias")))
        return made.softmax(-1)

    def finish(self, outputs: Tensor, examples: Sequence[Partial], options: Any) -> Sequence[Any]:
        """All labels of each partial utterance."""
        return classified(outputs, self.labels)

    def merge(self, results: Sequence[Any], options: Any) -> Any:
        """The `top_k` labels of the whole recording."""
        made: Classification = joined(results, options)
        return made
