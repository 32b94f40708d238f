"""Charts of series, with Pillow: the history, a forecast, its bands, axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

__all__ = ["Panel", "draw_panels", "ticks"]

_SCALE = 2  # drawn twice as large and made smaller, which smooths lines
_MOST_PANELS = 8
_INK, _FAINT = (40, 40, 40), (225, 225, 225)
_FORECAST = (213, 94, 0)  # orange and blue of Okabe and Ito, "Color Universal Design", 2008
_HISTORY = (0, 114, 178)
_SPACE = 90  # pixels that a label below the chart takes


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One chart.

    Attributes:
        title: above it.
        history: numbers before the forecast, NaN where missing.
        forecast: numbers of the steps to come.
        bands: lower and upper numbers for each of those steps, the widest band first.
        labels: what stands below each number, history and forecast together.
        legend: what the widest band is.
    """

    title: str
    history: Sequence[float]
    forecast: Sequence[float]
    bands: Sequence[tuple[Sequence[float], Sequence[float]]]
    labels: Sequence[str]
    legend: str = ""


def draw_panels(panels: Sequence[Panel], *, size: tuple[int, int]) -> Image:
    """Panels below each other, eight at most, each of a size in pixels."""
    from PIL import Image as Pillow

    width, height = size
    shown = panels[:_MOST_PANELS]
    made = Pillow.new("RGB", (width, height * len(shown)), "white")
    for row, panel in enumerate(shown):
        made.paste(_drawn(panel, width, height), (0, row * height))
    return made


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """About `count` round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / max(count, 1)
    if not (math.isfinite(raw) and raw > 0):
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _drawn(panel: Panel, width: int, height: int) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    font = ImageFont.load_default(13 * _SCALE)
    large = Pillow.new("RGB", (width * _SCALE, height * _SCALE), "white")
    pen = ImageDraw.Draw(large)
    plane = _Plane(panel, (width * _SCALE, height * _SCALE), pen, font)
    plane.axes()
    plane.bands()
    plane.lines()
    plane.words()
    return large.resize((width, height), Pillow.Resampling.LANCZOS)


class _Plane:
    """One panel being drawn: where its numbers lie on the paper."""

    def __init__(self, panel: Panel, size: tuple[int, int], pen: ImageDraw, font: FreeTypeFont | ImageFont) -> None:
        self._panel = panel
        self._pen = pen
        self._font = font
        self._width = size[0]
        self._count = len(panel.history) + len(panel.forecast)
        self._low, self._high = _extent(panel)
        self._ticks = ticks(self._low, self._high)
        self._written = _written(self._ticks)
        widest = max(pen.textlength(word, font=font) for word in self._written)
        self._left, self._right = widest + 14 * _SCALE, size[0] - 16 * _SCALE
        self._top, self._bottom = 30 * _SCALE, size[1] - 28 * _SCALE

    def _x(self, step: float) -> float:
        return self._left + (self._right - self._left) * (step + 0.5) / max(self._count, 1)

    def _y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._bottom - (self._bottom - self._top) * share

    def axes(self) -> None:
        """Lines at round numbers, and as many labels below as have room."""
        for value, word in zip(self._ticks, self._written, strict=True):
            y = self._y(value)
            self._pen.line((self._left, y, self._right, y), fill=_FAINT, width=_SCALE)
            self._pen.text((self._left - 6 * _SCALE, y), word, fill=_INK, font=self._font, anchor="rm")
        self._pen.line((self._left, self._bottom, self._right, self._bottom), fill=_INK, width=_SCALE)
        longest = max((len(label) for label in self._panel.labels), default=1)
        space = max(_SPACE, longest * 9) * _SCALE
        each = max(1, math.ceil(self._count * space / max(self._right - self._left, 1)))
        for step in range(each // 2, self._count, each):
            x, label = self._x(step), self._panel.labels[step]
            self._pen.line((x, self._bottom, x, self._bottom + 4 * _SCALE), fill=_INK, width=_SCALE)
            half = self._pen.textlength(label, font=self._font) / 2
            inside = min(max(x, half), self._width - half)
            self._pen.text((inside, self._bottom + 7 * _SCALE), label, fill=_INK, font=self._font, anchor="ma")

    def bands(self) -> None:
        """The quantiles as areas, the inner ones darker."""
        first, count = len(self._panel.history), len(self._panel.bands)
        for number, (low, high) in enumerate(self._panel.bands):
            there = [(self._x(first + at), self._y(value)) for at, value in enumerate(high)]
            back = [(self._x(first + at), self._y(value)) for at, value in enumerate(low)]
            shade = _shade(number, count)
            if len(there) > 1:
                self._pen.polygon([*there, *reversed(back)], fill=shade)
            elif there:
                self._pen.line([*there, *back], fill=shade, width=8 * _SCALE)

    def lines(self) -> None:
        """What was observed, and what is forecast; one line goes over into the other."""
        history, forecast = self._panel.history, self._panel.forecast
        start = len(history)
        joined = [(start - 1, history[-1])] if start and math.isfinite(history[-1]) else []
        self._line(list(enumerate(history)), _HISTORY)
        self._line([*joined, *enumerate(forecast, start)], _FORECAST)

    def _line(self, points: Sequence[tuple[int, float]], colour: tuple[int, int, int]) -> None:
        """A line through the points; it is broken where one is missing."""
        run: list[tuple[float, float]] = []
        for step, value in [*points, (0, math.nan)]:
            if math.isfinite(value):
                run.append((self._x(step), self._y(value)))
                continue
            if len(run) > 1:
                self._pen.line(run, fill=colour, width=2 * _SCALE, joint="curve")
            elif run:
                x, y = run[0]
                self._pen.ellipse((x - 2 * _SCALE, y - 2 * _SCALE, x + 2 * _SCALE, y + 2 * _SCALE), fill=colour)
            run = []

    def words(self) -> None:
        """The title, and what the colours mean."""
        x, y = self._left, self._top - 18 * _SCALE
        if self._panel.title:
            self._pen.text((x, y), self._panel.title, fill=_INK, font=self._font, anchor="lm")
            x += self._pen.textlength(self._panel.title, font=self._font) + 24 * _SCALE
        keys = [("observed", _HISTORY)] if self._panel.history else []
        keys += [("forecast", _FORECAST)]
        keys += [(self._panel.legend, _shade(0, len(self._panel.bands)))] if self._panel.legend else []
        for word, colour in keys:
            self._pen.rectangle((x, y - 4 * _SCALE, x + 16 * _SCALE, y + 4 * _SCALE), fill=colour)
            x += 22 * _SCALE
            self._pen.text((x, y), word, fill=_INK, font=self._font, anchor="lm")
            x += self._pen.textlength(word, font=self._font) + 20 * _SCALE


def _extent(panel: Panel) -> tuple[float, float]:
    """The smallest and the largest number, with some room."""
    every = [*panel.history, *panel.forecast, *(value for band in panel.bands for side in band for value in side)]
    known = [value for value in every if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    room = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    return low - room, high + room


def _written(values: Sequence[float]) -> list[str]:
    """Numbers as texts that differ."""
    for digits in range(4, 16):
        words = [f"{0.0 if abs(value) < 1e-300 else value:.{digits}g}" for value in values]
        if len(set(words)) == len(words):
            break
    return words


def _shade(number: int, count: int) -> tuple[int, int, int]:
    """The forecast's colour, pale outside and stronger inside."""
    share = 0.18 + 0.42 * number / max(count, 1)
    red, green, blue = (round(255 - (255 - part) * share) for part in _FORECAST)
    return red, green, blue
