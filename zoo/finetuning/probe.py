"""The linear probe: a linear head on fixed features, its regularisation chosen by cross-validation.

Alain & Bengio, "Understanding intermediate layers using linear classifier probes" (2016); Kornblith et al., "Do better
ImageNet models transfer better?" (2019) solve the same multinomial logistic regression with L2 over a grid.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Probe", "fit_probe"]

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A fitted linear head.

    Attributes:
        weight: array (classes, dimensions) float32, for features as they are.
        bias: array (classes,) float32.
        classes: the labels, one per row.
        strength: the chosen inverse regularisation C.
        scores: mean cross-validated accuracy per C; empty where there were too few examples for folds.
    """

    weight: Any
    bias: Any
    classes: tuple[str, ...]
    strength: float
    scores: dict[str, float]

    def predict(self, features: Any) -> list[str]:
        """The best label of each row of features (examples, dimensions)."""
        rows = (features @ self.weight.T + self.bias).argmax(axis=1)
        return [self.classes[int(row)] for row in rows]


def fit_probe(features: Any, labels: Sequence[str], *, seed: int = 0) -> Probe:
    """Fit multinomial logistic regression on standardised features.

    Args:
        features: array (examples, dimensions) float32.
        labels: one per example.
        seed: of the folds.

    Returns:
        the head with the standardisation folded in, so that it applies to the features as they are.
    """
    import numpy as np

    centre = features.mean(axis=0, dtype=np.float64)
    spread = features.std(axis=0, dtype=np.float64)
    spread[spread < 1e-8] = 1.0
    scaled = (features - centre) / spread
    truth = np.asarray(labels)
    strength, scores = _choose(scaled, truth, seed)
    fitted = _solver(strength).fit(scaled, truth)
    weight, bias = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # scikit-learn gives one row for two classes; as softmax rows they are -w/2 and w/2
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    weight = weight / spread
    return Probe(
        weight=weight.astype(np.float32),
        bias=(bias - weight @ centre).astype(np.float32),
        classes=tuple(str(name) for name in fitted.classes_),
        strength=strength,
        scores=scores,
    )


def _solver(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=300, tol=1e-3)


def _choose(features: Any, labels: Any, seed: int) -> tuple[float, dict[str, float]]:
    """The strength with the best mean accuracy over stratified folds; the strong 0.01 where folds are impossible."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    folds = min(FOLDS, *Counter(labels.tolist()).values())
    if folds < 2:
        return 0.01, {}
    splitter = StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed)
    scores: dict[str, float] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # weak regularisation on few examples; it is not chosen
        for strength in STRENGTHS:
            scores[str(strength)] = float(cross_val_score(_solver(strength), features, labels, cv=splitter).mean())
    best = max(STRENGTHS, key=lambda strength: (round(scores[str(strength)], 6), -strength))
    return best, scores
