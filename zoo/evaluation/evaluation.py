"""How good predictions are: estimates with their intervals, by class, by slice, and the worst examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zoo.tasks import TargetKind

__all__ = ["Estimate", "Evaluation"]


@dataclass(frozen=True)
class Estimate:
    """A number measured on a sample, with its bootstrap interval; None where there is no sensible interval."""

    value: float
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """`{"value", "low", "high"}`."""
        return {"value": self.value, "low": self.low, "high": self.high}

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How good predictions are.

    Attributes:
        kind: the form of the labels.
        main: the name of the metric that counts most, such as `accuracy`.
        higher_is_better: of the main metric.
        n: how many examples.
        metrics: all by name, the main one first.
        confidence: of the intervals.
        resamples: on how many bootstrap resamples they rest.
        seed: of the resamples.
        per_class: rows `{label, n, precision, recall, f1, metric, low, high}`; `metric` says what `low` and `high` are
            of.
        labels: the classes of `confusion`'s rows and columns.
        confusion: counts by true class (row) and predicted class (column); None where there are no classes, or many.
        precision_recall: rows `{recall, precision, precision_50, precision_75}` of boxes, the mean over classes;
            None for other kinds.
        calibration: bins `{low, high, n, confidence, accuracy}` of predicted probability; None where there is none.
        slices: rows `{column, value, n, metric, score, low, high, too_few}`, the main metric where a column has a
            value.
        gaps: rows `{column, best, worst, gap, low, high, n}`, one for each column.
        worst: rows `{index, row, truth, predicted, confidence}`, the most wrong first; `index` is the place in the
            split that was predicted.
        failed: rows `{row, error}` of examples that could not be predicted.
    """

    kind: TargetKind
    main: str
    higher_is_better: bool
    n: int
    metrics: dict[str, Estimate]
    confidence: float = 0.95
    resamples: int = 1000
    seed: int = 0
    per_class: tuple[Mapping[str, Any], ...] = ()
    labels: tuple[str, ...] = ()
    confusion: Sequence[Sequence[int]] | None = None
    precision_recall: tuple[Mapping[str, float], ...] | None = None
    calibration: tuple[Mapping[str, Any], ...] | None = None
    slices: tuple[Mapping[str, Any], ...] = ()
    gaps: tuple[Mapping[str, Any], ...] = ()
    worst: tuple[Mapping[str, Any], ...] = ()
    failed: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def value(self) -> float:
        """The main metric's value."""
        return self.metrics[self.main].value

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values, under the attributes' names."""
        made = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for name in ("per_class", "slices", "gaps", "worst", "failed"):
            made[name] = [dict(row) for row in made[name]]
        made["labels"] = list(self.labels)
        made["metrics"] = {name: estimate.to_dict() for name, estimate in self.metrics.items()}
        made["confusion"] = None if self.confusion is None else [list(row) for row in self.confusion]
        for name in ("calibration", "precision_recall"):
            made[name] = None if made[name] is None else [dict(row) for row in made[name]]
        return made

    def __str__(self) -> str:
        return f"{self.main} {self.metrics[self.main]}, n = {self.n}"
