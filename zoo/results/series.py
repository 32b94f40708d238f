"""Results about time series."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from zoo.results.base import Result

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Forecast"]

_SHOWN = 3  # steps at the beginning that are written out


@dataclass(frozen=True)
class Forecast(Result):
    """How a series goes on.

    Attributes:
        values: one number for each step to come, an array (horizon,), or (horizon, channels) where several series were
            given together: the model's point forecast, which is the median where it gives quantiles.
        quantiles: arrays of that shape by their level in (0, 1): below the one of level 0.9, nine in ten outcomes are
            expected.
        index: the times of the steps, in the form in which the series had its own; None where it had none, or where
            they were not evenly spaced.
        names: of the channels, where the series had names.
        history: the end of what was observed, an array (steps,) or (steps, channels), for drawing; NaN where missing.
        history_index: its times, where the series had them.
    """

    values: Any
    quantiles: Mapping[float, Any] = field(default_factory=lambda: MappingProxyType({}))
    index: tuple[str, ...] | None = None
    names: tuple[str, ...] = ()
    history: Any = field(default=None, repr=False, compare=False)
    history_index: tuple[str, ...] | None = field(default=None, repr=False, compare=False)

    @property
    def horizon(self) -> int:
        """How many steps."""
        return len(self.values)

    @property
    def band(self) -> tuple[float, float] | None:
        """The lowest and the highest level of the quantiles; None with fewer than two."""
        return (min(self.quantiles), max(self.quantiles)) if len(self.quantiles) > 1 else None

    def to_dict(self) -> dict[str, Any]:
        """`{"values": [float, …], "quantiles": {"0.1": [float, …]}, "index": [text, …] | None, "names": [text, …]}`.

        With several channels, each step is a list of one number a channel.
        """
        return {
            "values": _listed(self.values),
            "quantiles": {f"{level:g}": _listed(self.quantiles[level]) for level in sorted(self.quantiles)},
            "index": list(self.index) if self.index is not None else None,
            "names": list(self.names),
        }

    def __str__(self) -> str:
        count = f"{self.horizon} step{'s' * (self.horizon != 1)}"
        when = f" from {self.index[0]} to {self.index[-1]}" if self.index else ""
        columns = _columns(self.values)
        if len(columns) > 1:
            ends = ", ".join(f"{self._name(at)} {column[-1]:.5g}" for at, column in enumerate(columns[:_SHOWN]))
            more = " …" if len(columns) > _SHOWN else ""
            return f"{count}{when} of {len(columns)} channels, which end at {ends}{more}"
        return f"{count}{when}: {_short(columns[0])}{self._spread()}"

    def _spread(self) -> str:
        if self.band is None:
            return ""
        low, high = (_columns(self.quantiles[level])[0][-1] for level in self.band)
        return f" ({self.band[0]:g} to {self.band[1]:g} quantile: {low:.5g} to {high:.5g})"

    def _name(self, at: int) -> str:
        return self.names[at] if at < len(self.names) else str(at + 1)

    def to_csv(self) -> str:
        """The forecast as a table: `time` or `step` from 1, `series` where there are several, `value`, `q0.1` …"""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        several = len(_columns(self.values)) > 1
        levels = sorted(self.quantiles)
        writer.writerow(
            ["time" if self.index else "step", *["series"] * several, "value", *(f"q{level:g}" for level in levels)]
        )
        parts = [_columns(part) for part in (self.values, *(self.quantiles[level] for level in levels))]
        for step, when in enumerate(self.index or range(1, self.horizon + 1)):
            for at in range(len(parts[0])):
                writer.writerow([when, *[self._name(at)] * several, *(f"{part[at][step]:.8g}" for part in parts)])
        return text.getvalue()

    def draw(self, size: tuple[int, int] = (960, 420)) -> Image:
        """A chart of the history's end, the forecast and its bands, of one panel for each channel, eight at most.

        Args:
            size: width and height of a panel in pixels.
        """
        from zoo._chart import Panel, draw_panels

        columns = _columns(self.values)
        return draw_panels(list(self._panels(columns, Panel)), size=size)

    def _panels(self, columns: list[list[float]], kind: Any) -> Iterator[Any]:
        history = _columns(self.history) if self.history is not None else [[] for _ in columns]
        levels = sorted(self.quantiles)
        bands = [(low, high) for low, high in zip(levels, reversed(levels), strict=True) if low < high]
        for at, column in enumerate(columns):
            yield kind(
                title=self._name(at) if self.names or len(columns) > 1 else "",
                history=history[at],
                forecast=column,
                bands=[(_columns(self.quantiles[a])[at], _columns(self.quantiles[b])[at]) for a, b in bands],
                labels=self._labels(len(history[at])),
                legend=f"{levels[0]:g} to {levels[-1]:g} quantile" if bands else "",
            )

    def _labels(self, before: int) -> list[str]:
        """What is written below each step, of the history first."""
        if self.index and self.history_index and len(self.history_index) == before:
            return [*self.history_index, *self.index]
        return [str(step) for step in range(1 - before, self.horizon + 1)]


def _listed(values: Any) -> list[Any]:
    """Plain floats, nested as the array is."""
    listed = values.tolist() if hasattr(values, "tolist") else values
    return [_listed(value) if hasattr(value, "__len__") else float(value) for value in listed]


def _columns(values: Any) -> list[list[float]]:
    """One list of numbers for each channel."""
    rows = _listed(values)
    return [list(column) for column in zip(*rows, strict=True)] if rows and isinstance(rows[0], list) else [rows]


def _short(values: list[float]) -> str:
    """The first few numbers and the last."""
    first = ", ".join(f"{value:.5g}" for value in values[:_SHOWN])
    return f"{first}, … {values[-1]:.5g}" if len(values) > _SHOWN else first
