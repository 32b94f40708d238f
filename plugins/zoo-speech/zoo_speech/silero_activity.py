"""The runner of voice activity detection with Silero VAD."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zoo.errors import BadOption
from zoo.plugin import Runner, option
from zoo.tasks import Activity, SpeechRegion
from zoo_speech.audio import RATE, Samples, stream_audio
from zoo_speech.silero import BEFORE, FRAME

__all__ = ["ActivityOptions", "ActivityPart", "DetectVoice", "Stretch", "cut_stretches", "speech_regions"]

STRETCH = 18_750  # frames heard at once: ten minutes, 38 MB
SETTLE = 1_875  # frames before them, a minute, that only bring the LSTM into its state
_HYSTERESIS = 0.15  # speech ends below threshold - .15
_LOWEST = 0.01


@dataclass(frozen=True, kw_only=True)
class ActivityOptions:
    """Options of `DetectVoice`, with the defaults of silero-vad."""

    threshold: float = option(0.5, "speech begins at this probability, and ends where it falls .15 below it")
    min_speech: float = option(0.25, "shorter speech is left out, in seconds")
    min_silence: float = option(0.1, "shorter pauses do not end speech, in seconds")
    pad: float = option(0.03, "so many seconds are added to each end of speech")

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise BadOption(f"threshold={self.threshold} is not between 0 and 1")
        for name in ("min_speech", "min_silence", "pad"):
            if not (math.isfinite(value := getattr(self, name)) and value >= 0):
                raise BadOption(f"{name}={value} is not a length in seconds")


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Up to ten minutes of a recording.

    Attributes:
        samples: (64 + 512 * frames,): what came before, the frames that settle the LSTM, and the stretch.
        settle: frames whose probabilities are not used.
        start: the first frame that counts, from the recording's beginning.
        length: samples that are new, without those that fill up the last frame.
    """

    samples: Samples
    settle: int
    start: int
    length: int


@dataclass(frozen=True)
class ActivityPart(Activity):
    """Speech in one stretch of a recording, its times counted from the recording's beginning.

    Attributes:
        probabilities: of speech in each frame of 32 ms of the stretch.
        length: samples in the stretch, 16,000 a second.
    """

    probabilities: npt.NDArray[np.float32]
    length: int


class DetectVoice(Runner):
    """When somebody speaks, by Silero VAD.

    A recording of ten minutes is heard at once, and gives the probabilities that silero-vad gives. A longer one is
    heard in stretches of ten minutes, each with the minute before it, which brings the LSTM into its state
    (probabilities then differ by some hundredths at first); regions are found in the joined probabilities, so that
    they cross the stretches' edges.

    How probabilities become regions is upstream's `get_speech_timestamps_from_probs` of silero-vad 6.2.3
    (`silero_vad/utils_vad.py`) without a longest region.
    """

    Options = ActivityOptions
    batch = 1
    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def prepare(self, value: Any, options: ActivityOptions) -> Iterator[Stretch]:
        """The stretches of one recording, as they are read; `value` as `read_audio` takes it."""
        return cut_stretches(stream_audio(value))

    def collate(self, examples: Sequence[Stretch]) -> list[Tensor]:
        """The samples of each stretch."""
        return [torch.from_numpy(example.samples) for example in examples]

    def forward(self, module: Any, batch: list[Tensor], options: ActivityOptions) -> list[Tensor]:
        """The probabilities of each stretch's frames (frames,)."""
        return [module(samples[None])[0] for samples in batch]

    def finish(
        self, outputs: list[Tensor], examples: Sequence[Stretch], options: ActivityOptions
    ) -> Sequence[ActivityPart]:
        """Each stretch's own regions, with the probabilities."""
        return [_part(output, example, options) for output, example in zip(outputs, examples, strict=True)]

    def merge(self, results: Sequence[ActivityPart], options: ActivityOptions) -> Activity:
        """Regions of the whole recording, from the probabilities of all stretches."""
        length = sum(result.length for result in results)
        probabilities = np.concatenate([result.probabilities for result in results])
        return Activity(regions=speech_regions(probabilities, length, options), seconds=length / RATE)


