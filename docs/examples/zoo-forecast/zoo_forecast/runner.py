"""The runner of forecasting with Fracast-0: what `fracast.FracastModel.forecast` does, in steps that can be batched."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zoo.data import Series, read_series
from zoo.errors import BadData, BadOption
from zoo.plugin import Checkpoint, Runner, option
from zoo.tasks import Forecast

__all__ = ["Forecaster", "ForecasterOptions", "Window"]

LEAST = 8  # observed numbers; fracast refuses fewer
_SMALLEST_SPAN = 1e-5  # as fracast scales a series that does not move
_DRAWN = 3  # a chart shows so many times the forecast's length of what came before


@dataclass(frozen=True, kw_only=True)
class ForecasterOptions:
    """Options of `Forecaster`."""

    horizon: int = option(48, "how many steps to forecast; 48 are made at once, more from the forecast's own median")
    context: int | None = option(None, "look at so many of the last steps only; 2048 at most, which is meant by itself")
    column: str | None = option(None, "the table's column to forecast, or several with commas between")

    def __post_init__(self) -> None:
        if self.horizon < 1:
            raise BadOption(f"horizon={self.horizon} makes no sense", "Give 1 or more.")
        if self.context is not None and self.context < LEAST:
            raise BadOption(f"context={self.context} is too short", f"Give {LEAST} or more.")


@dataclass(frozen=True, kw_only=True)
class Window:
    """The end of one channel, scaled to be from 0 to 1, at the end of an array of the model's length.

    Attributes:
        values: (context,), 0 where nothing was observed.
        observed: (context,), 1 where a number was, else 0.
        low, span: the number `x` was `low + span * value`.
        series: what it is from, cut to the steps that are looked at.
        channel: which channel of it.
        index: the times of the steps to come, where the series has even ones.
    """

    values: npt.NDArray[np.float32]
    observed: npt.NDArray[np.float32]
    low: float
    span: float
    series: Series
    channel: int
    index: tuple[str, ...] | None


class Forecaster(Runner):
    """Forecasts each channel of a series on its own, from its last 2048 steps.

    Missing numbers are masked, as in fracast; eight observed ones must be left. More steps than the model gives at once
    are forecast block by block: each time the median is taken as if it had been observed.
    """

    Options = ForecasterOptions
    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        config = checkpoint.card.config["model"]
        self._context = int(config["W"])
        self._levels = tuple(float(level) for level in config["quantiles"])
        self._median = min(range(len(self._levels)), key=lambda at: abs(self._levels[at] - 0.5))

    def prepare(self, value: Any, options: ForecasterOptions) -> Sequence[Window]:
        """One window for each channel; `value` as `zoo.data.read_series` takes it.

        Raises:
            BadData: no series, or too short.
            BadOption: a horizon or a context longer than the model's context.
        """
        for name in ("horizon", "context"):
            if (getattr(options, name) or 0) > self._context:
                raise BadOption(f"{name}={getattr(options, name)} is too long", f"Give {self._context} or less.")
        series = _end_of(read_series(value, column=options.column), options.context or self._context)
        index = series.next_index(options.horizon)
        return [self._window(series, channel, index) for channel in range(len(series.channels))]

    def _window(self, series: Series, channel: int, index: tuple[str, ...] | None) -> Window:
        given = series.channels[channel]
        known = np.isfinite(given)
        if (count := int(known.sum())) < LEAST:
            name = f"{series.names[channel]!r}" if channel < len(series.names) else "the series"
            raise BadData(
                f"{name} has {count} observed number{'s' * (count != 1)} in its last {len(series)} steps",
                f"The model needs {LEAST} at least.",
            )
        low = float(given[known].min())
        span = max(float(given[known].max()) - low, _SMALLEST_SPAN)
        if not math.isfinite(span):
            raise BadData("the numbers of the series lie too far apart", "Scale them.")
        values, observed = np.zeros((2, self._context), dtype=np.float32)
        values[-len(given) :] = np.where(known, (given - low) / span, 0)
        observed[-len(given) :] = known
        return Window(values=values, observed=observed, low=low, span=span, series=series, channel=channel, index=index)

    def collate(self, examples: Sequence[Window]) -> dict[str, Tensor]:
        """`values` and `observed` (batch, context), and `least` (batch, 1), the smallest span to scale by."""
        return {
            "values": torch.from_numpy(np.stack([window.values for window in examples])),
            "observed": torch.from_numpy(np.stack([window.observed for window in examples])),
            "least": torch.tensor([[_SMALLEST_SPAN / window.span] for window in examples], dtype=torch.float32),
        }

    def forward(self, module: Any, batch: Mapping[str, Tensor], options: ForecasterOptions) -> Tensor:
        """Quantiles (batch, horizon, levels), in the windows' scale; each block of steps is scaled anew."""
        values, observed = batch["values"], batch["observed"]
        blocks: list[Tensor] = []
        made = 0
        while made < options.horizon:
            low, span = _scale(values, observed, batch["least"])
            block = module((values - low) / span * observed, observed) * span[..., None] + low[..., None]
            median = block[..., self._median]
            values = torch.cat([values, median], dim=1)[:, -self._context :]
            observed = torch.cat([observed, torch.ones_like(median)], dim=1)[:, -self._context :]
            blocks.append(block)
            made += block.shape[1]
        return torch.cat(blocks, dim=1)[:, : options.horizon]

    def finish(self, outputs: Tensor, examples: Sequence[Window], options: ForecasterOptions) -> Sequence[Forecast]:
        """One forecast for each window, in the numbers' own scale."""
        made = outputs.float().cpu().numpy().astype(np.float64)
        return [self._forecast(one, window) for one, window in zip(made, examples, strict=True)]

    def _forecast(self, scaled: npt.NDArray[np.float64], window: Window) -> Forecast:
        series, at = window.series, window.channel
        drawn = min(len(series), _DRAWN * len(scaled))
        shape = (-1, 1) if series.values.ndim > 1 else (-1,)
        levels = (window.low + window.span * scaled).T
        return Forecast(
            values=levels[self._median].reshape(shape),
            quantiles={level: levels[place].reshape(shape) for place, level in enumerate(self._levels)},
            index=window.index,
            names=series.names[at : at + 1],
            history=series.channels[at, -drawn:].reshape(shape),
            history_index=series.index[-drawn:] if series.index else None,
        )

    def merge(self, results: Sequence[Forecast], options: ForecasterOptions) -> Forecast:
        """The channels of a series side by side."""
        first = results[0]
        if len(results) == 1:
            return first

        def joined(parts: Sequence[Any]) -> npt.NDArray[np.float64]:
            return np.concatenate(parts, axis=1)

        return Forecast(
            values=joined([one.values for one in results]),
            quantiles={level: joined([one.quantiles[level] for one in results]) for level in self._levels},
            index=first.index,
            names=tuple(name for one in results for name in one.names),
            history=joined([one.history for one in results]),
            history_index=first.history_index,
        )


def _end_of(series: Series, steps: int) -> Series:
    """The last steps of a series."""
    index = series.index[-steps:] if series.index else None
    return Series(values=series.values[-steps:], index=index, names=series.names)


def _scale(values: Tensor, observed: Tensor, least: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest observed number of each window and how far the highest is from it, (batch, 1) each."""
    low = values.masked_fill(observed == 0, math.inf).amin(dim=1, keepdim=True)
    high = values.masked_fill(observed == 0, -math.inf).amax(dim=1, keepdim=True)
    return low, torch.maximum(high - low, least)
