"""Runners of transformers' speech and sound models: recognition by CTC, and classification."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from zoo.errors import BadOption, UnsupportedFormat
from zoo.plugin import Checkpoint, Runner, option, read_object
from zoo.tasks import Classification, Label, Transcript, TranscriptSegment
from zoo_speech.audio import RATE, is_silent, read_audio
from zoo_speech.windows import cut_windows

__all__ = ["CtcOptions", "Hearing", "SoundClassification", "SoundOptions", "TransformersCtc"]


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """A stretch of a recording: what the model hears of it, and its first and last moment in seconds."""

    values: Tensor
    start: float
    end: float


class _Heard(Runner):
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


@dataclass(frozen=True, kw_only=True)
class CtcOptions:
    """Options of `TransformersCtc`."""

    timestamps: bool = option(True, "give a segment with its times for each window of at most 30 s")


class TransformersCtc(_Heard):
    """What was said, letter by letter (connectionist temporal classification), the likeliest letter at each moment.

    A long recording is cut into windows of at most 30 s at its quietest moments; silent windows are left out.
    """

    Options = CtcOptions
    batch = 4

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        if not checkpoint.card.architecture.endswith("ForCTC"):
            raise UnsupportedFormat(
                f"{checkpoint.card.id}: {checkpoint.card.architecture} does not write by CTC, no runner does it yet",
                "Find one that does: `zoo search tag:ctc`.",
            )

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The letters of the checkpoint."""
        from transformers import AutoTokenizer

        if not self.checkpoint.has("tokenizer.json"):  # without a file transformers makes an empty tokenizer
            self.checkpoint.file("vocab.json")
        return AutoTokenizer.from_pretrained(str(self.checkpoint.path), local_files_only=True, trust_remote_code=False)

    def prepare(self, value: Any, options: CtcOptions) -> Sequence[Hearing]:
        """The windows of one recording in which there is any sound; `value` as `read_audio` takes it."""
        samples = read_audio(value)
        return [
            Hearing(values=self.hear(samples[first:last]), start=first / RATE, end=last / RATE)
            for first, last in cut_windows(samples)
            if not is_silent(samples[first:last])
        ]

    def forward(self, module: Any, batch: dict[str, Tensor], options: CtcOptions) -> list[Tensor]:
        """The likeliest letters of each window (steps,), without the steps that only its padding has."""
        letters = module(**batch).logits.argmax(-1)
        mask = batch.get("attention_mask")
        if mask is None:
            return list(letters)
        steps = module._get_feat_extract_output_lengths(mask.sum(-1)).tolist()
        return [row[: int(count)] for row, count in zip(letters, steps, strict=True)]

    def finish(
        self, outputs: Sequence[Tensor], examples: Sequence[Hearing], options: CtcOptions
    ) -> Sequence[Transcript]:
        """The transcript of each window, with its times in the recording."""
        texts = [self.tokenizer.decode(letters.tolist()).strip() for letters in outputs]
        return [
            Transcript(
                text=text,
                segments=(TranscriptSegment(start=heard.start, end=heard.end, text=text),)
                if text and options.timestamps
                else (),
                language=self._language,
            )
            for text, heard in zip(texts, examples, strict=True)
        ]

    def merge(self, results: Sequence[Transcript], options: CtcOptions) -> Transcript:
        """The transcript of the whole recording."""
        return Transcript(
            text=" ".join(result.text for result in results if result.text),
            segments=tuple(segment for result in results for segment in result.segments),
            language=self._language,
        )

    @property
    def _language(self) -> str | None:
        languages = self.checkpoint.card.languages
        return languages[0] if len(languages) == 1 and languages[0] != "multilingual" else None


@dataclass(frozen=True, kw_only=True)
class SoundOptions:
    """Options of `SoundClassification`."""

    top_k: int = option(5, "how many labels to give, best first")

    def __post_init__(self) -> None:
        if self.top_k < 1:
            raise BadOption(f"top_k must be at least 1, not {self.top_k}")


class SoundClassification(_Heard):
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
        return [Hearing(values=self.hear(samples), start=0.0, end=len(samples) / RATE)]

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


def _processors(checkpoint: Checkpoint) -> dict[str, Any]:
    """The processors that transformers 5 writes into one file; empty for folders of older versions."""
    name = "processor_config.json"
    return read_object(checkpoint, name) if checkpoint.has(name) else {}
