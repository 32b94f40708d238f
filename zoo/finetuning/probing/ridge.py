"""Ridge regression in closed form, and its leave-one-out error for every regularisation at once.

On principal axes the normal equations are diagonal, and leaving an example out changes its residual by the factor
`1 / (1 - h)`, h being its leverage (Golub, Heath & Wahba, "Generalized cross-validation …", 1979).
"""

from __future__ import annotations

from typing import Any

from zoo.finetuning.probing.folds import error_of
from zoo.finetuning.probing.selecting import SMALL, STRENGTHS, Choice, Tried, best_of
from zoo.finetuning.probing.space import Space

__all__ = ["choose_ridge", "fit_ridge"]

_LEAST = 5  # examples, for leaving one out to say something


def choose_ridge(space: Space, truth: Any) -> Choice:
    """The strength by leave-one-out; the score is R², the loss the mean squared error in units of the variance."""

    variance = float(truth.var())
    if len(truth) < _LEAST or variance == 0:
        return Choice(strength=SMALL)
    tried, kept = [], {}
    for strength in STRENGTHS:
        shares = 1 - _left_out(space, truth, strength) ** 2 / variance
        score = float(shares.mean())
        tried.append(Tried(strength=strength, score=score, error=error_of(shares), loss=1 - score))
        kept[strength] = shares
    best = best_of(tried)
    return Choice(strength=best.strength, tried=tuple(tried), shares=kept[best.strength])


def fit_ridge(space: Space, truth: Any, strength: float) -> tuple[Any, Any]:
    """Weight (1, axes) and bias (1,), float64, of the least `|residuals|² + |weight|² / strength`."""
    import numpy as np

    middle = float(truth.mean())
    weight = (space.rows.T.astype(np.float64) @ (truth - middle)) / (space.scale + 1 / strength)
    return weight[None, :], np.array([middle])


def _left_out(space: Space, truth: Any, strength: float) -> Any:
    """Residuals (examples,) of heads that each learnt from all others."""
    import numpy as np

    centred = truth - truth.mean()
    rows = space.rows.astype(np.float64)
    shrunk = 1 / (space.scale + 1 / strength)
    leverage = np.square(rows) @ shrunk
    fitted = rows @ (shrunk * (rows.T @ centred))
    return (centred - fitted) / np.maximum(1 - leverage - 1 / len(truth), 1e-9)
