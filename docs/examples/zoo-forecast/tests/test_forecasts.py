"""Forecasts are fracast's own, whatever they are batched with, and tables are read as people write them."""

from __future__ import annotations

import numpy as np
import pytest
from fracast import FracastModel
from zoo_forecast.backtest import backtest, mase, seasonal_naive

from zoo.errors import BadData, BadOption


def series() -> list[np.ndarray]:
    """Short, long, with a gap, without a move, far from zero."""
    generator = np.random.default_rng(7)
    steps = np.arange(2_500)
    gap = np.sin(steps[:300] / 5)
    gap[40:60] = np.nan
    return [
        generator.normal(size=9),
        np.sin(steps / 9) + generator.normal(0, 0.1, 2_500),
        gap,
        np.full(30, 7.0),
        1e5 + 300 * np.cos(steps[:200] / 4),
    ]


def test_equal_to_fracast_itself(forecaster) -> None:
    """To 1e-5 of the series' span, and to the 32 bits to which fracast rounds what is given, before it scales it."""
    original = FracastModel.from_pretrained(weights="fp32")
    horizon = 60  # more than a block of 48
    given = [one for one in series() if np.nanstd(one) > 0]
    for one, made in zip(given, forecaster.predict(given, horizon=horizon), strict=True):
        expected = original.forecast(one, horizon=horizon)
        quantiles = np.stack([made.quantiles[level] for level in sorted(made.quantiles)], axis=-1)
        assert quantiles.shape == expected.shape == (horizon, 9)
        span, rounding = np.nanmax(one) - np.nanmin(one), 1e-7 * np.nanmax(np.abs(one))
        assert np.abs(quantiles - expected).max() < 1e-5 * span + rounding
        assert (made.values == made.quantiles[0.5]).all()


def test_alone_as_in_a_batch(forecaster) -> None:
    given = series()
    together = forecaster.predict(given, horizon=12)
    for one, made in zip(given, together, strict=True):
        np.testing.assert_allclose(forecaster.predict(one, horizon=12).values, made.values, rtol=1e-6, atol=1e-9)
    still = together[3]
    assert np.allclose(still.values, 7.0, atol=1e-3)


def test_channels_are_forecast_each_on_its_own(forecaster) -> None:
    both = np.stack([series()[2], series()[2] * 5 + 3], axis=1)
    made = forecaster.predict(both, horizon=12)
    assert made.values.shape == made.quantiles[0.1].shape == (12, 2)
    for at in range(2):
        alone = forecaster.predict(both[:, at], horizon=12)
        np.testing.assert_allclose(made.values[:, at], alone.values, rtol=1e-5, atol=1e-6)
    assert forecaster.predict(both[:, :1], horizon=2).values.shape == (2, 1)


def test_a_table(forecaster, sales) -> None:
    tea = forecaster.predict(sales, column="tea", horizon=3)
    assert tea.index == ("2021-01", "2021-02", "2021-03")
    assert tea.names == ("tea",)
    both = forecaster.predict(sales, column="tea,coffee", horizon=3)
    np.testing.assert_allclose(both.values[:, 0], tea.values, rtol=1e-6)
    assert both.names == ("tea", "coffee")
    assert len(both.history) == len(both.history_index) == 9
    assert tea.draw().size == (960, 420)


def test_context(forecaster) -> None:
    long = series()[1]
    cut = forecaster.predict(long, context=100, horizon=5)
    np.testing.assert_allclose(cut.values, forecaster.predict(long[-100:], horizon=5).values, rtol=1e-6)
    assert not np.allclose(cut.values, forecaster.predict(long, horizon=5).values)


@pytest.mark.parametrize(
    ("given", "options", "error"),
    [
        ([1.0, 2.0, 3.0], {}, "3 observed numbers"),
        ([None] * 30 + [1.0] * 5, {}, "5 observed numbers"),
        ([1e308, -1e308] * 5, {}, "too far apart"),
        ("no-such-file.csv", {}, "no-such-file.csv"),
        ([1.0] * 20, {"horizon": 0}, "horizon=0"),
        ([1.0] * 20, {"horizon": 5_000}, "horizon=5000 is too long"),
        ([1.0] * 20, {"context": 4}, "context=4"),
    ],
)
def test_errors(forecaster, given, options, error: str) -> None:
    with pytest.raises(BadOption if "=" in error else BadData, match=error):
        forecaster.predict(given, **options)


def test_several_columns_need_a_name(forecaster, sales) -> None:
    with pytest.raises(BadData, match="several columns of numbers: tea, coffee"):
        forecaster.predict(sales)


def test_the_measure() -> None:
    past = np.array([1.0, 2, 3, np.nan, 3, 4])
    assert seasonal_naive(past, 3, 4).tolist() == [1.0, 3.0, 4.0, 1.0]  # the first of the last season is missing
    assert mase(np.array([2.0, 2.0]), np.array([1.0, 4.0]), past, 3) == 1.5 / 1.0


def test_a_season_is_learnt_where_there_is_one(forecaster) -> None:
    """In much noise, the model is better than repeating the last season with that season's noise."""
    steps = np.arange(1_200)
    noisy = 10 * np.sin(2 * np.pi * steps / 24) + np.random.default_rng(3).normal(0, 3, 1_200)
    found = backtest(forecaster, noisy, season=24, horizon=24, windows=5)
    assert found.windows == 5
    assert found.mase < 0.9 * found.naive
    assert 0.4 < found.covered < 1
    assert "5 windows" in str(found)
    with pytest.raises(BadData, match="too short"):
        backtest(forecaster, steps[:50].astype(float), season=12, horizon=12)
