"""How names become words: the same rules for the full-text index and for what the user types."""

from __future__ import annotations

import itertools
import re

__all__ = ["clean", "name_parts", "name_words", "query_words", "stem"]

_WORD = re.compile(r"[^\W_]+")
# A version such as v2 stays one piece; other letters and digits are parted: mobilenetv2 -> mobilenet v2.
_PIECE = re.compile(r"v\d+|[^\W\d_]+?(?=v\d)|[^\W\d_]+|\d+")
# A dot between two digits is a version (Qwen2.5-0.5B), not the beginning of a timm tag (resnet50.a1_in1k).
_TAG = re.compile(r"(?<!\d)\.|\.(?!\d)")
_LAST_NUMBER = re.compile(r"[_-]?\d+$")

MOST_WORDS = 16
LONGEST_WORD = 64
LONGEST_TEXT = 2000


def clean(text: str) -> str:
    """The text, cut to a sane length, without what UTF-8 or SQLite's strings cannot hold."""
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode().replace("\0", " ").strip()


def name_parts(model_id: str) -> tuple[str, str, str]:
    """`(owner, name, short)`: `timm/resnet50.a1_in1k` -> `("timm", "resnet50.a1_in1k", "resnet50")`."""
    owner, _, name = model_id.rpartition("/")
    return owner, name, _TAG.split(name, maxsplit=1)[0]


def stem(short: str) -> str:
    """A short name without its last number: `resnet50` -> `resnet`, `mobilenetv2_100` -> `mobilenetv2`."""
    return _LAST_NUMBER.sub("", short)


def name_words(name: str) -> str:
    """The words under which a name is found, joined by blanks.

    `resnet-50` gives `resnet 50 resnet50`; `mobilenetv2_100` gives `mobilenetv2 100 mobilenet v2 mobilenetv2100`.
    """
    parts = _WORD.findall(name.lower())
    pieces = [piece for part in parts for piece in _PIECE.findall(part)]
    joined = [a + b for a, b in itertools.pairwise(parts)]
    return " ".join(dict.fromkeys([*parts, *pieces, *joined]))


def query_words(text: str) -> list[str]:
    """The words of a query, lower case, letters and digits only: nothing in them has a meaning to FTS5."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(clean(text).lower())[:MOST_WORDS]]
