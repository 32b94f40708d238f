"""Slices: the main metric where a column has one value, and the gap between the best and the worst of them."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import BadInput
from zoo.evaluation.bootstrap import bounds, interval
from zoo.evaluation.measures import Floats, Measure

__all__ = ["FEW", "Slice", "gap_of", "slices_of"]

FEW = 30  # a slice of fewer examples is shown and not compared
MOST = 50  # values of a column that are slices of their own
BINS = 4
OTHERS = "(others)"
MISSING = "(none)"


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The examples with one value of a column, and the main metric of them on each resample."""

    column: str
    value: str
    members: Any
    measured: float
    resampled: Floats

    @property
    def n(self) -> int:
        """How many examples."""
        return len(self.members)

    def row(self, measure: Measure, confidence: float) -> dict[str, Any]:
        """`{column, value, n, metric, score, low, high, too_few}`."""
        whole = self.n if measure.main in measure.proportions else None
        optimistic = measure.main in measure.optimistic
        found = interval(self.measured, self.resampled, confidence, optimistic=optimistic, proportion_of=whole)
        return {
            "column": self.column,
            "value": self.value,
            "n": self.n,
            "metric": measure.main,
            "score": None if math.isnan(found.value) else found.value,
            "low": found.low,
            "high": found.high,
            "too_few": self.n < FEW,
        }


def slices_of(values: Sequence[Any], n: int, column: str) -> dict[str, Any]:
    """The places of the examples with each value; numbers of many values are binned in quarters.

    Empty where there are more than 50 values, hardly one of which occurs twice: names, dates, whole texts.

    Raises:
        BadInput: there is not one value an example.
    """
    if len(values) != n:
        raise BadInput(f"column {column} has {len(values)} values for {n} examples")
    values = _as_numbers(values)
    names, binned = (_binned(values), True) if _is_number(values) else (list(map(_named, values)), False)
    if not binned and len(set(names)) > max(MOST, n // 2):
        return {}
    often = {name for name, _ in Counter(names).most_common(MOST)}
    order = sorted(often, key=_by_first_number if binned else str)
    places: dict[str, list[int]] = {name: [] for name in order}
    for place, name in enumerate(names):
        places.setdefault(name if name in often else OTHERS, []).append(place)
    return {name: np.array(found) for name, found in places.items()}


def gap_of(slices: Sequence[Slice], *, higher: bool, confidence: float) -> Mapping[str, Any] | None:
    """`{column, best, worst, gap, low, high}` among the slices of at least 30; None where there are not two.

    The interval is of the difference between these two slices. Which are the best and the worst was seen on the same
    data, so that a gap is expected to come out somewhat smaller on new data.
    """
    able = [part for part in slices if part.n >= FEW and not math.isnan(part.measured)]
    if len(able) < 2:
        return None
    ordered = sorted(able, key=lambda part: part.measured, reverse=higher)
    best, worst = ordered[0], ordered[-1]
    value = abs(best.measured - worst.measured)
    sign = 1.0 if higher else -1.0
    found = bounds(value, sign * (best.resampled - worst.resampled), confidence)
    low, high = found or (None, None)
    return {
        "column": best.column,
        "best": best.value,
        "worst": worst.value,
        "gap": value,
        "low": low,
        "high": high,
        "n": [best.n, worst.n],
    }


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or value == ""


def _as_numbers(values: Sequence[Any]) -> Sequence[Any]:
    """Numbers for a table's texts, where all that is there reads as one."""
    if not any(isinstance(value, str) for value in values):
        return values
    try:
        made = [None if _is_missing(value) else float(value) for value in values]
    except (TypeError, ValueError):
        return values
    return made if len({value for value in made if value is not None}) > 2 * BINS else values


def _is_number(values: Sequence[Any]) -> bool:
    found = [value for value in values if not _is_missing(value)]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)
    return bool(found) and numbers and len(set(found)) > 2 * BINS


def _named(value: Any) -> str:
    return MISSING if _is_missing(value) else str(value)


def _by_first_number(name: str) -> tuple[int, float]:
    """The order of bins: `up to` first, `over` last but for what is missing."""
    if name == MISSING:
        return 3, 0.0
    if name.startswith("up to"):
        return 0, 0.0
    return (2, 0.0) if name.startswith("over") else (1, float(name.partition(" to ")[0]))


def _binned(values: Sequence[Any]) -> list[str]:
    """Each number's quarter by name: `up to 12`, `12 to 30`, `30 to 41`, `over 41`."""
    found = np.array([math.nan if _is_missing(value) else float(value) for value in values])
    edges = np.unique(np.quantile(found[~np.isnan(found)], np.linspace(0, 1, BINS + 1)[1:-1]))
    names = [f"up to {edges[0]:.4g}", *(f"{a:.4g} to {b:.4g}" for a, b in itertools.pairwise(edges))]
    names.append(f"over {edges[-1]:.4g}")
    return [MISSING if math.isnan(v) else names[int(np.searchsorted(edges, v, side="left"))] for v in found]
