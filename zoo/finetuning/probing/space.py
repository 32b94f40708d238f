"""Features made ready for a linear head: centred, of equal spread, and turned onto their principal axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Space", "axes_of", "space_of"]

MOST_TURNED = 2048  # axes: finding more takes longer than it saves
_ROWS = 4096  # that are worked on at once in double precision
_FLAT = 1e-8


@dataclass(frozen=True, kw_only=True)
class Space:
    """Examples in coordinates in which the head is solved.

    Turning changes neither predictions nor the length of weights, so an L2-regularised head is the same; with fewer
    examples than dimensions only as many axes remain as there are examples (the representer theorem), and along each
    axis the curvature of the loss is known, which is what makes the solver quick.

    Attributes:
        rows: array (examples, axes) float32.
        scale: sum of squares along each axis, float64.
        centre, spread: of the features as they are, float64; a feature that never changes has a spread of 1.
        axes: array (dimensions, axes) float32, or None where the features were not turned.
    """

    rows: Any
    scale: Any
    centre: Any
    spread: Any
    axes: Any

    def unfold(self, weight: Any, bias: Any) -> tuple[Any, Any]:
        """Weight (outputs, axes) and bias for these rows, as weight (outputs, dimensions) and bias for the features."""
        import numpy as np

        turned = weight if self.axes is None else weight @ self.axes.T.astype(np.float64)
        whole = turned / self.spread
        return whole, bias - whole @ self.centre


def space_of(features: Any, *, always: bool = False) -> Space:
    """The space of features (examples, dimensions), turned where that pays, or always."""
    import numpy as np

    count, dimensions = features.shape
    centre = features.mean(axis=0, dtype=np.float64)
    spread = features.std(axis=0, dtype=np.float64)
    # What only rounding makes differ is constant.
    spread[spread <= _FLAT * np.maximum(1.0, np.abs(centre))] = 1.0
    scaled = np.empty((count, dimensions), dtype=np.float32)
    for start in range(0, count, _ROWS):
        scaled[start : start + _ROWS] = (features[start : start + _ROWS] - centre) / spread
    if min(count, dimensions) > MOST_TURNED and not always:
        scale = np.square(scaled, dtype=np.float32).sum(axis=0, dtype=np.float64)
        return Space(rows=scaled, scale=scale, centre=centre, spread=spread, axes=None)
    axes, scale = _axes(scaled)
    return Space(rows=scaled @ axes, scale=scale, centre=centre, spread=spread, axes=axes)


def axes_of(inner: Any) -> tuple[Any, Any]:
    """Eigenvalues, rising, and eigenvectors of a symmetric matrix."""
    import numpy as np
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # More threads gain little here, and lose tenfold where other processes use the cores.
    with threadpool_limits(1, user_api="blas"):
        values, vectors = np.linalg.eigh(inner)
    return values, vectors


def _axes(scaled: Any) -> tuple[Any, Any]:
    """Principal axes (dimensions, axes) with the sum of squares along each; none along which nothing differs."""
    import numpy as np

    count, dimensions = scaled.shape
    wide = dimensions > count
    values, vectors = axes_of(_inner(scaled.T) if wide else _inner(scaled))
    kept = values > max(float(values[-1]), 1e-12) * 1e-10
    values, vectors = values[kept][::-1], vectors[:, kept][:, ::-1]
    if wide:  # from axes among the examples to those among the features
        vectors = scaled.T.astype(np.float64) @ (vectors / np.sqrt(values))
    return np.ascontiguousarray(vectors, dtype=np.float32), values


def _inner(matrix: Any) -> Any:
    """`matrix.T @ matrix` in double precision, some rows at a time."""
    import numpy as np

    made = np.zeros((matrix.shape[1], matrix.shape[1]))
    for start in range(0, len(matrix), _ROWS):
        part = matrix[start : start + _ROWS].astype(np.float64)
        made += part.T @ part
    return made
