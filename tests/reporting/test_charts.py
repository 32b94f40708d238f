from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from zoo.reporting import charts
from zoo.reporting.svg import ticks


def parts(chart: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(chart).iter(tag))


def places(chart: str) -> list[tuple[float, float]]:
    (line,) = parts(chart, "polyline")
    return [tuple(map(float, pair.split(","))) for pair in line.get("points", "").split()]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 97, [0, 20, 40, 60, 80]),
        (-3, 3, [-2, 0, 2]),
        (1e-5, 5e-5, [1e-5, 2e-5, 3e-5, 4e-5, 5e-5]),
        (0.7, 0.7, [0.7]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]):
    assert ticks(low, high) == pytest.approx(expected)


def test_a_line_goes_where_its_points_are():
    chart = charts.lines({"loss": [(0, 0.0), (10, 1.0), (5, 0.5)]}, alt="a", x_label="step", y_label="loss")
    (x0, y0), (x1, y1), (x2, y2) = places(chart)
    assert x0 < x1 < x2 and y0 > y1 > y2  # sorted by step, and up is up
    assert x1 - x0 == pytest.approx(x2 - x1) and y0 - y1 == pytest.approx(y1 - y2)
    assert [e.text for e in parts(chart, "title")][:2] == ["a", "loss: 0 at 0"]


def test_values_over_powers_of_ten_are_drawn_by_their_logarithm():
    chart = charts.lines({"x": [(0, 1.0), (1, 10.0), (2, 100.0)]}, alt="a", x_label="", y_label="")
    (_, y0), (_, y1), (_, y2) = places(chart)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)


def test_what_is_not_finite_is_left_out():
    points = [(0, 1.0), (1, math.nan), (2, math.inf), (3, 2.0)]
    assert len(places(charts.lines({"x": points}, alt="a", x_label="", y_label=""))) == 2
    for empty in ({}, {"x": []}, {"x": [(0, math.nan)]}):
        assert parts(charts.lines(empty, alt="a", x_label="", y_label=""), "polyline") == []


def test_the_best_checkpoint_is_marked_where_it_is():
    two = {"a": [(0, 1.0), (10, 2.0)], "b": [(5, 1.0)]}
    chart = charts.lines(two, alt="a", x_label="", y_label="", best=5)
    (rule,) = [line for line in parts(chart, "line") if line.get("stroke-dasharray")]
    left, right = (
        x for x, _ in [tuple(map(float, p.split(","))) for p in parts(chart, "polyline")[0].get("points").split()]
    )
    assert float(rule.get("x1")) == pytest.approx((left + right) / 2, abs=0.1)
    assert {"a", "b"} <= {text.text for text in parts(chart, "text")}
    beyond = charts.lines(two, alt="a", x_label="", y_label="", best=50)
    assert not [line for line in parts(beyond, "line") if line.get("stroke-dasharray")]


def test_long_curves_are_thinned_and_keep_their_end():
    points = [(step, float(step)) for step in range(100_001)]
    drawn = places(charts.lines({"x": points}, alt="a", x_label="", y_label=""))
    assert 200 < len(drawn) <= 402
    assert drawn[-1] == (444.0, pytest.approx(22.5, abs=9))


def test_shades_are_shares_of_the_true_class():
    chart = charts.heatmap([[9, 1], [0, 0]], ["a", "b"], alt="a")
    cells = [(e.get("fill-opacity"), e.find("title").text) for e in parts(chart, "rect")]
    assert cells[0] == ("0.85", "true a, predicted a: 9 of 10 (90%)")
    assert cells[1] == ("0.13", "true a, predicted b: 1 of 10 (10%)")
    assert cells[2] == ("0.04", "true b, predicted a: 0 of 0 (0%)")


def test_a_calibrated_model_lies_on_the_line():
    bins = [{"n": 10, "confidence": c, "accuracy": c} for c in (0.1, 0.5, 0.9)] + [{"n": 0}]
    chart = charts.calibration(bins, alt="a")
    (rule,) = [line for line in parts(chart, "line") if line.get("stroke-dasharray")]
    x1, y1, x2, y2 = (float(rule.get(name)) for name in ("x1", "y1", "x2", "y2"))
    for x, y in places(chart):
        assert (y - y1) / (y2 - y1) == pytest.approx((x - x1) / (x2 - x1), abs=0.01)
    assert len(places(chart)) == 3


def test_bars_are_as_high_as_their_counts():
    bars = parts(charts.histogram([(0.0, 0.5, 10), (0.5, 1.0, 20)], alt="a", x_label="x"), "rect")
    heights = [float(bar.get("height")) for bar in bars]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.1)
    assert parts(charts.histogram([], alt="a", x_label="x"), "rect") == []


def test_dots_and_intervals():
    dots = parts(
        charts.scatter([(0.0, 0.0), (1.0, math.nan), (2.0, 4.0)], alt="a", x_label="true", y_label="p"), "circle"
    )
    assert [dot.find("title").text for dot in dots] == ["true 0, p 0", "true 2, p 4"]
    assert parts(charts.scatter([], alt="a", x_label="", y_label=""), "circle") == []
    bar = charts.interval(0.8, 0.7, 0.9)
    assert parts(bar, "title")[0].text == "0.8 (0.7 to 0.9)"
    assert parts(charts.interval(0.8, None, None), "rect") == []


def test_labels_of_strangers_are_texts():
    evil = "<b>\"'&\x00\ud800"
    chart = charts.heatmap([[1, 0], [0, 1]], [evil, "b" * 50], alt=evil)
    root = ElementTree.fromstring(chart)
    assert root[0].text == "<b>\"'&\ufffd\ufffd"
    assert "b" * 17 + "…" in [text.text for text in root.iter("text")]
