"""Cutting a recording into windows that a model can hear at once, and telling times in it from times in a window.

All of it works on a stream of blocks, so that hours of a recording take no more memory than minutes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.plugin import Runner
from zoo.tasks import SpeechRegion
from zoo_speech.audio import RATE, Samples, is_silent, stream_audio

__all__ = ["WINDOW_SECONDS", "Clock", "Piece", "Window", "cut_windows", "heard_windows", "pack_windows"]

WINDOW_SECONDS = 30
_LIMIT = WINDOW_SECONDS * RATE
_SEARCH = 5 * RATE
_PAUSE = RATE // 5
_PADDING = RATE // 5  # kept around speech: its first and last sounds are soft
_JOINT = RATE // 2  # pauses up to this stay as they are
_BREAK = 5 * RATE  # a longer pause ends a window: no sentence goes over it


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a window, in samples: `length` of them from `place` on, which begin in the recording at `begin`.

    Nobody speaks in the first `lead` and the last `trail` of them.
    """

    begin: int
    length: int
    place: int = 0
    lead: int = 0
    trail: int = 0


@dataclass(frozen=True)
class Clock:
    """When in the recording is what is heard in a window: the pieces that the window is made of, in order."""

    pieces: tuple[Piece, ...]

    @property
    def start(self) -> float:
        """When the window begins in the recording, in seconds."""
        return self.pieces[0].begin / RATE

    @property
    def end(self) -> float:
        """When it ends in the recording, in seconds."""
        return (self.pieces[-1].begin + self.pieces[-1].length) / RATE

    def times(self, start: float, end: float) -> tuple[float, float]:
        """From when to when something lasts in the recording that does so in the window, in seconds.

        Where a pause was left out, what begins in the window after the last word before it begins after it, and what
        ends before the first word after it ended before it: a model places such times only roughly.
        """
        first, last = start * RATE, end * RATE
        one = next((p for p in self.pieces if first < p.place + p.length - p.trail), self.pieces[-1])
        other = next((p for p in reversed(self.pieces) if last > p.place + p.lead), self.pieces[0])
        if one.place > other.place:  # all of it lies in such a pause
            one = other = next((p for p in self.pieces if first < p.place + p.length), self.pieces[-1])
        begin = _clock(one, first)
        return begin, max(begin, _clock(other, last))


@dataclass(frozen=True)
class Window:
    """What a model hears at once, 30 s at most, and where in the recording it is from."""

    samples: Samples
    clock: Clock


def _clock(piece: Piece, at: float) -> float:
    return (piece.begin + min(max(at - piece.place, 0), piece.length)) / RATE


def heard_windows(runner: Runner, value: Any, vad: str | None) -> Iterator[Window]:
    """The windows of a recording in which there is any sound.

    Args:
        runner: that is to hear them.
        value: as `read_audio` takes it.
        vad: a model that finds speech, whose pauses are left out; None cuts at the quietest moments and leaves out
            nothing but silence.

    Raises:
        BadData: the recording cannot be used; at once for a fault at its beginning.
    """
    if vad is None:
        return _loud(cut_windows(stream_audio(value)))
    begin = value.tell() if hasattr(value, "seek") else 0
    found = runner.other(vad, "voice-activity-detection").predict(value)
    if hasattr(value, "seek"):
        value.seek(begin)
    return _loud(pack_windows(stream_audio(value), found.regions))


def _loud(windows: Iterable[Window]) -> Iterator[Window]:
    return (window for window in windows if not is_silent(window.samples))


def cut_windows(blocks: Iterator[Samples]) -> Iterator[Window]:
    """Windows of at most 30 s, one after the other, without overlap.

    Each cut lies in the quietest fifth of a second of the window's last five seconds, so that it rarely parts a word.
    """
    tape, first = _Tape(blocks), 0
    while len(sound := tape.part(first, first + _LIMIT + 1)):
        sound = sound[: _quietest(sound)]
        yield Window(sound, Clock((Piece(begin=first, length=len(sound)),)))
        first += len(sound)


def pack_windows(blocks: Iterator[Samples], regions: Iterable[SpeechRegion]) -> Iterator[Window]:
    """Windows of at most 30 s with the regions of speech and what lies right around them, packed full in their order.

    Only a region that is longer than a window is parted, where `cut_windows` would do it. Regions with more than five
    seconds between them do not come into one window, as a model would take what it left out for a part of a sentence.
    """
    held: list[tuple[Piece, Samples]] = []
    full = 0
    for piece, sound in _spoken(_Tape(blocks), regions):
        if held and (full + len(sound) > _LIMIT or piece.begin - _end(held[-1][0]) > _BREAK):
            yield _packed(held)
            held, full = [], 0
        held.append((dataclasses.replace(piece, place=full), sound))
        full += len(sound)
    if held:
        yield _packed(held)


def _end(piece: Piece) -> int:
    return piece.begin + piece.length


def _packed(held: Sequence[tuple[Piece, Samples]]) -> Window:
    return Window(np.concatenate([sound for _, sound in held]), Clock(tuple(piece for piece, _ in held)))


def _spoken(tape: _Tape, regions: Iterable[SpeechRegion]) -> Iterator[tuple[Piece, Samples]]:
    """The regions' sounds of at most 30 s, with where they are from, as far as the recording goes."""
    for region in _padded(regions):
        begin, end = region.begin, region.begin + region.length
        while len(sound := tape.part(begin, min(end, begin + _LIMIT + 1))):
            sound = sound[: _quietest(sound)]
            last = begin + len(sound)
            yield (
                Piece(
                    begin=begin,
                    length=len(sound),
                    lead=region.lead if begin == region.begin else 0,
                    trail=region.trail if last == end else 0,
                ),
                sound,
            )
            begin = last


def _padded(regions: Iterable[SpeechRegion]) -> Iterator[Piece]:
    """The regions with some sound before and after; those with a short pause between them are one."""
    found: Piece | None = None
    for region in regions:
        first, last = int(region.start * RATE), int(region.end * RATE)
        begin = max(0, first - _PADDING)
        if found is not None and begin - (found.begin + found.length) <= _JOINT - 2 * _PADDING:
            begin, lead = found.begin, found.lead
        else:
            if found is not None:
                yield found
            lead = first - begin
        found = Piece(begin=begin, length=last + _PADDING - begin, lead=lead, trail=_PADDING)
    if found is not None:
        yield found


def _quietest(sound: Samples) -> int:
    """Where to cut what is longer than a window."""
    if len(sound) <= _LIMIT:
        return len(sound)
    energy = np.cumsum(np.square(sound[_LIMIT - _SEARCH : _LIMIT], dtype=np.float64))
    return _LIMIT - _SEARCH + int(np.argmin(energy[_PAUSE:] - energy[:-_PAUSE])) + _PAUSE // 2


class _Tape:
    """A stream of blocks of which parts are taken in their order; what lies before a part is forgotten."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._held = np.zeros(0, np.float32)
        self._begin = 0  # of what is held, in the recording

    def part(self, first: int, last: int) -> Samples:
        """Samples from `first` on and before `last`, fewer where the recording ends."""
        parts, end = [self._held], self._begin + len(self._held)
        while end < last and (block := next(self._blocks, None)) is not None:
            if end + len(block) <= first:  # forgotten at once
                parts, self._begin = [], end + len(block)
            else:
                parts.append(block)
            end += len(block)
        self._held = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        forget = min(max(0, first - self._begin), len(self._held))
        self._held, self._begin = self._held[forget:], self._begin + forget
        return self._held[: last - first]