def _part(output: Tensor, stretch: Stretch, options: ActivityOptions) -> ActivityPart:
    probabilities: npt.NDArray[np.float32] = output[stretch.settle :].float().cpu().numpy()
    start = stretch.start * FRAME / RATE
    regions = tuple(
        SpeechRegion(start=start + one.start, end=start + one.end, score=one.score)
        for one in speech_regions(probabilities, stretch.length, options)
    )
    return ActivityPart(
        regions=regions, seconds=stretch.length / RATE, probabilities=probabilities, length=stretch.length
    )


def cut_stretches(blocks: Iterable[Samples], frames: int = STRETCH, settle: int = SETTLE) -> Iterator[Stretch]:
    """A recording's blocks as stretches of so many frames, each but the first with `settle` frames before it."""
    held = [np.zeros(BEFORE, np.float32)]
    size, before, start = BEFORE, 0, 0
    for block in blocks:
        held.append(block)
        size += len(block)
        while size > (end := BEFORE + (before + frames) * FRAME):  # more than that: the last stretch is never empty
            whole = np.concatenate(held)
            yield Stretch(samples=whole[:end], settle=before, start=start, length=frames * FRAME)
            start += frames
            kept = min(settle, before + frames)
            rest = whole[end - BEFORE - kept * FRAME :]
            held, size, before = [rest], len(rest), kept
    last = np.concatenate(held)
    length = size - BEFORE - before * FRAME
    filled = np.pad(last, (0, -(size - BEFORE) % FRAME))
    yield Stretch(samples=filled, settle=before, start=start, length=length)


def speech_regions(
    probabilities: npt.NDArray[np.float32], length: int, options: ActivityOptions
) -> tuple[SpeechRegion, ...]:
    """Regions of speech in a recording of `length` samples with these probabilities of speech in its frames."""
    spans = [
        (first * FRAME, min(last * FRAME, length), float(probabilities[first:last].mean()))
        for first, last in _spans(probabilities, options)
    ]
    spans = [span for span in spans if span[1] - span[0] > options.min_speech * RATE]
    edges = _padded([span[:2] for span in spans], length, int(options.pad * RATE))
    return tuple(
        SpeechRegion(start=first / RATE, end=last / RATE, score=score)
        for (first, last), (_, _, score) in zip(edges, spans, strict=True)
    )


def _spans(probabilities: npt.NDArray[np.float32], options: ActivityOptions) -> Iterator[tuple[int, int]]:
    """`(first, last + 1)` frames of speech: hysteresis, and pauses that are too short to end it."""
    low = max(options.threshold - _HYSTERESIS, _LOWEST)
    first = pause = -1
    for frame, probability in enumerate(probabilities.tolist()):
        if probability >= options.threshold:
            first, pause = (frame if first < 0 else first), -1
        elif first >= 0 and probability < low:
            pause = frame if pause < 0 else pause
            if (frame - pause) * FRAME >= options.min_silence * RATE:
                yield first, pause
                first = pause = -1
    if first >= 0:
        yield first, len(probabilities)


def _padded(spans: Sequence[tuple[int, int]], length: int, pad: int) -> list[tuple[int, int]]:
    """Spans with both ends moved outwards, to the middle of the pause where two would meet."""
    if not spans:
        return []
    pauses = [after[0] - before[1] for before, after in itertools.pairwise(spans)]
    moves = [min(pad, pause // 2) for pause in pauses]
    starts = [min(pad, spans[0][0]), *moves]
    ends = [*moves, min(pad, length - spans[-1][1])]
    return [(span[0] - start, span[1] + end) for span, start, end in zip(spans, starts, ends, strict=True)]
