"""How labels are written: which are one class in several spellings, and which stand for a missing one."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping

__all__ = ["MISSING", "PERHAPS_MISSING", "plain_label", "right_spellings", "tidy"]

# What programs write for a value that is not there; and what people may.
MISSING = frozenset({"nan", "<na>", "#n/a", "#na", "null", "nat", "\\n"})
PERHAPS_MISSING = frozenset(
    {"na", "n/a", "none", "?", "-", "--", ".", "unknown", "undefined", "missing", "tbd", "todo"}
)


def plain_label(label: str) -> str:
    """A label in normal form, without spaces around it or doubled in it, and without capitals."""
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def tidy(label: str) -> str:
    """A label in unicode's composed form, without spaces around it or doubled in it, or letters that do not show."""
    shown = "".join(
        c for c in unicodedata.normalize("NFC", label) if unicodedata.category(c) not in {"Cf", "Cc"} or c.isspace()
    )
    return " ".join(shown.split())


def right_spellings(counts: Mapping[str, int]) -> dict[str, str]:
    """For each label that is not written as it should be: how it should be, the usual spelling with spaces set right.

    Args:
        counts: how often each label occurs.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        groups[plain_label(tidy(name))].append(name)
    right = {}
    for names in groups.values():
        often: dict[str, int] = defaultdict(int)
        for name in names:
            often[tidy(name)] += counts[name]
        best = min(often, key=lambda name: (-often[name], name))
        right.update({name: best for name in names if name != best})
    return right
