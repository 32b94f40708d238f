"""Facts as characters: each pair of a field and a value, such as `task` and `depth-estimation`, has a number, and
each number one or two characters that nobody types, so that a fact is one short word of the full-text index.

The table `facet` holds the pairs, their numbers, and how many models have each.
"""

from __future__ import annotations

import sys

__all__ = [
    "ANCHOR",
    "DEPRECATED",
    "EVERY",
    "LEAD",
    "LONGEST",
    "PARTED",
    "STEM",
    "character",
    "fact",
    "is_code",
    "number_of",
]

# Unicode's private area, which no keyboard types and FTS5 takes for letters.
_FIRST, _SINGLE = 0xE000, 4000
_PAIR = _FIRST + _SINGLE
_PAIRS = 0xF8F0 - _PAIR

ANCHOR = "\uf8f0"  # before a name without blanks: `resnet50` from its beginning
STEM = "\uf8f1"  # before a short name without its last number
LONGEST = 193  # letters of a value


def fact(field: str, value: str) -> str:
    """A fact as one text; the same object for the same fact, which makes many of them cheap to send and to count."""
    return sys.intern(f"{field}\t{value[:LONGEST]}")


EVERY = fact("flag", "model")  # every model has this one
LEAD = fact("flag", "lead")  # the first of the variants with one short name
DEPRECATED = fact("flag", "deprecated")
PARTED = fact("flag", "parted")  # its short name has signs between its words


def character(number: int) -> str:
    """The word of the index that stands for a pair's number."""
    if number < _SINGLE:
        return chr(_FIRST + number)
    high, low = divmod(number - _SINGLE, _PAIRS)
    return chr(_PAIR + high) + chr(_PAIR + low)


def is_code(word: str) -> bool:
    """Whether a word of the index stands for a fact."""
    return "\ue000" <= word[0] < ANCHOR


def number_of(word: str) -> int:
    """The number of the pair that a word of the index stands for; the inverse of `character`."""
    if len(word) == 1:
        return ord(word) - _FIRST
    return _SINGLE + (ord(word[0]) - _PAIR) * _PAIRS + ord(word[1]) - _PAIR
