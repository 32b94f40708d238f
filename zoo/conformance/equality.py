"""Are two results the same, but for the last digits?"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["difference", "first_difference"]

_DECIMAL = re.compile(r"\s*-?\d+\.\d+")  # with what aligns it in a column


def first_difference(ones: Sequence[Any], others: Sequence[Any], tolerance: float) -> str | None:
    """Where two lists of results differ first, and how; None where they are equal."""
    return difference(list(ones), list(others), tolerance, "results")


def difference(one: Any, other: Any, tolerance: float, path: str = "result") -> str | None:
    """Where two values differ first, and how, such as `result.labels[0].score is 0.31, not 0.52`; None when equal.

    Numbers may differ by `tolerance * max(1, |a|, |b|)`, and so may those in arrays, and decimal ones in texts, which
    else are equal or not. Of arrays of truths or whole numbers, and of masks, that share of all elements may differ.
    What has a score may change places with its like where the scores allow it: near ties may fall either way.

    Args:
        one, other: results, or their JSON forms: dataclasses, objects, lists, arrays, numbers, texts.
        tolerance: relative to the larger and 1.
        path: how the value is called.
    """
    if _plain(one) is not None or _plain(other) is not None:
        return _mappings(_plain(one), _plain(other), tolerance, path)
    if _is_number(one) and _is_number(other):
        return None if _near(one, other, tolerance) else f"{path} is {_short(one)}, not {_short(other)}"
    if _is_array(one) or _is_array(other):
        return _arrays(one, other, tolerance, path)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return _lists(one, other, tolerance, path)
    if isinstance(one, str) and isinstance(other, str):
        return _texts(one, other, tolerance, path)
    return None if type(one) is type(other) and one == other else f"{path} is {_short(one)}, not {_short(other)}"


def _plain(value: Any) -> Mapping[str, Any] | None:
    """The fields of a dataclass, or an object itself."""
    if isinstance(value, Mapping):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return None


def _mappings(
    one: Mapping[str, Any] | None, other: Mapping[str, Any] | None, tolerance: float, path: str
) -> str | None:
    if one is None or other is None:
        return f"{path} is {'no object' if one is None else 'an object'}, and the other is not so"
    if odd := sorted(map(str, one.keys() ^ other.keys())):
        return f"{path} has {', '.join(odd[:5])} only once"
    if _is_mask(one) and _is_mask(other):
        return _arrays(_decoded(one), _decoded(other), tolerance, path)
    found = (difference(one[name], other[name], tolerance, f"{path}.{name}") for name in one)
    return next((text for text in found if text), None)


def _lists(one: Sequence[Any], other: Sequence[Any], tolerance: float, path: str) -> str | None:
    if len(one) != len(other):
        return f"{path} has {len(one)} items, not {len(other)}"
    if all(_is_number(value) for value in (*one, *other)) and len(one) > 8:
        return _arrays(one, other, tolerance, path)
    pairs = enumerate(zip(one, other, strict=True))
    found = (difference(a, b, tolerance, f"{path}[{place}]") for place, (a, b) in pairs)
    first = next((text for text in found if text), None)
    return None if first and _same_in_another_order(one, other, tolerance) else first


def _same_in_another_order(one: Sequence[Any], other: Sequence[Any], tolerance: float) -> bool:
    """Whether two lists of what has scores hold the same, each not further from its place than its score allows."""
    mine, theirs = [_score(value) for value in one], [_score(value) for value in other]
    if None in mine or None in theirs:
        return False
    if not all(_near(a, b, tolerance) for a, b in zip(mine, theirs, strict=True)):
        return False
    left = list(other)
    for value in one:
        place = next((n for n, its in enumerate(left) if difference(value, its, tolerance) is None), None)
        if place is None:
            return False
        del left[place]
    return True


def _texts(one: str, other: str, tolerance: float, path: str) -> str | None:
    """Texts are equal, or differ in decimal numbers only, and in these no more than numbers may."""
    if one == other:
        return None
    if _DECIMAL.sub("", one) != _DECIMAL.sub("", other):
        return f"{path} is {_short(one)}, not {_short(other)}"
    for mine, its in zip(_DECIMAL.findall(one), _DECIMAL.findall(other), strict=True):
        if not _near(float(mine), float(its), tolerance):
            return f"{path} holds {mine.strip()}, not {its.strip()}"
    return None


def _score(value: Any) -> Any:
    found = (_plain(value) or {}).get("score")
    return found if _is_number(found) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_array(value: Any) -> bool:
    return hasattr(value, "__array__") and hasattr(value, "shape")


def _near(one: float, other: float, tolerance: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or abs(one - other) <= tolerance * max(1.0, abs(one), abs(other))


def _arrays(one: Any, other: Any, tolerance: float, path: str) -> str | None:
    import numpy as np

    left, right = _array(one), _array(other)
    if left is None or right is None:
        return f"{path} is an array only once"
    if left.shape != right.shape:
        return f"{path} has the shape {left.shape}, not {right.shape}"
    if not left.size:
        return None
    if left.dtype.kind in "biu" and right.dtype.kind in "biu":
        share = float(np.mean(left != right))
        return None if share <= tolerance else f"{path} differs in {share:.2%} of {left.size} elements"
    if left.dtype.kind not in "biuf" or right.dtype.kind not in "biuf":
        return None if np.array_equal(left, right) else f"{path} is another array"
    a, b = left.astype(np.float64), right.astype(np.float64)
    room = tolerance * np.maximum(1.0, np.maximum(np.abs(a), np.abs(b)))
    wrong = ~((np.abs(a - b) <= room) | (a == b) | (np.isnan(a) & np.isnan(b)))
    if not wrong.any():
        return None
    place = np.unravel_index(int(wrong.argmax()), wrong.shape)
    at = ", ".join(str(int(n)) for n in place)
    many = f" ({int(wrong.sum())} of {wrong.size} differ)" if wrong.sum() > 1 else ""
    return f"{path}[{at}] is {_short(float(a[place]))}, not {_short(float(b[place]))}{many}"


def _array(value: Any) -> Any:
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach().cpu().float().numpy()
    return np.asarray(value) if _is_array(value) or isinstance(value, list | tuple) else None


def _is_mask(value: Mapping[str, Any]) -> bool:
    """COCO's run lengths, as `Segment.to_dict` has them."""
    return value.keys() == {"size", "counts"} and isinstance(value["counts"], list)


def _decoded(value: Mapping[str, Any]) -> Any:
    import numpy as np

    counts = [int(count) for count in value["counts"]]
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts)


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
