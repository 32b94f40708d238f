"""The runner of diarization: who speaks when, by the voices of short stretches of speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from zoo.errors import BadData, BadOption
from zoo.plugin import option
from zoo.tasks import Embedding, Turn, Turns
from zoo_speech.audio import RATE, Samples, read_audio
from zoo_speech.diarization_clusters import cluster_voices
from zoo_speech.speaker_features import HOP, PARTIAL, louder, mel_frames
from zoo_speech.speaker_runners import Partial, VoiceOptions, VoiceRunner

__all__ = ["SpeakersOptions", "TellSpeakers", "WindowVoice"]

Span = tuple[int, int]

_WINDOW = PARTIAL * HOP  # samples: 1.6 s
_STEP = 25  # frames between windows: a quarter of a second
_STRETCH = 30 * RATE  # speech longer than this is taken in pieces
_SHORT = RATE // 10  # less speech than this is a click
_SURE = RATE  # speech shorter than a second does not say how many speakers there are
_JOINED = RATE // 2  # a speaker's pauses shorter than this are part of the turn


@dataclass(frozen=True, kw_only=True)
class SpeakersOptions(VoiceOptions):
    """Options of `TellSpeakers`."""

    speakers: int | None = option(None, "how many speak; none: as many as differ by more than the distance")
    distance: float = option(0.32, "voices further apart than this are two speakers, where their number is not given")

    def __post_init__(self) -> None:
        if self.speakers is not None and self.speakers < 1:
            raise BadOption(f"speakers={self.speakers} is less than 1")
        if not 0 < self.distance < 2:
            raise BadOption(f"distance={self.distance} is not between 0 and 2")


@dataclass(frozen=True, kw_only=True)
class Window(Partial):
    """1.6 s of a stretch of speech, or all of a shorter one, said again until it fills them.

    Attributes:
        middle: sample in the recording.
        region: first and last + 1 sample of the stretch of speech.
    """

    middle: int
    region: Span


@dataclass(frozen=True)
class WindowVoice(Embedding):
    """The voice in one window."""

    middle: int
    region: Span


class TellSpeakers(VoiceRunner):
    """Who speaks when: voices of 1.6 s, four a second, gathered into speakers.

    Speech is found by loudness, or by the model that the option `vad` names. Voices are gathered by average linkage of
    their cosine distances (`cluster_voices`). Two who speak at once count as one, and borders between speakers are
    right to about a quarter of a second. How many speak is best said: without it, voices of more than the option
    `distance` are different speakers: in conversations made of telephone recordings of two or three people (Debian's
    asterisk-core-sounds) that was the right number in 11 of 14; other microphones may need another distance.
    """

    Options = SpeakersOptions

    def prepare(self, value: object, options: SpeakersOptions) -> Iterator[Window]:
        """The windows of one recording; `value` as `read_audio` takes it."""
        samples = read_audio(value)
        regions = [region for region in self.speech(louder(samples), options.vad) if region[1] - region[0] >= _SHORT]
        if not regions:
            raise BadData("nobody speaks in the recording", "Give a recording of voices, of some seconds.")
        return (window for region in regions for window in _windows(samples, region))

    def finish(self, outputs: Tensor, examples: Sequence[Partial], options: SpeakersOptions) -> Sequence[WindowVoice]:  # type: ignore[override]
        """The voice in each window."""
        vectors = outputs.float().cpu().numpy()
        windows = [one for one in examples if isinstance(one, Window)]
        return [WindowVoice(vector, one.middle, one.region) for vector, one in zip(vectors, windows, strict=True)]

    def merge(self, results: Sequence[WindowVoice], options: SpeakersOptions) -> Turns:
        """The turns of the whole recording."""
        vectors = np.stack([result.vector for result in results])
        sure = np.array([last - first >= _SURE for first, last in (result.region for result in results)])
        labels = cluster_voices(vectors, sure, options.speakers, options.distance)
        return Turns(turns=_turns(results, labels))


def _windows(samples: Samples, region: Span) -> Iterator[Window]:
    """The windows of a stretch of speech, its loudness made even."""
    first, last = region
    for begin in range(first, last, _STRETCH):
        end = min(last, begin + _STRETCH + _WINDOW)
        yield from _piece(louder(samples[begin:end]), begin, region, whole=begin == first)
        if end == last:
            return


def _piece(samples: Samples, begin: int, region: Span, *, whole: bool) -> Iterator[Window]:
    mels = mel_frames(samples)
    if len(mels) <= PARTIAL:
        if whole:
            again = mels.repeat(-(-PARTIAL // len(mels)), 1)[:PARTIAL]
            yield Window(mels=again, group=0, middle=begin + len(samples) // 2, region=region)
        return
    for at in range(0, len(mels) - PARTIAL + 1, _STEP):
        middle = begin + (at + PARTIAL // 2) * HOP
        yield Window(mels=mels[at : at + PARTIAL], group=0, middle=middle, region=region)


def _turns(windows: Sequence[WindowVoice], labels: npt.NDArray[np.int64]) -> tuple[Turn, ...]:
    """Turns from the windows' speakers: a border lies halfway between the middles of two windows."""
    spans: list[tuple[int, int, int]] = []
    for index, (window, label) in enumerate(zip(windows, labels.tolist(), strict=True)):
        before = windows[index - 1] if index and windows[index - 1].region == window.region else None
        after = windows[index + 1] if index + 1 < len(windows) and windows[index + 1].region == window.region else None
        first = (before.middle + window.middle) // 2 if before else window.region[0]
        last = (after.middle + window.middle) // 2 if after else window.region[1]
        if spans and spans[-1][2] == label and first - spans[-1][1] < _JOINED:
            first = spans.pop()[0]
        spans.append((first, last, label))
    names: dict[int, str] = {}
    for _, _, label in spans:
        names.setdefault(label, f"S{len(names) + 1}")
    return tuple(Turn(start=first / RATE, end=last / RATE, speaker=names[label]) for first, last, label in spans)
