"""The association test: how much nearer one group of words is to some attributes than another group is.

Caliskan, Bryson and Narayanan, "Semantics derived automatically from language corpora contain human-like biases",
Science 356 (2017): effect size d, and a one-sided permutation test over the ways to part the words into two groups.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from zoo.evaluation.measures import Floats

__all__ = ["cosines", "effect_size", "permutation_p"]

EXACT = 20_000  # ways to part the words that are all tried; 8 and 8 words have 12,870
DRAWN = 10_000


def cosines(targets: Any, attributes: Any) -> Floats:
    """Cosine similarity (targets, attributes) of vectors (…, dimensions); 0 with a vector of zeros."""

    def unit(vectors: Any) -> Floats:
        made = np.asarray(vectors, dtype=np.float64)
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        found: Floats = made / np.where(lengths == 0, 1.0, lengths)
        return found

    made: Floats = unit(targets) @ unit(attributes).T
    return made


def effect_size(first: Floats, second: Floats) -> float:
    """Cohen's d of two groups' differences `mean over a - mean over b`; 0 where all are the same.

    The spread is the standard deviation of both groups together, as Caliskan et al. have it, so |d| is at most 2 for
    groups of one size.
    """
    spread = float(np.concatenate([first, second]).std(ddof=1))
    return float(first.mean() - second.mean()) / spread if spread > 0 else 0.0


def permutation_p(first: Floats, second: Floats, seed: int) -> tuple[float, bool]:
    """The share of ways to part both groups' words anew that separate them at least as far, and whether all were tried.

    One-sided: towards `first` being nearer to `a`. Where there are more than 20,000 ways, 10,000 are drawn and the real
    one is counted with them.
    """
    both = np.concatenate([first, second])
    size = len(first)
    real = float(first.sum())
    slack = 1e-12 * max(1.0, float(np.abs(both).sum()))
    if math.comb(len(both), size) <= EXACT:
        rows = np.array(list(itertools.combinations(range(len(both)), size)))
        return float(np.mean(both[rows].sum(1) >= real - slack)), True
    draw = np.random.default_rng(seed)
    drawn = draw.permuted(np.broadcast_to(both, (DRAWN, len(both))), axis=1)[:, :size].sum(1)
    return (int((drawn >= real - slack).sum()) + 1) / (DRAWN + 1), False
