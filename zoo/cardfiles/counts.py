"""Counts as people write them: `25600000`, `25_600_000`, `25.6M`."""

from __future__ import annotations

import re

__all__ = ["read_count"]

_COUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGBT]?)")
_SCALE = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}


def read_count(text: str) -> int | None:
    """The number that a text such as `25.6M` stands for; None when it is no count."""
    match = _COUNT.fullmatch(text.strip().replace("_", ""))
    if match is None:
        return None
    return round(float(match[1]) * _SCALE[match[2]]) if match[2] or "." in match[1] else int(match[1])
