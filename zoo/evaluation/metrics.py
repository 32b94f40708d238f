"""Scores of classifiers, with scikit-learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["classification_metrics"]


def classification_metrics(truth: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Scores of predicted against true labels, one per example.

    Returns:
        `accuracy`, `f1_macro` (unweighted mean over the true classes), `baseline_accuracy` (of always naming the most
        frequent true class), and `examples`.
    """
    from sklearn.metrics import accuracy_score, f1_score

    most = Counter(truth).most_common(1)[0][1]
    classes = sorted(set(truth))
    return {
        "accuracy": float(accuracy_score(truth, predicted)),
        "f1_macro": float(f1_score(truth, predicted, labels=classes, average="macro", zero_division=0)),
        "baseline_accuracy": most / len(truth),
        "examples": len(truth),
    }
