"""Which examples are held out together, and how sure a score is that was found so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

__all__ = ["FOLDS", "deal", "error_of"]

FOLDS = 5


def deal(groups: Sequence[Hashable], seed: int, *, folds: int = FOLDS, alone: bool = False) -> Any:
    """The fold of each example: array (examples,) of 0 to folds - 1, and -1 for what is never held out.

    Examples of a group (a class, or a set of labels) are dealt out one by one, so that the folds' shares of it differ
    by one example at most. The only example of a group is never held out, for nothing could have learnt it; with
    `alone` it is, because sets of labels share labels.

    Returns:
        fewer folds where there are fewer examples to hold out; all -1 where there are not even two.
    """
    import numpy as np

    counts = Counter(groups)
    order = np.random.default_rng(seed).permutation(len(groups))
    shared = [int(row) for row in order if alone or counts[groups[row]] > 1]
    position = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    shared.sort(key=lambda row: position[groups[row]])
    made = np.full(len(groups), -1)
    if len(shared) > 1:
        made[shared] = np.arange(len(shared)) % min(folds, len(shared))
    return made


def error_of(shares: Any) -> float:
    """The standard error of a score, from every example's share in it (their mean is the score)."""
    import numpy as np

    return float(np.std(shares, ddof=1) / np.sqrt(len(shares))) if len(shares) > 1 else float("nan")
