"""Results written as others read them: subtitles, COCO's results, RTTM, tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zoo.results.base import Result
from zoo.results.pictures import Detections, Segmentation
from zoo.results.series import Forecast
from zoo.results.sound import Transcript, Turns

__all__ = ["FORMATS", "Format", "formats_of"]


@dataclass(frozen=True, kw_only=True)
class Format:
    """One way of writing results.

    Attributes:
        results: the types that it can write.
        suffix: how its files end.
        summary: what it is.
    """

    results: tuple[type[Result], ...]
    suffix: str
    summary: str


FORMATS: Mapping[str, Format] = {
    "srt": Format(results=(Transcript,), suffix=".srt", summary="SubRip subtitles"),
    "vtt": Format(results=(Transcript,), suffix=".vtt", summary="WebVTT captions"),
    "rttm": Format(results=(Turns,), suffix=".rttm", summary="NIST's rich transcription time marks"),
    "csv": Format(results=(Forecast,), suffix=".csv", summary="a table of the forecast, a row for each step"),
    "coco": Format(results=(Detections, Segmentation), suffix=".json", summary="COCO's results"),
}


def formats_of(result: type[Result]) -> list[str]:
    """The names of the formats that a type of result can be written in."""
    return [name for name, format_ in FORMATS.items() if issubclass(result, format_.results)]
