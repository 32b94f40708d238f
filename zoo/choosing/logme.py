"""LogME: how well features explain labels, without learning a head (You et al., "LogME: Practical Assessment of
Pre-trained Models for Transfer Learning", ICML 2021, https://arxiv.org/abs/2102.11005).
"""

from __future__ import annotations

from typing import Any

from zoo.finetuning.probing.space import axes_of

__all__ = ["logme", "targets_of"]

_ROUNDS = 100
_CLOSE = 1e-4
_LEAST = 1e-12


def logme(features: Any, targets: Any) -> float:
    """The greatest log-evidence of a Bayesian linear model, per example, a mean over targets; more is better.

    The model is `target = features @ w + noise` with `w ~ N(0, 1/alpha)` and noise of variance `1/beta`; alpha and beta
    are those of the greatest evidence, by the fixed-point iteration of the paper's algorithm 1 on the singular values.

    Args:
        features: array (examples, dimensions).
        targets: array (examples, targets): one column a class (0 or 1), or one of numbers.
    """
    import numpy as np

    features, targets = features.astype(np.float64), targets.astype(np.float64)
    count, dimensions = features.shape
    wide = dimensions > count
    squares, vectors = axes_of(features @ features.T if wide else features.T @ features)
    kept = squares > max(float(squares[-1]), _LEAST) * 1e-12
    squares, vectors = squares[kept], vectors[:, kept]
    if not wide:
        vectors = features @ (vectors / np.sqrt(squares))
    along = (vectors.T @ targets) ** 2
    beside = np.maximum((targets**2).sum(axis=0) - along.sum(axis=0), 0)
    found = [_evidence(squares, along[:, n], float(beside[n]), count, dimensions) for n in range(targets.shape[1])]
    return float(np.mean(found))


def _evidence(squares: Any, along: Any, beside: float, count: int, dimensions: int) -> float:
    """Of one target: `along` its squares on the left singular vectors, `beside` what of it no features reach."""
    import numpy as np

    ratio = 1.0  # alpha / beta
    for _ in range(_ROUNDS):
        shrunk = squares / (squares + ratio)
        weight = max(float((along * squares / (squares + ratio) ** 2).sum()), _LEAST)
        residual = max(float((along * (1 - shrunk) ** 2).sum()) + beside, _LEAST)
        used = float(shrunk.sum())
        alpha, beta = max(used, _LEAST) / weight, max(count - used, _LEAST) / residual
        before, ratio = ratio, min(max(alpha / beta, 1e-12), 1e12)
        if abs(ratio - before) <= _CLOSE * before:
            break
    flat = dimensions - len(squares)
    evidence = (
        dimensions * np.log(alpha)
        + count * np.log(beta)
        - np.log(alpha + beta * squares).sum()
        - flat * np.log(alpha)
        - beta * residual
        - alpha * weight
        - count * np.log(2 * np.pi)
    )
    return float(evidence / 2 / count)


def targets_of(labels: Any, kind: str) -> Any:
    """Labels as columns of numbers (examples, targets): one column a class, or one of the numbers to learn."""
    import numpy as np

    if kind == "regression":
        return np.asarray(labels, dtype=np.float64)[:, None]
    rows = labels if kind == "multi" else [(name,) for name in labels]
    classes = sorted({name for row in rows for name in row})
    place = {name: number for number, name in enumerate(classes)}
    made = np.zeros((len(rows), len(classes)))
    for number, row in enumerate(rows):
        made[number, [place[name] for name in row]] = 1
    return made
