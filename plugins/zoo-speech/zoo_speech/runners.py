"""The runner of transcription for Whisper modules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import WhisperFeatureExtractor

from zoo.errors import BadOption
from zoo.plugin import Checkpoint, Runner, option
from zoo.tasks import Transcript, TranscriptSegment, TranscriptWord
from zoo_speech.audio import RATE
from zoo_speech.decoding import decode_windows
from zoo_speech.spans import FRAMES_A_SECOND, Plan, Span, Spoken, Word
from zoo_speech.stamps import stamps
from zoo_speech.tokens import UNSPACED, read_tokens
from zoo_speech.whisper_loader import mel_bands
from zoo_speech.windows import Clock, Window, heard_windows

__all__ = ["Example", "Transcribe", "TranscribeOptions"]

_TASKS = ("transcribe", "translate")


@dataclass(frozen=True, kw_only=True)
class TranscribeOptions:
    """Options of `Transcribe`."""

    language: str | None = option(None, "language spoken, such as de or german; detected when not given")
    task: str = option("transcribe", "transcribe, or translate into English")
    timestamps: str | bool = option("segment", "times of each segment, of each word too (word), or none")
    vad: str | None = option(None, "a model that finds speech, such as silero-vad: pauses are not listened to")


@dataclass(frozen=True, kw_only=True)
class Example:
    """Up to 30 s of sound: log-mel features (mels, 3000), how many frames of 10 ms are sound, and where it is from."""

    features: Tensor
    frames: int
    clock: Clock


class Transcribe(Runner):
    """What was said, with the times of each segment in seconds.

    A long recording is cut into windows of at most 30 s without overlap, at the quietest moment of a window's last
    five seconds; with `vad` only what that model finds to be speech is heard, packed into full windows. Windows are
    heard on their own, several at once: none is told the text of the one before. Of a sentence that is said several
    times in a row Whisper tends to write only one; where stretches that `vad` found are written too shortly, each is
    heard again on its own. The language is detected in each window; the transcript names that of the first with speech
    (when translating too: the language spoken). A recording without speech has an empty transcript.
    """

    Options = TranscribeOptions
    batch = 8

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self._tokens = read_tokens(checkpoint)
        self._extract = WhisperFeatureExtractor(feature_size=mel_bands(checkpoint))

    def prepare(self, value: Any, options: TranscribeOptions) -> Iterator[Example]:
        """The windows of one recording in which there is any sound; `value` as `read_audio` takes it."""
        self._plan(options)
        return (self._example(window) for window in heard_windows(self, value, options.vad))

    def _example(self, window: Window) -> Example:
        features = self._extract(window.samples, sampling_rate=RATE, return_tensors="pt").input_features[0]
        return Example(features=features, frames=len(window.samples) * FRAMES_A_SECOND // RATE, clock=window.clock)

    def size(self, example: Example) -> int:
        """Frames of sound: windows of like length need like numbers of steps."""
        return example.frames

    def collate(self, examples: Sequence[Example]) -> dict[str, Tensor]:
        """`features` (windows, mels, 3000), `frames` (windows,), and `places` (windows, most): at which frames the
        stretches of speech begin that a window is packed of, -1 where there are no more."""
        places = [torch.tensor([p.place * FRAMES_A_SECOND // RATE for p in e.clock.pieces]) for e in examples]
        return {
            "features": torch.stack([example.features for example in examples]),
            "frames": torch.tensor([example.frames for example in examples]),
            "places": pad_sequence(places, batch_first=True, padding_value=-1),
        }

    def forward(self, module: Any, batch: dict[str, Tensor], options: TranscribeOptions) -> list[Spoken]:
        """What is said in each window, as tokens."""
        places = [[at for at in row if at >= 0] for row in batch["places"].tolist()]
        return decode_windows(module, batch["features"], batch["frames"].tolist(), self._plan(options), places)

    def finish(
        self, outputs: Sequence[Spoken], examples: Sequence[Example], options: TranscribeOptions
    ) -> Sequence[Transcript]:
        """The transcript of each window, its times counted from the recording's start."""
        return [self._transcript(said, example.clock, options) for said, example in zip(outputs, examples, strict=True)]

    def merge(self, results: Sequence[Transcript], options: TranscribeOptions) -> Transcript:
        """The transcript of the whole recording."""
        language = next((result.language for result in results if result.language), None)
        joint = "" if language in UNSPACED and options.task == "transcribe" else " "
        return Transcript(
            text=joint.join(result.text for result in results if result.text),
            segments=tuple(segment for result in results for segment in result.segments),
            language=language,
        )

    def _transcript(self, said: Spoken, clock: Clock, options: TranscribeOptions) -> Transcript:
        texts = [self._tokens.text(span.tokens) for span in said.spans]
        segments = [
            _segment(span, text.strip(), clock) for span, text in zip(said.spans, texts, strict=True) if text.strip()
        ]
        text = "".join(texts).strip()
        return Transcript(
            text=text,
            segments=tuple(segments) if stamps(options.timestamps) != "none" else (),
            language=said.language if text else None,
        )

    def _plan(self, options: TranscribeOptions) -> Plan:
        """What the options ask for; raises `BadOption` when the model cannot do it."""
        wanted = stamps(options.timestamps)
        if options.task not in _TASKS:
            raise BadOption(f"option task={options.task!r} is unknown", f"Known: {', '.join(_TASKS)}.")
        if options.task == "translate" and not self._tokens.languages:
            raise BadOption(f"{self.checkpoint.card.id} knows English only and cannot translate")
        # What was fine-tuned on one language knows it; all others hear which one is spoken.
        language = self.checkpoint.card.config.get("language") if options.language is None else options.language
        return Plan(
            tokens=self._tokens,
            language=None if language is None else self._tokens.language(str(language)),
            translate=options.task == "translate",
            timestamps=wanted != "none",
            words=wanted == "word",
        )


def _segment(span: Span, text: str, clock: Clock) -> TranscriptSegment:
    words = tuple(TranscriptWord(*_times(word, clock), word.text) for word in span.words)
    start, end = _times(span, clock)
    return TranscriptSegment(start, end, text, words)


def _times(said: Span | Word, clock: Clock) -> tuple[float, float]:
    start, end = clock.times(said.start / FRAMES_A_SECOND, said.end / FRAMES_A_SECOND)
    return round(start, 2), round(end, 2)
