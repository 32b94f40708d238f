"""Charts as SVG texts: pure functions, the same for the same numbers, readable on light and on dark paper."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from zoo.reporting.svg import Plane, clean, element, picture, short, text

__all__ = ["calibration", "heatmap", "histogram", "interval", "lines", "precision_recall", "scatter"]

# Told apart by people who see colours differently, too (Okabe and Ito, "Color Universal Design", 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MOST_POINTS = 400
_MOST_MARKS = 60
_MOST_DOTS = 2_000

Point = tuple[float, float]


def lines(
    series: Mapping[str, Sequence[Point]],
    *,
    alt: str,
    x_label: str,
    y_label: str,
    span: tuple[float, float] | None = None,
    best: float | None = None,
) -> str:
    """Lines over one x axis.

    Args:
        series: points by name; those that are not finite are left out.
        alt: the alternative text.
        x_label, y_label: what the axes are.
        span: the smallest and the largest x, where other charts have the same axis.
        best: an x that is marked, as that of the best checkpoint.
    """
    kept = {name: _thinned([p for p in points if all(map(math.isfinite, p))]) for name, points in series.items()}
    kept = {name: points for name, points in kept.items() if points}
    xs = [x for points in kept.values() for x, _ in points] or [0.0]
    ys = [y for points in kept.values() for _, y in points] or [0.0]
    # A learning rate or a loss that falls over powers of ten shows nothing on an even scale.
    logarithmic = min(ys) > 0 and max(ys) / min(ys) > 50
    extent = span or (min(xs), max(xs))
    plane = Plane(x=extent, y=(min(ys), max(ys)) if logarithmic else _wide(ys), logarithmic=logarithmic)
    parts = plane.axes(x_label, y_label)
    if best is not None and extent[0] <= best <= extent[1]:
        x = plane.across(best)
        parts.append(_rule(x, plane.top, x, plane.height - plane.bottom, "best checkpoint"))
        parts.append(text("best", min(x, plane.width - 40) + 4, plane.top + 9, anchor="start", size=10))
    for (name, points), colour in zip(kept.items(), _colours(len(kept)), strict=True):
        parts += _drawn(plane, name, points, colour)
    return picture(plane.width, plane.height, alt, [*parts, *_legend(list(kept), plane)])


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Points in order, not more than can be told apart; the last one stays."""
    ordered = sorted(points)
    step = math.ceil(len(ordered) / _MOST_POINTS)
    return [*ordered[: -1 : step or 1], ordered[-1]] if ordered else []


