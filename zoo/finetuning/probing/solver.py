"""L-BFGS for many L2-regularised linear heads at once (Nocedal & Wright, "Numerical Optimization", algorithm 7.5).

The heads share the examples, so that every step reads the features twice for all of them. Two things make it take few
steps: the first guess at the inverse curvature is that of each principal axis (the bound of Böhning, "Multinomial
logistic regression algorithm", 1992, scaled by the curvature that is found), and a head starts from the solution for
the regularisation before it. Logits are linear in the weights, so a step's length is found without the features.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from zoo.finetuning.probing.losses import Loss

__all__ = ["Solver", "State"]

_NUMBERS = 4 * 2**20  # features and logits that are worked on at once
_PAIRS = 10
_TRIES = 20
_ENOUGH = 1e-4  # Armijo's condition


@dataclass
class State:
    """Where the heads stand: weights with the bias last (heads, outputs, axes + 1), and logits of all examples."""

    weights: Any
    logits: Any


class Solver:
    """Heads that minimise `sum of losses + |weight|² / (2 strength)`, the bias being free.

    Args:
        rows: array (examples, axes).
        scale: sum of squares along each axis.
        loss: what is to be predicted.
        counted: array (examples, heads), 1 where a head learns from an example, else 0.
        dtype: of all computations.
    """

    def __init__(self, rows: Any, scale: Any, loss: Loss, counted: Any, dtype: Any) -> None:
        import numpy as np

        self._rows, self._loss, self._dtype = rows, loss, dtype
        self._counted = counted.astype(dtype)
        self._number = self._counted.sum(axis=0, dtype=np.float64)
        self._scale = np.append(scale, len(rows)).astype(dtype)
        self._free = np.append(np.ones(len(scale)), 0).astype(dtype)  # the bias is not regularised
        self.heads = counted.shape[1]

    def start(self, weights: Any = None) -> State:
        """The state of given weights (outputs, axes + 1), or of a head that knows only how frequent classes are."""
        import numpy as np

        made = np.zeros((self.heads, self._loss.outputs, len(self._scale)), dtype=self._dtype)
        if weights is None:
            made[:, :, -1] = self._loss.start()
        else:
            made[:] = weights
        return State(weights=made, logits=self._logits(made))

    def solve(self, state: State, strength: float, *, tolerance: float, steps: int) -> int:
        """Move the state to the minimum; the number of steps that it took.

        Args:
            state: changed in place.
            strength: C, the inverse of regularisation.
            tolerance: of the largest derivative of the mean loss.
            steps: at most.
        """
        import numpy as np

        penalty = (self._free / strength).astype(self._dtype)
        value, gradient, curvature = self._measure(state, penalty)
        inverse = 1 / (curvature[:, None, None] * self._scale + penalty + 1e-12)
        pairs: deque[tuple[Any, Any, Any]] = deque(maxlen=_PAIRS)
        for step in range(steps):
            if (np.abs(gradient).max(axis=(1, 2)) <= tolerance * self._number).all():
                return step
            direction = _direction(gradient, pairs, inverse)
            moved = self._move(state, direction, value, gradient, penalty)
            if not moved.any():  # rounding lets it go no lower
                return step
            before = gradient
            value, gradient, _ = self._measure(state, penalty)
            _remember(pairs, moved[:, None, None] * direction, gradient - before)
        return steps

    def _logits(self, weights: Any) -> Any:
        import numpy as np

        flat = weights.reshape(-1, weights.shape[2])
        made = np.empty((len(self._rows), *weights.shape[:2]), dtype=self._dtype)
        for part in self._parts():
            rows = self._rows[part].astype(self._dtype, copy=False)
            made[part] = (rows @ flat[:, :-1].T + flat[:, -1]).reshape(-1, *weights.shape[:2])
        return made

    def _parts(self) -> list[slice]:
        size = max(64, _NUMBERS // (self.heads * self._loss.outputs + len(self._scale)))
        return [slice(start, start + size) for start in range(0, len(self._rows), size)]

    def _measure(self, state: State, penalty: Any) -> tuple[Any, Any, Any]:
        """Objective (heads,), gradient (as the weights), and mean curvature (heads,)."""
        import numpy as np

        value, curvature = np.zeros(self.heads), np.zeros(self.heads)
        gradient = np.zeros_like(state.weights)
        flat = gradient.reshape(-1, gradient.shape[2])
        for part in self._parts():
            losses, slopes, bent = self._loss.parts(state.logits[part], part)
            counted = self._counted[part]
            value += (losses * counted).sum(axis=0, dtype=np.float64)
            curvature += (bent * counted).sum(axis=0, dtype=np.float64)
            slopes = (slopes * counted[:, :, None]).reshape(len(counted), -1)
            flat[:, :-1] += slopes.T @ self._rows[part].astype(self._dtype, copy=False)
            flat[:, -1] += slopes.sum(axis=0)
        value += self._penalty(state.weights, penalty)
        gradient += penalty * state.weights
        return value, gradient, (curvature / self._number).astype(self._dtype)

    def _penalty(self, weights: Any, penalty: Any) -> Any:
        import numpy as np

        return 0.5 * np.einsum("hoa,hoa,a->h", weights, weights, penalty, dtype=np.float64)

    def _value(self, logits: Any, further: Any, lengths: Any, weights: Any, penalty: Any) -> Any:
        import numpy as np

        value = self._penalty(weights, penalty)
        for part in self._parts():
            losses, _, _ = self._loss.parts(logits[part] + lengths[:, None] * further[part], part)
            value += (losses * self._counted[part]).sum(axis=0, dtype=np.float64)
        return value

    def _move(self, state: State, direction: Any, value: Any, gradient: Any, penalty: Any) -> Any:
        """Go along each head's direction as far as the objective falls enough; how far (heads,), 0 for not at all."""
        import numpy as np

        further = self._logits(direction)
        slope = np.einsum("hoa,hoa->h", direction, gradient, dtype=np.float64)
        lengths = np.ones(self.heads, dtype=self._dtype)
        slack = np.finfo(self._dtype).eps * np.abs(value)
        for _ in range(_TRIES):
            tried = self._value(
                state.logits, further, lengths, state.weights + lengths[:, None, None] * direction, penalty
            )
            bad = ~(tried <= value + _ENOUGH * lengths * slope + slack)
            if not bad.any():
                break
            # Where the parabola through both points is lowest, but within the usual bounds.
            fall = 2 * (tried - value - lengths * slope)
            lowest = np.where(fall > 0, -slope * lengths / np.where(fall > 0, fall, 1), 0.1)
            lengths = np.where(bad, lengths * np.clip(lowest, 0.1, 0.5), lengths).astype(self._dtype)
        else:
            lengths = np.where(bad, 0, lengths).astype(self._dtype)
        state.weights += lengths[:, None, None] * direction
        state.logits += lengths[:, None] * further
        return lengths


