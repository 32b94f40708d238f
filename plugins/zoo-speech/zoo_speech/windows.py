"""Cutting a long recording into windows that Whisper can hear."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zoo_speech.audio import RATE, Samples

__all__ = ["WINDOW_SECONDS", "cut_windows"]

WINDOW_SECONDS = 30
_SEARCH = 5 * RATE
_PAUSE = RATE // 5


def cut_windows(samples: Samples) -> Iterator[tuple[int, int]]:
    """`(first, last + 1)` samples of windows of at most 30 s, one after the other, without overlap.

    Each cut lies in the quietest fifth of a second of the window's last five seconds, so that it rarely parts a word.
    """
    first = 0
    while first < len(samples):
        last = _cut(samples, first + WINDOW_SECONDS * RATE)
        yield first, last
        first = last


def _cut(samples: Samples, limit: int) -> int:
    if limit >= len(samples):
        return len(samples)
    energy = np.cumsum(np.square(samples[limit - _SEARCH : limit], dtype=np.float64))
    return limit - _SEARCH + int(np.argmin(energy[_PAUSE:] - energy[:-_PAUSE])) + _PAUSE // 2
