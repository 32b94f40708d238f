"""How names become words: the same rules for the index and for what the user types."""

from __future__ import annotations

import itertools
import re

__all__ = ["clean", "fold", "name_parts", "name_words", "query_words", "squash", "stem"]

_WORD = re.compile(r"[^\W_]+")
# A version such as v2 stays one piece; other letters and digits are parted: mobilenetv2 -> mobilenet v2.
_PIECE = re.compile(r"v\d+|[^\W\d_]+?(?=v\d)|[^\W\d_]+|\d+")
# A dot between two digits is a version (Qwen2.5-0.5B), not the beginning of a timm tag (resnet50.a1_in1k).
_TAG = re.compile(r"(?<!\d)\.|\.(?!\d)")
_LAST_NUMBER = re.compile(r"[_-]?\d+$")

MOST_WORDS = 16
LONGEST_WORD = 64
LONGEST_TEXT = 2000
_SHORT = 3  # letters of a part that joins the next: `en-de` is also found by `ende`


def clean(text: str) -> str:
    """The text, cut to a sane length, without what UTF-8 or SQLite's strings cannot hold."""
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode().replace("\0", " ").strip()


def fold(text: str) -> str:
    """Lower case, and letters without their accents: `Café` -> `cafe`."""
    if text.isascii():
        return text.lower()
    import unicodedata

    parted = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in parted if not unicodedata.combining(c))


def name_parts(model_id: str) -> tuple[str, str, str]:
    """`(owner, name, short)`: `timm/resnet50.a1_in1k` -> `("timm", "resnet50.a1_in1k", "resnet50")`."""
    owner, _, name = model_id.rpartition("/")
    return owner, name, _TAG.split(name, maxsplit=1)[0] if "." in name else name


def stem(short: str) -> str:
    """A short name without its last number: `resnet50` -> `resnet`, `mobilenetv2_100` -> `mobilenetv2`."""
    return _LAST_NUMBER.sub("", short)


def squash(text: str) -> str:
    """A name without what parts its words: `resnet-50`, `ResNet_50` and `resnet50` are all `resnet50`."""
    return "".join(_WORD.findall(fold(text)))


def name_words(*names: str) -> str:
    """The words under which names are found, each once, in order, joined by blanks.

    `resnet-50` gives `resnet 50 resnet50`, `mobilenetv2_100` gives `mobilenetv2 mobilenet v2 100`: whole words, their
    pieces of letters and of digits, and neighbours joined where the second begins with a digit or both are short.
    """
    made: dict[str, None] = {}
    for name in names:
        parts = _WORD.findall(fold(name))
        for part in parts:
            made[part] = None
            if not part.isalpha() and not part.isdigit():
                made |= dict.fromkeys(_PIECE.findall(part))
        for one, two in itertools.pairwise(parts):
            if (two[0].isdigit() and one[-1].isalpha()) or (len(one) <= _SHORT and len(two) <= _SHORT):
                made[one + two] = None
    return " ".join(made)


def query_words(text: str) -> list[str]:
    """The words of a query, lower case, letters and digits only: nothing in them has a meaning to FTS5."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(fold(clean(text)))[:MOST_WORDS]]
