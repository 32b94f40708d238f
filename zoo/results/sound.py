"""Results about recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.results.base import Result

__all__ = [
    "Activity",
    "Speech",
    "SpeechRegion",
    "Transcript",
    "TranscriptSegment",
    "TranscriptWord",
    "Turn",
    "Turns",
]


@dataclass(frozen=True)
class TranscriptWord:
    """One word with its times in seconds."""

    start: float
    end: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """`{"start", "end", "text"}`, in seconds."""
        return {"start": float(self.start), "end": float(self.end), "text": self.text}


@dataclass(frozen=True)
class TranscriptSegment:
    """Words spoken from `start` to `end`, in seconds; `words` where each word's times were asked for."""

    start: float
    end: float
    text: str
    words: tuple[TranscriptWord, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """`{"start", "end", "text"}`, in seconds, and `"words": [{"start", "end", "text"}]` where they are known."""
        words = {"words": [word.to_dict() for word in self.words]} if self.words else {}
        return {"start": float(self.start), "end": float(self.end), "text": self.text, **words}


@dataclass(frozen=True)
class Transcript(Result):
    """What was said: the whole text, its segments, and the language as an ISO 639-1 code where known."""

    text: str
    segments: tuple[TranscriptSegment, ...] = ()
    language: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """`{"text", "language", "segments": [{"start", "end", "text"}]}`."""
        return {"text": self.text, "language": self.language, "segments": [s.to_dict() for s in self.segments]}

    def __str__(self) -> str:
        return self.text

    def to_srt(self, first: int = 1) -> str:
        """The segments as SubRip subtitles, numbered from `first`; each ends with an empty line."""
        cues = (
            f"{number}\n{clock(s.start, ',')} --> {clock(s.end, ',')}\n{s.text}\n\n"
            for number, s in enumerate(self.segments, first)
        )
        return "".join(cues)

    def to_vtt(self, *, header: bool = True) -> str:
        """The segments as WebVTT captions (W3C), with the file's first line where `header`."""
        cues = (f"{clock(s.start, '.')} --> {clock(s.end, '.')}\n{_escaped(s.text)}\n\n" for s in self.segments)
        return ("WEBVTT\n\n" if header else "") + "".join(cues)


def clock(seconds: float, mark: str) -> str:
    """Seconds as `hours:minutes:seconds` with milliseconds behind a mark: `00:01:02,345`."""
    whole = max(0, round(seconds * 1000))
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}{mark}{whole % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True)
class SpeechRegion:
    """Somebody speaks from `start` to `end`, in seconds; `score` is the mean probability of speech there."""

    start: float
    end: float
    score: float

    def to_dict(self) -> dict[str, Any]:
        """`{"start", "end", "score"}`, in seconds."""
        return {"start": float(self.start), "end": float(self.end), "score": float(self.score)}


@dataclass(frozen=True)
class Activity(Result):
    """When somebody speaks: regions in order, none overlapping, in a recording of so many seconds."""

    regions: tuple[SpeechRegion, ...]
    seconds: float

    @property
    def spoken(self) -> float:
        """Seconds of speech."""
        return sum(region.end - region.start for region in self.regions)

    def to_dict(self) -> dict[str, Any]:
        """`{"regions": [{"start", "end", "score"}], "seconds", "spoken"}`."""
        regions = [region.to_dict() for region in self.regions]
        return {"regions": regions, "seconds": float(self.seconds), "spoken": float(self.spoken)}

    def __str__(self) -> str:
        if not self.regions:
            return f"nobody speaks in {self.seconds:.1f} s"
        some = ", ".join(f"{r.start:.1f}-{r.end:.1f}" for r in self.regions[:8])
        more = f" and {len(self.regions) - 8} more" if len(self.regions) > 8 else ""
        return f"speech in {self.spoken:.1f} of {self.seconds:.1f} s: {some}{more}"


@dataclass(frozen=True)
class Turn:
    """One speaker speaks from `start` to `end`, in seconds; speakers are numbered in the order in which they begin."""

    start: float
    end: float
    speaker: str

    def to_dict(self) -> dict[str, Any]:
        """`{"start", "end", "speaker"}`, in seconds."""
        return {"start": float(self.start), "end": float(self.end), "speaker": self.speaker}


@dataclass(frozen=True)
class Turns(Result):
    """Who speaks when: turns in order."""

    turns: tuple[Turn, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers, in the order in which they begin."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))

    def to_dict(self) -> dict[str, Any]:
        """`{"turns": [{"start", "end", "speaker"}], "speakers"}`."""
        return {"turns": [turn.to_dict() for turn in self.turns], "speakers": list(self.speakers)}

    def to_rttm(self, name: str = "recording") -> str:
        """The turns in NIST's RTTM form, one line each; blanks in the name become underscores."""
        file = "_".join(name.split()) or "recording"
        return "".join(
            f"SPEAKER {file} 1 {t.start:.3f} {t.end - t.start:.3f} <NA> <NA> {t.speaker} <NA> <NA>\n"
            for t in self.turns
        )

    def __str__(self) -> str:
        if not self.turns:
            return "nobody speaks"
        some = ", ".join(f"{t.speaker} {t.start:.1f}-{t.end:.1f}" for t in self.turns[:8])
        return some + (f" and {len(self.turns) - 8} more" if len(self.turns) > 8 else "")


@dataclass(frozen=True)
class Speech(Result):
    """Speech made from text: `samples` is an array (samples,) of floats in [-1, 1] at `rate` samples a second."""

    samples: Any
    rate: int

    def to_dict(self) -> dict[str, Any]:
        """`{"seconds", "rate", "samples": number of samples}`; the sound itself is a file."""
        return {"seconds": len(self.samples) / self.rate, "rate": self.rate, "samples": len(self.samples)}

    def save(self, path: str | Path) -> None:
        """Write the sound as a WAV file of one channel and 16 bits; what is louder than 1 is cut off."""
        import wave

        import numpy as np

        loudness = np.asarray(self.samples, dtype=np.float64).clip(-1, 1)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes((loudness * 32767).round().astype("<i2").tobytes())

    def __str__(self) -> str:
        return f"{len(self.samples) / self.rate:.2f} s of sound at {self.rate} Hz"
