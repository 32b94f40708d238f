"""Which regularisation? Cross-validation along a path from the strongest to the weakest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from zoo.finetuning.probing.folds import error_of
from zoo.finetuning.probing.losses import Loss
from zoo.finetuning.probing.solver import Solver
from zoo.finetuning.probing.space import Space

__all__ = ["STRENGTHS", "Choice", "Tried", "best_of", "choose", "fit"]

STRENGTHS = tuple(float(f"{10 ** (half / 2):.3g}") for half in range(-10, 5))  # 1e-5 to 100, each 3.16 times the last
SMALL = 0.01  # where nothing can be held out
_LEAST = 4  # strengths that are tried before the path may end
_WORSE = 2  # strengths in a row that were worse in score and in loss: weaker ones are not better
_NOTHING_LEFT = 0.01  # of the loss
_STEPS = 100
_ROUGH = 1e-4  # of the folds' solutions, which only choose
_EXACT = 1e-6
_FINAL_STEPS = 1000
_MOST_LOGITS = 2**26  # of heads that are solved together
_MOST_DOUBLE = 2**26  # features that are turned into double precision at once


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One strength, cross-validated: its score, the score's standard error, and the mean loss."""

    strength: float
    score: float
    error: float
    loss: float


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The chosen strength, what was tried, and each held-out example's share in the chosen score.

    Attributes:
        strength: the inverse of regularisation.
        tried: in the order of the path; empty where nothing could be held out.
        shares: array (held-out examples,), None where there are none.
        start: weights (outputs, axes + 1) near the solution of all examples, or None.
    """

    strength: float
    tried: tuple[Tried, ...] = ()
    shares: Any = None
    start: Any = None


def best_of(tried: list[Tried]) -> Tried:
    """The strength to take: of those whose score is as good as the best's within half its standard error, the one of
    the least loss, which is the one with the most honest probabilities; of equal ones the strongest regularisation.
    """
    top = max(tried, key=lambda one: one.score)
    slack = 0.5 * top.error if math.isfinite(top.error) else 0.0
    able = [one for one in tried if one.score >= top.score - slack]
    return min(able, key=lambda one: (round(one.loss, 9), one.strength))


def choose(space: Space, loss: Loss, folds: Any) -> Choice:
    """Cross-validate the path; a head for each fold, solved together as far as memory allows.

    Args:
        space: the examples.
        loss: what is predicted.
        folds: of `deal`.
    """
    import numpy as np

    number = int(folds.max()) + 1
    if number < 2:
        return Choice(strength=SMALL)
    together = max(1, _MOST_LOGITS // (len(folds) * loss.outputs))
    groups = [range(start, min(start + together, number)) for start in range(0, number, together)]
    solvers = [_solver(space, loss, folds, group) for group in groups]
    states = [solver.start() for solver in solvers]
    held = np.flatnonzero(folds >= 0)
    tried: list[Tried] = []
    kept: dict[float, tuple[Any, Any]] = {}
    for strength in STRENGTHS:
        logits = np.empty((len(held), loss.outputs), dtype=np.float32)
        for solver, state, group in zip(solvers, states, groups, strict=True):
            solver.solve(state, strength, tolerance=_ROUGH, steps=_STEPS)
            for place, fold in enumerate(group):
                mine = folds[held] == fold
                logits[mine] = state.logits[held[mine], place]
        shares = loss.shares(logits, held)
        tried.append(
            Tried(
                strength=strength,
                score=float(shares.mean()),
                error=error_of(shares),
                loss=_mean_loss(loss, logits, held),
            )
        )
        kept[strength] = shares, np.mean(np.concatenate([state.weights for state in states]), axis=0)
        if _is_over(tried):
            break
    best = best_of(tried)
    shares, start = kept[best.strength]
    return Choice(strength=best.strength, tried=tuple(tried), shares=shares, start=start)


def fit(space: Space, loss: Loss, strength: float, start: Any = None) -> tuple[Any, Any]:
    """Weight (outputs, axes) and bias (outputs,) of all examples, float64."""
    import numpy as np

    small = space.rows.size <= _MOST_DOUBLE
    rows = space.rows.astype(np.float64) if small else space.rows
    counted = np.ones((len(rows), 1))
    solver = Solver(rows, space.scale, loss, counted, np.float64)
    state = solver.start(start)
    solver.solve(state, strength, tolerance=_EXACT, steps=_FINAL_STEPS)
    return state.weights[0, :, :-1], state.weights[0, :, -1]


def _solver(space: Space, loss: Loss, folds: Any, group: range) -> Solver:
    import numpy as np

    counted = np.stack([folds != fold for fold in group], axis=1)
    return Solver(space.rows, space.scale, loss, counted, np.float32)


def _mean_loss(loss: Loss, logits: Any, held: Any) -> float:
    losses, _, _ = loss.parts(logits[:, None, :], held)
    return float(losses.mean(dtype=float))


def _is_over(tried: list[Tried]) -> bool:
    """Whether the last strengths were no better than the best before them, in score and in loss, or none can be."""
    if tried[-1].loss < _NOTHING_LEFT:
        return True
    if len(tried) < max(_LEAST, _WORSE + 1):
        return False
    before, last = tried[:-_WORSE], tried[-_WORSE:]
    score, loss = max(one.score for one in before), min(one.loss for one in before)
    return all(one.score <= score and one.loss >= loss for one in last)
