"""The linear probe: a linear head on fixed features, its regularisation chosen by cross-validation.

Alain & Bengio, "Understanding intermediate layers using linear classifier probes" (2016); Kornblith et al., "Do better
ImageNet models transfer better?" (2019) solve the same logistic regression with L2 along a path of strengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from zoo.errors import BadData
from zoo.finetuning.probing.folds import deal
from zoo.finetuning.probing.losses import Loss, Sigmoid, Softmax
from zoo.finetuning.probing.ridge import choose_ridge, fit_ridge
from zoo.finetuning.probing.selecting import Choice, Tried, choose, fit
from zoo.finetuning.probing.space import space_of
from zoo.tasks import TargetKind

__all__ = ["KINDS", "METRICS", "Probe", "fit_probe"]

KINDS: tuple[TargetKind, ...] = ("single", "multi", "regression")
METRICS: dict[TargetKind, str] = {"single": "accuracy", "multi": "f1_micro", "regression": "r2"}


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A fitted linear head.

    Attributes:
        kind: `single`, `multi` or `regression`.
        weight: array (outputs, dimensions) float32, for features as they are; one row a class, two for two classes, one
            for a number.
        bias: array (outputs,) float32.
        classes: the labels, sorted, one per row; empty for a regression.
        strength: the chosen C, the inverse of regularisation of standardised features.
        metric: what `score` is: `accuracy`, `f1_micro` or `r2`.
        score: of examples that the head did not learn from, by 5-fold cross-validation (of a regression by leaving one
            out), with the chosen strength; None where there were too few examples.
        error: the score's standard error.
        tried: all strengths that were tried, from the strongest regularisation.
        shares: array, what each held-out example adds to the score, which is their mean; None where there is none.
    """

    kind: TargetKind
    weight: Any
    bias: Any
    classes: tuple[str, ...]
    strength: float
    metric: str
    score: float | None = None
    error: float | None = None
    tried: tuple[Tried, ...] = ()
    shares: Any = field(default=None, repr=False)

    def logits(self, features: Any) -> Any:
        """What the head gives (examples, outputs) for features (examples, dimensions)."""
        return features @ self.weight.T + self.bias

    def scores(self, features: Any) -> Any:
        """As a model with this head answers: probabilities (examples, classes), or numbers (examples,)."""
        import numpy as np

        logits = self.logits(features).astype(np.float64)
        if self.kind == "regression":
            return logits[:, 0]
        if self.kind == "multi":
            return np.exp(-np.logaddexp(0, -logits))
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        return likely / likely.sum(axis=1, keepdims=True)

    def predict(self, features: Any) -> list[Any]:
        """The best label of each row; of `multi` a tuple of the labels above one half; of a regression the number."""
        scores = self.scores(features)
        if self.kind == "regression":
            return [float(value) for value in scores]
        if self.kind == "multi":
            return [tuple(name for name, on in zip(self.classes, row, strict=True) if on) for row in scores > 0.5]
        return [self.classes[int(row)] for row in scores.argmax(axis=1)]

    def to_dict(self) -> dict[str, Any]:
        """What was chosen, and by what, as a run's record keeps it."""
        return {
            "strength": self.strength,
            "metric": self.metric,
            "score": self.score,
            "error": self.error,
            "tried": [dict(vars(one)) for one in self.tried],
        }


def fit_probe(features: Any, labels: Sequence[Any], *, kind: TargetKind = "single", seed: int = 0) -> Probe:
    """Fit a linear head on standardised features, with the standardisation folded in.

    One class of several: multinomial logistic regression (of two classes: logistic regression). Several labels at once:
    a logistic regression each, all of one strength. A number: ridge regression. These are the minima that scikit-learn
    finds for the same C (ridge: `alpha = 1 / C`), which the tests compare.

    Args:
        features: array (examples, dimensions) float32.
        labels: one an example, in the form that `zoo.data.Split` has it.
        kind: their form.
        seed: of the folds.

    Raises:
        BadData: features or numbers that are not finite; fewer than two classes.
    """
    import numpy as np

    if not np.isfinite(features).all():
        raise BadData("the model gives features that are not finite numbers for some inputs", "Try another model.")
    if kind == "regression":
        return _regression(features, np.asarray(labels, dtype=np.float64))
    classes = tuple(sorted({name for row in labels for name in row} if kind == "multi" else set(labels)))
    if len(classes) < (1 if kind == "multi" else 2):
        raise BadData(f"there is nothing to tell apart: {len(classes)} classes", "Give data with two or more.")
    loss = _loss(labels, classes, kind)
    space = space_of(features)
    groups = [tuple(row) for row in labels] if kind == "multi" else labels
    choice = choose(space, loss, deal(groups, seed, alone=kind == "multi"))
    weight, bias = space.unfold(*fit(space, loss, choice.strength, choice.start))
    if kind == "single" and len(classes) == 2:  # one row for two classes; as softmax rows they are -w/2 and w/2
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return _probe(kind, weight, bias, classes, choice)


def _loss(labels: Sequence[Any], classes: tuple[str, ...], kind: TargetKind) -> Loss:
    import numpy as np

    place = {name: number for number, name in enumerate(classes)}
    if kind == "multi":
        truth = np.zeros((len(labels), len(classes)), dtype=np.float32)
        for row, names in enumerate(labels):
            truth[row, [place[name] for name in names]] = 1
        return Sigmoid(truth=truth, outputs=len(classes))
    codes = np.asarray([place[name] for name in labels])
    if len(classes) == 2:
        return Sigmoid(truth=codes[:, None].astype(np.float32), outputs=1)
    return Softmax(truth=codes, outputs=len(classes))


def _regression(features: Any, truth: Any) -> Probe:
    import numpy as np

    if not np.isfinite(truth).all():
        raise BadData("some of the numbers to learn are not finite", "Mend or remove those rows.")
    space = space_of(features, always=True)
    choice = choose_ridge(space, truth)
    weight, bias = space.unfold(*fit_ridge(space, truth, choice.strength))
    return _probe("regression", weight, bias, (), choice)


def _probe(kind: TargetKind, weight: Any, bias: Any, classes: tuple[str, ...], choice: Choice) -> Probe:
    import numpy as np

    chosen = next((one for one in choice.tried if one.strength == choice.strength), None)
    return Probe(
        kind=kind,
        weight=weight.astype(np.float32),
        bias=bias.astype(np.float32),
        classes=classes,
        strength=choice.strength,
        metric=METRICS[kind],
        score=chosen.score if chosen else None,
        error=chosen.error if chosen else None,
        tried=choice.tried,
        shares=choice.shares,
    )
