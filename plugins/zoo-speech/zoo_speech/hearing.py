"""Runners that tell classes of recordings: by a head on any encoder of sound, by Whisper's own language tokens."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import WhisperFeatureExtractor

from zoo.errors import BadData, UnsupportedFormat
from zoo.plugin import Checkpoint, PretrainedLoader, Runner
from zoo.tasks import Classification, Label
from zoo_speech.audio import RATE, Samples
from zoo_speech.decoding import language_probabilities
from zoo_speech.heads import SPECTROGRAM, SoundClassifier, has_head, labels_of
from zoo_speech.spans import FRAMES_A_SECOND
from zoo_speech.tokens import Tokens, read_tokens
from zoo_speech.transformers_runners import SoundClassification, SoundOptions
from zoo_speech.whisper_loader import mel_bands
from zoo_speech.windows import WINDOW_SECONDS, heard_windows

__all__ = ["Heard", "Sounds", "WhisperSounds", "classified", "joined", "sounding_parts"]

_LEAST = 1e-12  # a probability's, before its logarithm is taken
_SPECTRA_A_SECOND = 100  # of the spectrogram transformer


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A part of a recording as the model hears it; `frames` of 10 ms are sound, where the rest of it is filled up."""

    values: Tensor
    frames: int = 0


def sounding_parts(runner: Runner, value: Any, seconds: float = WINDOW_SECONDS) -> Iterator[Samples]:
    """The recording, a long one in parts of at most so many seconds; those without any sound are left out.

    Raises:
        BadData: it cannot be read, or all of it is silent.
    """
    heard = False
    for window in heard_windows(runner, value, None):
        heard = True
        yield from np.array_split(window.samples, math.ceil(len(window.samples) / (seconds * RATE)))
    if not heard:
        raise BadData("the recording is silent: there is nothing to tell it by", "Give one with sound.")


def joined(results: Sequence[Classification], options: SoundOptions) -> Classification:
    """One result of a recording's parts: their probabilities multiplied, and the `top_k` of them.

    The mean of the logarithms is what a linear head says of the mean of its inputs.
    """
    logs: dict[str, float] = {}
    for result in results:
        for one in result.labels:
            logs[one.label] = logs.get(one.label, 0.0) + math.log(max(one.score, _LEAST)) / len(results)
    highest = max(logs.values())
    weights = {label: math.exp(value - highest) for label, value in logs.items()}
    total = sum(weights.values())
    best = sorted(weights, key=lambda label: -weights[label])[: options.top_k]
    return Classification(tuple(Label(label, weights[label] / total) for label in best))


def classified(probabilities: Tensor, labels: Sequence[str]) -> list[Classification]:
    """Every label of each row (rows, labels) with its probability, best first."""
    made = []
    for row in probabilities.float().cpu().tolist():
        pairs = sorted(zip(labels, row, strict=True), key=lambda pair: -pair[1])
        made.append(Classification(tuple(Label(*pair) for pair in pairs)))
    return made


class Sounds(SoundClassification):
    """The likeliest classes of a recording: by the model's own classifier, or by a head on the mean of its states.

    A long recording is heard in windows of at most 30 s (the spectrogram transformer: of what it takes at once) that
    hold any sound, and what is said of them is joined.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self._config = PretrainedLoader().config(checkpoint)
        if getattr(self._config, "feat_extract_norm", None) == "group":
            # It measures how loud each channel is over all of the recording: padding would change what it hears.
            self.batch = 1  # type: ignore[misc]  # for this instance

    @functools.cached_property
    def labels(self) -> dict[int, str]:
        """The names of the classes by number."""
        card = self.checkpoint.card
        return dict(enumerate(labels_of(card))) if has_head(card) else super().labels

    def prepare(self, value: Any, options: SoundOptions) -> Iterator[Heard]:
        """The recording's parts; `value` as `read_audio` takes it; raises `BadData` for a silent one."""
        spectra = self._config.model_type == SPECTROGRAM
        seconds = self.extractor.max_length / _SPECTRA_A_SECOND if spectra else WINDOW_SECONDS
        return (Heard(values=self.hear(part)) for part in sounding_parts(self, value, seconds))

    def collate(self, examples: Sequence[Any]) -> dict[str, Tensor]:
        """`input_values`, or `input_features`, with an `attention_mask` where they differ in length."""
        batch = super().collate(examples)
        lengths = [len(example.values) for example in examples]
        if len(set(lengths)) > 1 and "attention_mask" not in batch:
            batch["attention_mask"] = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
        return batch

    def finish(self, outputs: Tensor, examples: Sequence[Any], options: SoundOptions) -> Sequence[Classification]:
        """All labels of each part."""
        return classified(outputs, [self.labels.get(k, str(k)) for k in range(outputs.shape[-1])])

    def merge(self, results: Sequence[Classification], options: SoundOptions) -> Classification:
        """The `top_k` labels of the whole recording."""
        return joined(results, options)


class WhisperSounds(Runner):
    """The likeliest classes of a recording by a head on Whisper's encoder; without one, the languages spoken in it.

    A head sees the mean of the encoder's states over the sound of a window of 30 s. What is said of the windows of a
    longer recording is joined. Languages are the model's own language tokens, by their codes.
    """

    Options = SoundOptions
    batch = 8

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self._extract = WhisperFeatureExtractor(feature_size=mel_bands(checkpoint))

    @functools.cached_property
    def tokens(self) -> Tokens:
        """The vocabulary, of which the languages are a part."""
        return read_tokens(self.checkpoint)

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The classes, or the codes of the languages."""
        card = self.checkpoint.card
        return labels_of(card) if has_head(card) else tuple(self.tokens.languages)

    def prepare(self, value: Any, options: SoundOptions) -> Iterator[Heard]:
        """The recording's windows; `value` as `read_audio` takes it; raises `BadData` for a silent one."""
        return (self._heard(part) for part in sounding_parts(self, value))

    def collate(self, examples: Sequence[Heard]) -> dict[str, Tensor]:
        """`input_features` (windows, mels, 3000), and how many `frames` (windows,) of each are sound."""
        return {
            "input_features": torch.stack([example.values for example in examples]),
            "frames": torch.tensor([example.frames for example in examples]),
        }

    def forward(self, module: Any, batch: dict[str, Tensor], options: SoundOptions) -> Tensor:
        """Probabilities (windows, classes), float32.

        Raises:
            UnsupportedFormat: there is no head, and the model knows one language only.
        """
        if isinstance(module, SoundClassifier):
            made: Tensor = module(**batch).logits.float().softmax(-1)
            return made
        if not self.labels:
            raise UnsupportedFormat(
                f"{self.checkpoint.card.id} knows English only, and cannot tell languages",
                "Take a multilingual one, such as `whisper-base`.",
            )
        return language_probabilities(module, batch["input_features"], self.tokens)

    def finish(self, outputs: Tensor, examples: Sequence[Heard], options: SoundOptions) -> Sequence[Classification]:
        """All labels of each window."""
        return classified(outputs, self.labels)

    def merge(self, results: Sequence[Classification], options: SoundOptions) -> Classification:
        """The `top_k` labels of the whole recording."""
        return joined(results, options)

    def _heard(self, samples: Samples) -> Heard:
        features = self._extract(samples, sampling_rate=RATE, return_tensors="pt").input_features[0]
        return Heard(values=features, frames=len(samples) * FRAMES_A_SECOND // RATE)