def _dot(one: Any, other: Any) -> Any:
    import numpy as np

    return np.einsum("hoa,hoa->h", one, other)[:, None, None]


def _direction(gradient: Any, pairs: deque[tuple[Any, Any, Any]], inverse: Any) -> Any:
    """The two-loop recursion; for each head its own."""
    import numpy as np

    made = gradient.copy()
    factors = []
    for moved, change, product in reversed(pairs):
        factor = _dot(moved, made) / product
        made -= factor * change
        factors.append(factor)
    made *= inverse
    if pairs:
        _, change, product = pairs[-1]
        bent = _dot(change, inverse * change)
        made *= np.where(bent > 0, product / np.where(bent > 0, bent, 1), 1)
    for (moved, change, product), factor in zip(pairs, reversed(factors), strict=True):
        made += (factor - _dot(change, made) / product) * moved
    return -made


def _remember(pairs: deque[tuple[Any, Any, Any]], moved: Any, change: Any) -> None:
    """Keep what a step taught of the curvature; of a head that did not move, something that changes nothing."""
    import numpy as np

    product = _dot(moved, change)
    sound = product > np.finfo(product.dtype).eps * np.sqrt(_dot(moved, moved) * _dot(change, change))
    if not sound.all():
        # A pair of zeros with a product of 1 leaves a head's direction as it is, but would spoil the scaling.
        if not sound.any():
            return
        moved, change, product = (np.where(sound, x, y) for x, y in ((moved, 0), (change, 0), (product, 1)))
    pairs.append((moved, change, product))
