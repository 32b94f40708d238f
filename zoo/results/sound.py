"""Results about recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.results.base import Result

__all__ = ["Speech", "Transcript", "TranscriptSegment"]


@dataclass(frozen=True)
class TranscriptSegment:
    """Words spoken from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """`{"start", "end", "text"}`, in seconds."""
        return {"start": float(self.start), "end": float(self.end), "text": self.text}


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