def _wide(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return low - room, high + room


def _colours(count: int) -> list[str]:
    return [COLOURS[index % len(COLOURS)] for index in range(count)]


def _drawn(plane: Plane, name: str, points: Sequence[Point], colour: str) -> list[str]:
    places = [(plane.across(x), plane.down(y)) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [element("polyline", points=path, fill="none", stroke=colour, stroke_width=2, stroke_linejoin="round")]
    if len(points) <= _MOST_MARKS:
        for (x, y), (a, b) in zip(places, points, strict=True):
            title = _title(f"{name}: {short(b)} at {short(a)}")
            parts.append(element("circle", title, cx=x, cy=y, r=2.5, fill=colour))
    return parts


def _legend(names: Sequence[str], plane: Plane) -> list[str]:
    parts, x = [], plane.width - plane.right
    if len(names) > 1:
        for name, colour in reversed(list(zip(names, _colours(len(names)), strict=True))):
            x -= 6.5 * len(name) + 24
            parts.append(element("rect", x=x, y=plane.top - 10, width=10, height=3, fill=colour))
            parts.append(text(name, x + 14, plane.top - 5, anchor="start", size=10))
    return parts


def _title(words: str) -> str:
    return element("title", html.escape(clean(words)))


def _rule(x1: float, y1: float, x2: float, y2: float, words: str) -> str:
    return element(
        "line", _title(words), x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor", stroke_opacity=0.7,
        stroke_dasharray="4 3",
    )  # fmt: skip


def heatmap(matrix: Sequence[Sequence[int]], labels: Sequence[str], *, alt: str) -> str:
    """A confusion matrix: rows are the true classes, columns the predicted ones; shades are shares of the row."""
    count = len(labels)
    side = max(16.0, min(56.0, 480 / max(count, 1)))
    names = [clean(label) if len(label) <= 18 else f"{clean(label[:17])}…" for label in labels]
    edge = 16 + 6.4 * max(map(len, names), default=0)
    parts = [text("predicted", edge + count * side / 2, 12, class_="label")]
    for index, name in enumerate(names):
        x, y = edge + (index + 0.5) * side, 20 + edge + (index + 0.5) * side
        turned = f"rotate(-60 {x:.1f} {edge + 14:.1f})"
        parts.append(text(name, x, edge + 14, anchor="start", transform=turned))
        parts.append(text(name, edge - 6, y + 4, anchor="end"))
    for i, row in enumerate(matrix):
        total = sum(row)
        for j, value in enumerate(row):
            parts += _cell(value, total, (edge + j * side, 20 + edge + i * side, side), (labels[i], labels[j]))
    extent = edge + count * side
    parts.append(text("true", 10, 20 + edge - 6, anchor="start", class_="label"))
    return picture(extent + 40, extent + 28, alt, parts)


def _cell(value: int, total: int, place: tuple[float, float, float], labels: tuple[str, str]) -> list[str]:
    x, y, side = place
    share = value / total if total else 0.0
    words = f"true {labels[0]}, predicted {labels[1]}: {value} of {total} ({share:.0%})"
    colour = COLOURS[0] if labels[0] == labels[1] else COLOURS[1]
    parts = [
        element(
            "rect", _title(words), x=x, y=y, width=side - 1, height=side - 1, fill=colour,
            fill_opacity=round(0.04 + 0.9 * share, 3), class_="cell",
        )
    ]  # fmt: skip
    if value and side >= 20:
        ink = "#ffffff" if share > 0.5 else "currentColor"
        size = 11 if side >= 26 else 9
        parts.append(element("text", str(value), x=x + side / 2, y=y + side / 2 + 4, text_anchor="middle",
                             font_size=size, fill=ink, pointer_events="none"))  # fmt: skip
    return parts


def calibration(bins: Sequence[Mapping[str, Any]], *, alt: str) -> str:
    """How often a predicted probability comes true; on the dashed line they agree. Areas of dots are counts."""
    plane = Plane(x=(0.0, 1.0), y=(0.0, 1.0), width=340, height=320)
    parts = plane.axes("predicted probability", "share that was right")
    parts.append(_rule(plane.across(0), plane.down(0), plane.across(1), plane.down(1), "perfectly calibrated"))
    shown = [one for one in bins if one.get("n") and _finite(one.get("confidence")) and _finite(one.get("accuracy"))]
    most = max((one["n"] for one in shown), default=1)
    places = [(plane.across(one["confidence"]), plane.down(one["accuracy"])) for one in shown]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(element("polyline", points=path, fill="none", stroke=COLOURS[0], stroke_width=2))
    for one, (x, y) in zip(shown, places, strict=True):
        words = f"predicted {one['confidence']:.2f}, right {one['accuracy']:.2f}, n = {one['n']}"
        radius = 3 + 7 * math.sqrt(one["n"] / most)
        parts.append(element("circle", _title(words), cx=x, cy=y, r=radius, fill=COLOURS[0], fill_opacity=0.55))
    return picture(plane.width, plane.height, alt, parts)


def precision_recall(series: Mapping[str, Sequence[Point]], *, alt: str) -> str:
    """Precision by recall, both from 0 to 1, of each name's points `(recall, precision)`."""
    plane = Plane(x=(0.0, 1.0), y=(0.0, 1.0), width=420, height=340, top=24)
    parts = plane.axes("recall: share of the true boxes that are found", "precision: share of the found that is right")
    for (name, points), colour in zip(series.items(), _colours(len(series)), strict=True):
        parts += _drawn(plane, name, points, colour)
    return picture(plane.width, plane.height, alt, [*parts, *_legend(list(series), plane)])


def histogram(bins: Sequence[tuple[float, float, int]], *, alt: str, x_label: str) -> str:
    """Counts of `(low, high, n)` as bars; the axis holds 0 and 1."""
    edges = [edge for low, high, _ in bins for edge in (low, high)]
    most = max((n for _, _, n in bins), default=0) or 1
    plane = Plane(x=(min([0.0, *edges]), max([1.0, *edges])), y=(0.0, most * 1.05), width=340, height=320)
    parts = plane.axes(x_label, "examples")
    floor = plane.down(0)
    for low, high, n in bins:
        x, y = plane.across(low), plane.down(n)
        width = max(plane.across(high) - x - 1.5, 0.5)
        words = f"{short(low)} to {short(high)}: {n}"
        parts.append(element("rect", _title(words), x=x, y=y, width=width, height=floor - y, fill=COLOURS[0]))
    return picture(plane.width, plane.height, alt, parts)


def scatter(points: Sequence[Point], *, alt: str, x_label: str, y_label: str) -> str:
    """Dots, with the dashed line on which both are equal."""
    kept = [point for point in points if all(map(math.isfinite, point))]
    step = math.ceil(len(kept) / _MOST_DOTS) or 1
    shown = kept[::step]
    both = [value for point in shown for value in point] or [0.0]
    low, high = _wide(both)
    plane = Plane(x=(low, high), y=(low, high), width=420, height=400)
    parts = plane.axes(x_label, y_label)
    parts.append(_rule(plane.across(low), plane.down(low), plane.across(high), plane.down(high), "equal"))
    for x, y in shown:
        words = _title(f"{x_label} {short(x)}, {y_label} {short(y)}")
        parts.append(
            element("circle", words, cx=plane.across(x), cy=plane.down(y), r=3, fill=COLOURS[0], fill_opacity=0.5)
        )
    return picture(plane.width, plane.height, alt, parts)


def interval(value: float, low: float | None, high: float | None, *, least: float = 0.0, most: float = 1.0) -> str:
    """A small bar with a dot for a value, and a line for its interval."""
    width, height = 120.0, 14.0

    def across(number: float) -> float:
        share = 0.5 if most == least else (number - least) / (most - least)
        return 4 + min(1.0, max(0.0, share)) * (width - 8)

    words = short(value) if low is None or high is None else f"{short(value)} ({short(low)} to {short(high)})"
    parts = [element("line", x1=4, y1=7, x2=width - 4, y2=7, stroke="currentColor", stroke_opacity=0.2)]
    if low is not None and high is not None:
        length = max(across(high) - across(low), 1.0)
        parts.append(
            element("rect", x=across(low), y=3.5, width=length, height=7, rx=2, fill=COLOURS[0], fill_opacity=0.4)
        )
    parts.append(element("circle", cx=across(value), cy=7, r=3, fill=COLOURS[0]))
    return picture(width, height, words, parts)


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
