"""The runners of voices: a voice as numbers, and whether two recordings have the same one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zoo.errors import BadData, BadOption
from zoo.plugin import Runner, option
from zoo.tasks import Embedding, Similarity
from zoo_speech.audio import RATE, Samples, read_audio
from zoo_speech.speaker_features import HOP, PARTIAL, loud_regions, louder, mel_frames, partial_starts

__all__ = ["SAME", "CompareVoices", "DescribeVoice", "Partial", "SameVoice", "VoiceOptions", "VoiceRunner", "voiced"]

Array = npt.NDArray[np.float32]

SAME = 0.8
_STEP = 77  # frames between partial utterances: 1.3 a second
_CHUNK = 64 * _STEP  # frames whose spectrogram is computed at once: about 49 s
_PAIR = 'Give (recording, [recordings]), or {"source": "a.wav", "others": ["b.wav", …]}.'


@dataclass(frozen=True, kw_only=True)
class VoiceOptions:
    """Options of `DescribeVoice`."""

    vad: str | None = option(None, "model that finds speech, such as silero-vad; none: what is loud enough is speech")


@dataclass(frozen=True, kw_only=True)
class CompareOptions(VoiceOptions):
    """Options of `CompareVoices`."""

    threshold: float = option(SAME, "from this likeness on two voices count as the same")

    def __post_init__(self) -> None:
        if not -1 <= self.threshold <= 1:
            raise BadOption(f"threshold={self.threshold} is not between -1 and 1")


@dataclass(frozen=True, kw_only=True)
class Partial:
    """1.6 s of speech.

    Attributes:
        mels: (160, 40).
        group: which recording it is of, or which stretch of speech.
        start: its first sample in the recording; 0 where that is not known, as silences were cut out.
    """

    mels: Tensor
    group: int
    start: int = 0


@dataclass(frozen=True)
class PartialVoice(Embedding):
    """The voice in 1.6 s of speech, and where these are."""

    group: int
    start: int


@dataclass(frozen=True)
class SameVoice(Similarity):
    """How alike one voice is to others, and whether each counts as the same."""

    same: tuple[bool, ...]

    def to_dict(self) -> dict[str, Any]:
        """`{"scores": [float, …], "same": [bool, …]}`."""
        return super().to_dict() | {"same": list(self.same)}

    def __str__(self) -> str:
        words = ("the same voice" if same else "another voice" for same in self.same)
        return ", ".join(f"{score:.3f} {word}" for score, word in zip(self.scores, words, strict=True))


class VoiceRunner(Runner):
    """What the tasks of voices share: 1.6 s of speech through the encoder, many at once."""

    Options: ClassVar[type[Any]] = VoiceOptions
    batch = 64
    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def collate(self, examples: Sequence[Partial]) -> Tensor:
        """Mel frames (batch, 160, 40)."""
        return torch.stack([example.mels for example in examples])

    def forward(self, module: Any, batch: Tensor, options: Any) -> Tensor:
        """Voices (batch, 256)."""
        made: Tensor = module(batch)
        return made

    def finish(self, outputs: Tensor, examples: Sequence[Partial], options: Any) -> Sequence[PartialVoice]:
        """The voice in each partial utterance."""
        vectors = outputs.float().cpu().numpy()
        return [PartialVoice(vector, one.group, one.start) for vector, one in zip(vectors, examples, strict=True)]

    def speech(self, samples: Samples, vad: str | None) -> list[tuple[int, int]]:
        """`(first, last + 1)` samples of speech; raises `BadData` where nobody speaks."""
        if vad is None:
            found = loud_regions(samples)
        else:
            activity = self.other(vad, "voice-activity-detection").predict((samples, RATE))
            found = [(round(one.start * RATE), round(one.end * RATE)) for one in activity.regions]
        if not found:
            raise BadData("nobody speaks in the recording", "Give a recording of a voice, of some seconds.")
        return found


class DescribeVoice(VoiceRunner):
    """A voice as 256 numbers: the mean of its partial utterances, of length 1.

    As upstream (`VoiceEncoder.embed_utterance`): loudness raised to -30 dBFS, silences cut out, 1.6 s each, 1.3 a
    second. Silences are found by loudness, or by the model that the option `vad` names; upstream uses webrtcvad.
    """

    def prepare(self, value: Any, options: VoiceOptions) -> Iterator[Partial]:
        """The partial utterances of one recording; `value` as `read_audio` takes it."""
        return self.partials(value, 0, options.vad)

    def partials(self, value: Any, group: int, vad: str | None) -> Iterator[Partial]:
        """The partial utterances of a recording, as they are asked for."""
        samples = louder(read_audio(value))
        return _partials(voiced(samples, self.speech(samples, vad)), group)

    def merge(self, results: Sequence[PartialVoice], options: VoiceOptions) -> Embedding:
        """The voice of the whole recording."""
        return Embedding(_mean(result.vector for result in results))


class CompareVoices(DescribeVoice):
    """Whether recordings have the voice of another one: cosines of their voices.

    From .8 on they count as the same, unless the option `threshold` says otherwise. Measured on telephone recordings of
    five languages (Debian's asterisk-core-sounds, 40 clips each, one speaker a language): of clips from 2 s on, .8
    takes 5 % of different speakers for the same and 11 % of the same for different ones; from 4 s on both are wrong in
    4 % at .825. Other microphones and rooms need a threshold of their own.
    """

    Options = CompareOptions

    def prepare(self, value: Any, options: CompareOptions) -> Iterator[Partial]:
        """The partial utterances of `(recording, [recordings])`, or of `(recording, recording)`."""
        first, others = _pair(value)
        each = [self.partials(one, group, options.vad) for group, one in enumerate([first, *others])]
        return itertools.chain.from_iterable(each)

    def merge(self, results: Sequence[PartialVoice], options: CompareOptions) -> SameVoice:
        """The cosine of the first voice with each of the others."""
        groups = itertools.groupby(results, key=lambda result: result.group)
        first, *others = [_mean(result.vector for result in group) for _, group in groups]
        scores = tuple(float(first @ other) for other in others)
        return SameVoice(scores, tuple(score >= options.threshold for score in scores))


def _pair(value: Any) -> tuple[Any, Sequence[Any]]:
    """One recording and those to compare it with; raises `BadData` for anything else."""
    if isinstance(value, Mapping) and {"source", "others"} <= value.keys():
        value = (value["source"], value["others"])
    if not isinstance(value, tuple | list) or len(value) != 2 or isinstance(value[1], int | float):
        raise BadData("two recordings are needed", _PAIR)
    first, others = value
    found = list(others) if isinstance(others, list) else [others]
    if not found:
        raise BadData("there is no recording to compare with", _PAIR)
    return first, found


def voiced(samples: Samples, regions: Iterable[tuple[int, int]]) -> Samples:
    """The regions of a recording one after the other."""
    return np.concatenate([samples[first:last] for first, last in regions])


def _partials(samples: Samples, group: int) -> Iterator[Partial]:
    starts = partial_starts(len(samples), _STEP)
    padded = np.pad(samples, (0, max(0, (starts[-1] + PARTIAL) * HOP - len(samples))))
    for first in range(0, len(starts), _CHUNK // _STEP):
        some = starts[first : first + _CHUNK // _STEP]
        # Frames are centred: one needs what lies 200 samples to each side of it, which two frames more give.
        left = max(0, some[0] - 2)
        mels = mel_frames(padded[left * HOP : (some[-1] + PARTIAL + 2) * HOP])
        for start in some:
            yield Partial(mels=mels[start - left : start - left + PARTIAL], group=group)


def _mean(vectors: Iterable[Array]) -> Array:
    mean: Array = np.mean(list(vectors), axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-12)
