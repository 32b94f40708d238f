"""What runners of transformers' speech and sound models share: recordings in, through the model's feature extractor."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from zoo.errors import UnsupportedFormat
from zoo.plugin import Checkpoint, Runner, read_object
from zoo_speech.audio import RATE
from zoo_speech.windows import Clock

__all__ = ["Hearing", "HearingRunner"]


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """A window of a recording: what the model hears of it, and where it is from."""

    values: Tensor
    clock: Clock


class HearingRunner(Runner):
    """Recordings in, through the feature extractor of the checkpoint."""

    @functools.cached_property
    def extractor(self) -> Any:
        """The feature extractor of the checkpoint; it must hear 16,000 samples a second."""
        from transformers import AutoFeatureExtractor

        if "feature_extractor" not in _processors(self.checkpoint):
            self.checkpoint.file("preprocessor_config.json")
        made = AutoFeatureExtractor.from_pretrained(
            str(self.checkpoint.path), local_files_only=True, trust_remote_code=False
        )
        if made.sampling_rate != RATE:
            raise UnsupportedFormat(
                f"{self.checkpoint.card.id} hears {made.sampling_rate} samples a second, not {RATE}"
            )
        return made

    def hear(self, samples: Any) -> Tensor:
        """The model's input for samples at 16,000 a second, without the batch's axis."""
        made = self.extractor(samples, sampling_rate=RATE, return_tensors="pt")
        values: Tensor = made[self.extractor.model_input_names[0]][0]
        return values

    def size(self, example: Hearing) -> int:
        """How long it is."""
        return len(example.values)

    def collate(self, examples: Sequence[Hearing]) -> dict[str, Tensor]:
        """The values, padded with zeros at the end, and a mask where the model was trained with one."""
        longest = max(len(example.values) for example in examples)
        lacking = [longest - len(example.values) for example in examples]
        batch = {
            self.extractor.model_input_names[0]: torch.stack(
                [
                    pad(e.values, (0,) * (2 * (e.values.ndim - 1)) + (0, room))
                    for e, room in zip(examples, lacking, strict=True)
                ]
            )
        }
        if getattr(self.extractor, "return_attention_mask", False):
            batch["attention_mask"] = torch.stack(
                [pad(torch.ones(longest - room, dtype=torch.long), (0, room)) for room in lacking]
            )
        return batch


def _processors(checkpoint: Checkpoint) -> dict[str, Any]:
    """The processors that transformers 5 writes into one file; empty for folders of older versions."""
    name = "processor_config.json"
    return read_object(checkpoint, name) if checkpoint.has(name) else {}
