"""How good are the forecasts? Measured on a series' own past, against repeating the season before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.data import read_series
from zoo.errors import BadData

__all__ = ["Backtest", "backtest", "mase", "seasonal_naive"]

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """Means over the windows of a backtest.

    Attributes:
        mase: of the model's median.
        naive: of the seasonal naive forecast in the same windows.
        covered: the share of outcomes between the lowest and the highest quantile.
        windows: how many.
    """

    mase: float
    naive: float
    covered: float
    windows: int

    def __str__(self) -> str:
        against = f"MASE {self.mase:.2f}, repeating the last season {self.naive:.2f}"
        return f"{against}; {self.covered:.0%} within the quantiles ({self.windows} windows)"


def backtest(model: Any, series: Any, *, season: int, horizon: int, windows: int = 10, column: Any = None) -> Backtest:
    """Forecast the last windows of one series, each from what came before it, and compare with what came.

    Windows follow each other without overlap. Nothing of a window is seen when it is forecast; whether a model saw the
    series when it was trained is another question.

    Args:
        model: as loaded by `zoo.load`.
        series: as `zoo.data.read_series` takes it.
        season: steps of one season, such as 12 for months.
        horizon: steps of a window.
        windows: how many.
        column: of a table.

    Raises:
        BadData: the series is too short for so many windows and two seasons before them.
    """
    values = read_series(series, column=column).values
    starts = [len(values) - horizon * number for number in range(windows, 0, -1)]
    if values.ndim != 1 or starts[0] < 2 * season:
        raise BadData("the series is too short for this backtest", "Ask for fewer windows, or a shorter horizon.")
    past = [values[:start] for start in starts]
    made = list(model.stream(past, horizon=horizon))
    rows = []
    for start, before, forecast in zip(starts, past, made, strict=True):
        came = values[start : start + horizon]
        low, high = (forecast.quantiles[level] for level in forecast.band)
        known = np.isfinite(came)
        rows.append(
            (
                mase(came, forecast.values, before, season),
                mase(came, seasonal_naive(before, season, horizon), before, season),
                float(((came >= low) & (came <= high))[known].mean()),
            )
        )
    error, naive, covered = np.mean(rows, axis=0)
    return Backtest(mase=float(error), naive=float(naive), covered=float(covered), windows=windows)


def mase(came: Numbers, forecast: Numbers, before: Numbers, season: int) -> float:
    """The mean absolute error, in units of the error that repeating the last season made before.

    Hyndman and Koehler, "Another look at measures of forecast accuracy", International Journal of Forecasting 22, 2006.
    """
    usual = np.nanmean(np.abs(before[season:] - before[:-season]))
    return float(np.nanmean(np.abs(came - forecast)) / usual)


def seasonal_naive(before: Numbers, season: int, horizon: int) -> Numbers:
    """Each step as one season earlier; where that is missing, as two, and so on."""
    return np.array([_last(before[step % season - season :: -season]) for step in range(horizon)])


def _last(values: Sequence[float] | Numbers) -> float:
    """The first number that was observed."""
    return next((float(value) for value in values if np.isfinite(value)), float("nan"))
