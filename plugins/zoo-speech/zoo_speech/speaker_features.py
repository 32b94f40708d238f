"""What the voice encoder hears: mel spectrograms of 1.6 s at an even loudness, as Resemblyzer 0.1.4 computes them.

The numbers are upstream's (`resemblyzer/hparams.py`); the mel filters are those of transformers, which equal
librosa's, and webrtcvad, which upstream cuts silences out with, is replaced by the loudness of frames of 30 ms.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import Tensor

from zoo_speech.audio import RATE, Samples

__all__ = ["HOP", "PARTIAL", "loud_regions", "louder", "mel_frames", "partial_starts"]

BANDS = 40
WINDOW = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
PARTIAL = 160  # frames: 1.6 s

_TARGET = -30.0  # dBFS
_FRAME = 480  # samples: 30 ms
_SMOOTHED = 8  # frames whose majority counts
_PAUSE = 6  # frames of silence that stay between words
_BELOW = 35.0  # dB below the loudest frames that are silence
_FLOOR = -60.0  # dBFS: silence, whatever the rest is


@functools.cache
def _constants() -> tuple[Tensor, Tensor]:
    """The window, and Slaney's triangular filters (40, 201), each of area 1: what `librosa.filters.mel` gives."""
    from transformers.audio_utils import mel_filter_bank

    filters = mel_filter_bank(
        WINDOW // 2 + 1, BANDS, 0.0, RATE / 2, sampling_rate=RATE, norm="slaney", mel_scale="slaney"
    )
    return torch.hann_window(WINDOW), torch.from_numpy(filters.T.astype(np.float32))


def mel_frames(samples: Samples) -> Tensor:
    """Energy in 40 mel bands, not its logarithm: (1 + samples // 160, 40)."""
    window, filters = _constants()
    waves = torch.stft(
        torch.from_numpy(samples), WINDOW, HOP, window=window, center=True, pad_mode="constant", return_complex=True
    )
    return (filters @ waves.abs().square()).T


def louder(samples: Samples) -> Samples:
    """The samples raised to -30 dBFS; louder ones as they are."""
    level = _decibels(float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))))
    return samples if level >= _TARGET else (samples * 10 ** ((_TARGET - level) / 20)).astype(np.float32)


def _decibels(amplitude: float) -> float:
    return 20 * math.log10(max(amplitude, 1e-10))


def loud_regions(samples: Samples) -> list[tuple[int, int]]:
    """`(first, last + 1)` samples where it is loud: speech, where nothing else is to be heard.

    A frame of 30 ms is loud when it is less than 35 dB below the recording's loudest twentieth, and above -60 dBFS.
    As upstream: the majority of 8 frames counts, and pauses of 6 frames stay.
    """
    count = len(samples) // _FRAME
    if not count:
        return [(0, len(samples))] if _decibels(float(np.abs(samples).max())) > _FLOOR else []
    energy = np.square(samples[: count * _FRAME], dtype=np.float64).reshape(count, _FRAME).mean(axis=1)
    levels = 10 * np.log10(np.maximum(energy, 1e-20))
    loud = levels > max(float(np.percentile(levels, 95)) - _BELOW, _FLOOR)
    padded = np.concatenate([np.zeros((_SMOOTHED - 1) // 2), loud, np.zeros(_SMOOTHED // 2)])
    smooth = np.convolve(padded, np.ones(_SMOOTHED) / _SMOOTHED, mode="valid") >= 0.5
    wide = np.convolve(smooth, np.ones(_PAUSE + 1), mode="same") > 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wide.astype(np.int8), [0]])))
    return [(int(first) * _FRAME, int(last) * _FRAME) for first, last in edges.reshape(-1, 2)]


def partial_starts(length: int, step: int, coverage: float = 0.75) -> list[int]:
    """The first frames of partial utterances of 160 frames over `length` samples, `step` frames apart.

    The last one reaches beyond the end unless less than `coverage` of it would be left
    (`VoiceEncoder.compute_partial_slices`).
    """
    frames = math.ceil((length + 1) / HOP)
    starts = list(range(0, max(1, frames - PARTIAL + step + 1), step))
    left = (length - starts[-1] * HOP) / (PARTIAL * HOP)
    return starts[:-1] if left < coverage and len(starts) > 1 else starts
