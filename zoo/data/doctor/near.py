"""Near-duplicates among many texts or pictures, in less than quadratic time: hashes, banded, then compared exactly.

Texts: MinHash over shingles of five characters (Broder 1997, https://doi.org/10.1109/SEQUEN.1997.666900), in twelve
bands of five (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3): of pairs whose shingles agree
by 0.8 (Jaccard), 99 of 100 share a band. Pictures: the difference hash, 64 signs of brightness rising from left to
right, in four bands of sixteen: every pair that differs in at most three signs shares a band. In both, what shares a
band is compared with the first and the last before it in its bucket: the work grows with the rows, not with the pairs.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NEAR_PICTURES", "NEAR_TEXTS", "Groups", "near_pictures", "near_texts", "plain"]

NEAR_TEXTS = 0.8  # Jaccard similarity of shingles
NEAR_PICTURES = 0.97  # correlation of the pixels of small versions

_SHINGLE, _FEWEST, _LONGEST = 5, 20, 5_000
_BANDS, _ROWS = 12, 5
_GLANCE = 0.7  # of the 60 hashes; of pairs at 0.8 that is two standard deviations below
_PICTURE_BANDS, _PICTURE_BITS = 4, 3
_BRIGHTER = 24  # steps of 0..255 that a copy may be brighter or darker by, on average


class Groups:
    """Which of `count` things belong together (union-find)."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def find(self, item: int) -> int:
        """The thing that stands for the group of `item`."""
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, first: int, second: int) -> None:
        """Make one group of two."""
        a, b = self.find(first), self.find(second)
        self._parent[max(a, b)] = min(a, b)

    def several(self) -> list[list[int]]:
        """The groups that have more than one member, each in order."""
        members: dict[int, list[int]] = {}
        for item in range(len(self._parent)):
            members.setdefault(self.find(item), []).append(item)
        return [group for group in members.values() if len(group) > 1]


def plain(text: str) -> str:
    """A text without what does not make it another one: capitals, widths of letters, and how spaces are set."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def near_texts(texts: Sequence[str]) -> list[list[int]]:
    """Groups of texts that are alike, as indices; texts under twenty-four characters are left out."""
    import numpy as np

    kept = [number for number, text in enumerate(texts) if len(text) >= _FEWEST + _SHINGLE - 1]
    if len(kept) < 2:
        return []
    multipliers, offsets = _permutations()
    signatures = np.empty((len(kept), _BANDS * _ROWS), dtype=np.uint32)
    for row, number in enumerate(kept):
        mixed = _shingles(texts[number])[:, None] * multipliers + offsets
        signatures[row] = mixed.min(axis=0)

    @functools.lru_cache(maxsize=4096)
    def shingles(row: int) -> NDArray[np.uint32]:
        return np.unique(_shingles(texts[kept[row]]))

    def alike(first: int, second: int) -> bool:
        a, b = shingles(first), shingles(second)
        both = len(np.intersect1d(a, b, assume_unique=True))
        return both >= NEAR_TEXTS * (len(a) + len(b) - both)

    def likely(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.bool_]:
        return np.asarray((signatures[first] == signatures[second]).mean(axis=1) >= _GLANCE)

    bands = (signatures[:, at : at + _ROWS] for at in range(0, _BANDS * _ROWS, _ROWS))
    return [[kept[row] for row in group] for group in _grouped(len(kept), bands, likely, alike)]


def near_pictures(hashes: Sequence[int], small: Sequence[bytes]) -> list[list[int]]:
    """Groups of pictures that are alike, as indices.

    Args:
        hashes: the difference hash of each, 64 bits.
        small: a small version of each, RGB bytes of one size.
    """
    import numpy as np

    if len(hashes) < 2:
        return []
    bits = np.array(hashes, dtype=np.uint64)
    pixels = np.stack([np.frombuffer(one, dtype=np.uint8) for one in small])

    def likely(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.bool_]:
        return np.asarray(np.bitwise_count(bits[first] ^ bits[second]) <= _PICTURE_BITS)

    def alike(first: int, second: int) -> bool:
        a, b = pixels[first].astype(np.float64), pixels[second].astype(np.float64)
        if np.abs(a - b).mean() > _BRIGHTER or min(a.std(), b.std()) < 1:
            return bool((a == b).all())
        return float(np.corrcoef(a, b)[0, 1]) >= NEAR_PICTURES

    width = np.uint64(64 // _PICTURE_BANDS)
    low = np.uint64(2**16 - 1)
    bands = (((bits >> (width * np.uint64(band))) & low)[:, None] for band in range(_PICTURE_BANDS))
    return _grouped(len(hashes), bands, likely, alike)


def _grouped(
    count: int,
    bands: Iterator[NDArray[Any]],
    likely: Callable[[NDArray[Any], NDArray[Any]], NDArray[np.bool_]],
    alike: Callable[[int, int], bool],
) -> list[list[int]]:
    """Groups of rows that share a band, look alike at a glance (`likely`, of many pairs at once) and are alike."""
    groups = Groups(count)
    for band in bands:
        first, second = _candidates(band)
        kept = likely(first, second)
        for a, b in zip(first[kept].tolist(), second[kept].tolist(), strict=True):
            if groups.find(a) != groups.find(b) and alike(a, b):
                groups.join(a, b)
    return groups.several()


def _candidates(band: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each row that is equal in a band to others, with the first of them and with the last before it."""
    import numpy as np

    _, inverse = np.unique(band, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    order = np.argsort(inverse, kind="stable")
    places = inverse[order]
    again = np.flatnonzero(places[1:] == places[:-1]) + 1
    starts = np.searchsorted(places, places[again])
    first = np.concatenate([order[starts], order[again - 1]])
    return first, np.concatenate([order[again], order[again]])


def _permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The same pseudo-random odd multipliers and offsets every time."""
    import numpy as np

    draw = np.random.default_rng(20090)
    high, size = 2**32, _BANDS * _ROWS
    return (draw.integers(0, high, size, dtype=np.uint32) | np.uint32(1)), draw.integers(0, high, size, dtype=np.uint32)


def _shingles(text: str) -> NDArray[np.uint32]:
    """A well-mixed hash of each run of five characters (murmur3's finaliser)."""
    import numpy as np

    codes = np.frombuffer(text[:_LONGEST].encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    count = len(codes) - _SHINGLE + 1
    mixed = np.zeros(count, dtype=np.uint32)
    for at in range(_SHINGLE):
        mixed = mixed * np.uint32(0x01000193) + codes[at : at + count]
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    return mixed
