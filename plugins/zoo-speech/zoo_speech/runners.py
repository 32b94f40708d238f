"""The runner of transcription for Whisper modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import WhisperFeatureExtractor

from zoo.errors import BadOption, IntegrityError
from zoo.plugin import Checkpoint, Runner, option
from zoo.tasks import Transcript, TranscriptSegment
from zoo_speech.audio import RATE, is_silent, read_audio
from zoo_speech.decoding import FRAMES_A_SECOND, Plan, Spoken, decode_windows
from zoo_speech.tokens import read_tokens
from zoo_speech.windows import cut_windows

__all__ = ["Transcribe", "TranscribeOptions", "Window"]

_TASKS = ("transcribe", "translate")
_UNSPACED = frozenset({"ja", "lo", "my", "th", "yue", "zh"})  # languages that are written without spaces


@dataclass(frozen=True, kw_only=True)
class TranscribeOptions:
    """Options of `Transcribe`."""

    language: str | None = option(None, "language spoken, such as de or german; detected when not given")
    task: str = option("transcribe", "transcribe, or translate into English")
    timestamps: bool = option(True, "give segments with their times")


@dataclass(frozen=True, kw_only=True)
class Window:
    """Up to 30 s of a recording: log-mel features (mels, 3000), `start` and `frames` (of 10 ms) in the recording."""

    features: Tensor
    start: float
    frames: int


class Transcribe(Runner):
    """What was said, with the times of each segment in seconds.

    A long recording is cut into windows of at most 30 s without overlap, at the quietest moment of a window's last
    five seconds. Windows are heard on their own, several at once: none is told the text of the one before. The
    language is detected in each window; the transcript names that of the first with speech (when translating too:
    the language spoken). A recording without speech has an empty transcript.
    """

    Options = TranscribeOptions
    batch = 8

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self._tokens = read_tokens(checkpoint)
        self._extract = WhisperFeatureExtractor(feature_size=_mels(checkpoint))

    def prepare(self, value: Any, options: TranscribeOptions) -> Sequence[Window]:
        """The windows of one recording in which there is any sound; `value` as `read_audio` takes it."""
        self._plan(options)
        samples = read_audio(value)
        cuts = [(first, last) for first, last in cut_windows(samples) if not is_silent(samples[first:last])]
        return [
            Window(
                features=self._extract(samples[first:last], sampling_rate=RATE, return_tensors="pt").input_features[0],
                start=first / RATE,
                frames=(last - first) * FRAMES_A_SECOND // RATE,
            )
            for first, last in cuts
        ]

    def size(self, example: Window) -> int:
        """Frames of sound: windows of like length need like numbers of steps."""
        return example.frames

    def collate(self, examples: Sequence[Window]) -> dict[str, Tensor]:
        """`features` (windows, mels, 3000) and `frames` (windows,)."""
        return {
            "features": torch.stack([example.features for example in examples]),
            "frames": torch.tensor([example.frames for example in examples]),
        }

    def forward(self, module: Any, batch: dict[str, Tensor], options: TranscribeOptions) -> list[Spoken]:
        """What is said in each window, as tokens."""
        return decode_windows(module, batch["features"], batch["frames"].tolist(), self._plan(options))

    def finish(
        self, outputs: Sequence[Spoken], examples: Sequence[Window], options: TranscribeOptions
    ) -> Sequence[Transcript]:
        """The transcript of each window, its times counted from the recording's start."""
        return [self._transcript(said, example, options) for said, example in zip(outputs, examples, strict=True)]

    def merge(self, results: Sequence[Transcript], options: TranscribeOptions) -> Transcript:
        """The transcript of the whole recording."""
        language = next((result.language for result in results if result.language), None)
        joint = "" if language in _UNSPACED and options.task == "transcribe" else " "
        return Transcript(
            text=joint.join(result.text for result in results if result.text),
            segments=tuple(segment for result in results for segment in result.segments),
            language=language,
        )

    def _transcript(self, said: Spoken, window: Window, options: TranscribeOptions) -> Transcript:
        texts = [self._tokens.text(span.tokens) for span in said.spans]
        segments = [
            TranscriptSegment(
                start=round(window.start + span.start / FRAMES_A_SECOND, 2),
                end=round(window.start + span.end / FRAMES_A_SECOND, 2),
                text=text.strip(),
            )
            for span, text in zip(said.spans, texts, strict=True)
            if text.strip()
        ]
        text = "".join(texts).strip()
        return Transcript(
            text=text,
            segments=tuple(segments) if options.timestamps else (),
            language=said.language if text else None,
        )

    def _plan(self, options: TranscribeOptions) -> Plan:
        """What the options ask for; raises `BadOption` when the model cannot do it."""
        if options.task not in _TASKS:
            raise BadOption(f"option task={options.task!r} is unknown", f"Known: {', '.join(_TASKS)}.")
        if options.task == "translate" and not self._tokens.languages:
            raise BadOption(f"{self.checkpoint.card.id} knows English only and cannot translate")
        return Plan(
            tokens=self._tokens,
            language=None if options.language is None else self._tokens.language(options.language),
            translate=options.task == "translate",
            timestamps=options.timestamps,
        )


def _mels(checkpoint: Checkpoint) -> int:
    """Mel bands: the card's, else those of a transformers `config.json`."""
    config = checkpoint.read_json("config.json") if checkpoint.has("config.json") else {}
    made = checkpoint.card.config.get("num_mel_bins") or config.get("num_mel_bins") or 80
    if not isinstance(made, int) or not 1 <= made <= 512:
        raise IntegrityError(f"{checkpoint.card.id}: {made!r} mel bands make no sense")
    return made
