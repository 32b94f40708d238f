"""Varying spectrograms while a model learns: SpecAugment's masks, small ones.

Park et al., "SpecAugment: a simple data augmentation method for automatic speech recognition", arXiv:1904.08779.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from torch import Tensor

__all__ = ["masked"]

# At most an eighth of all bands and a twentieth of the time: about the paper's weaker policy, for few recordings.
_BANDS, _TIME = 8, 20


def masked(features: Tensor, frames: int, draw: random.Random) -> Tensor:
    """A copy of a spectrogram (mels, all frames) with one stretch of bands and one of time set to its mean.

    Args:
        features: log-mel.
        frames: how many are sound.
        draw: where and how wide.
    """
    made = features.clone()
    middle = float(features[:, :frames].mean())
    low, high = _stretch(len(features), len(features) // _BANDS, draw)
    made[low:high] = middle
    first, last = _stretch(frames, frames // _TIME, draw)
    made[:, first:last] = middle
    return made


def _stretch(length: int, widest: int, draw: random.Random) -> tuple[int, int]:
    width = draw.randint(0, widest)
    first = draw.randint(0, length - width)
    return first, first + width
