"""Numbers as words of the full-text index: each falls into a narrow band, and each band into a wide one.

A band is an integer that grows with the number. A range is then a few bands, found in the index together with words;
only numbers in the narrow bands at the range's ends are compared one by one. Sorting reads band after band and stops
when the page is full.
"""

from __future__ import annotations

import math

__all__ = ["NUMBERS", "band", "is_exact", "wide"]

# Fields of numbers, and the model's column that holds each; any other name is a metric.
NUMBERS = {
    "classes": "classes",
    "downloads": "downloads",
    "input": "input",
    "macs": "macs",
    "params": "parameters",
    "published": "published",
    "size": "size",
}
_SMALL = frozenset(["classes", "input"])  # few values: each has a band of its own
_OWN = 1 << 17
_WIDTH = 16  # narrow bands in a wide one; a year's months fit in
_PER_DOUBLING = 32  # narrow bands from a count to twice that count
_PER_DOUBLING_OF_SCORES = 64  # about one point at 80 of 100


def band(field: str, value: float | str) -> int:
    """The narrow band of a number, or of a date (`2018`, `2018-10`, `2018-10-11`)."""
    if isinstance(value, str):
        year, _, rest = value.partition("-")
        month = rest[:2]
        return int(year) * _WIDTH + (int(month) if month.isdigit() else 0)
    if field in _SMALL and abs(value) < _OWN:
        return math.floor(value)
    steps = _PER_DOUBLING if field in NUMBERS else _PER_DOUBLING_OF_SCORES
    size = int(steps * math.log2(abs(value) + 1.0)) + (_OWN if field in _SMALL else 0)
    return size if value >= 0 else -size


def is_exact(field: str, value: float | str) -> bool:
    """Whether all numbers in a value's band compare alike with it: days within a month do not, pixels do."""
    if isinstance(value, str):
        return len(value) <= len("2018-10")
    return field in _SMALL and abs(value) < _OWN and value == math.floor(value)


def wide(narrow: int) -> int:
    """The wide band that a narrow one belongs to: half a doubling, or a year."""
    return narrow // _WIDTH
