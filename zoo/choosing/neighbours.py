"""How well an example's nearest neighbours, by the cosine of their features, say what it is."""

from __future__ import annotations

from typing import Any

__all__ = ["NUMBERS", "neighbours_score"]

NUMBERS = (1, 3, 5, 11, 21)
_ROWS = 1024


def neighbours_score(features: Any, targets: Any, kind: str) -> tuple[float, int]:
    """The best score over a few numbers of neighbours, each example leaving itself out, and that number.

    Being the best of a few, it flatters a little; it is a second opinion beside the probe.

    Args:
        features: array (examples, dimensions).
        targets: array (examples, targets), of `zoo.choosing.logme.targets_of`.
        kind: `single`: accuracy of the most frequent class, of equals the nearest one's; `multi`: micro F1 of the
            labels that more than half have; `regression`: R² of the mean.
    """
    import numpy as np

    able = [number for number in NUMBERS if number < len(features)]
    if not able:
        return float("nan"), 0
    length = np.linalg.norm(features, axis=1, keepdims=True)
    unit = (features / np.where(length > 0, length, 1)).astype(np.float32)
    nearest = np.concatenate([_nearest(unit, start, max(able)) for start in range(0, len(unit), _ROWS)])
    found = {number: _score(targets, nearest[:, :number], kind) for number in able}
    best = max(able, key=lambda number: (found[number], -number))
    return found[best], best


def _nearest(unit: Any, start: int, count: int) -> Any:
    """The `count` nearest others (rows, count) of some rows, nearest first; of equally near ones the earlier."""
    import numpy as np

    likeness = unit[start : start + _ROWS] @ unit.T
    likeness[np.arange(len(likeness)), np.arange(start, start + len(likeness))] = -np.inf
    return np.argsort(-likeness, axis=1, kind="stable")[:, :count]


def _score(targets: Any, nearest: Any, kind: str) -> float:
    import numpy as np

    given = targets[nearest]  # (examples, neighbours, targets)
    mean = given.mean(axis=1)
    if kind == "regression":
        return float(1 - ((mean - targets) ** 2).mean() / targets.var()) if targets.var() else 0.0
    if kind == "multi":
        said, true = mean > 0.5, targets > 0.5
        named = said.sum() + true.sum()
        return float(2 * (said & true).sum() / named) if named else 0.0
    # A little more for the nearer ones decides between equally frequent classes.
    weights = 1 + 1e-3 * np.linspace(1, 0, nearest.shape[1])
    said = np.einsum("nkt,k->nt", given, weights).argmax(axis=1)
    return float((said == targets.argmax(axis=1)).mean())
