"""The pieces of which charts are drawn: SVG as text, a plane with axes, and round numbers for ticks."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Plane", "clean", "element", "picture", "short", "text", "ticks"]


def clean(value: object) -> str:
    """A text without the characters that XML cannot hold, shown as U+FFFD."""
    return "".join(c if c in "\t\n\r" or (c >= " " and not _is_no_letter(c)) else "\ufffd" for c in str(value))


def _is_no_letter(c: str) -> bool:
    return "\ud800" <= c <= "\udfff" or c in "\ufffe\uffff" or "\x7f" <= c <= "\x9f"


def element(name: str, inner: str = "", **attributes: object) -> str:
    """One element; `inner` is markup already, attributes are escaped, and `_` in their names reads `-`."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{told}>{inner}</{name}>" if inner else f"<{name}{told}/>"


def text(value: object, x: float, y: float, *, anchor: str = "middle", size: int = 11, **further: object) -> str:
    """A text at a place."""
    told = html.escape(clean(value))
    return element("text", told, x=x, y=y, text_anchor=anchor, font_size=size, fill="currentColor", **further)


def picture(width: float, height: float, alt: str, parts: Iterable[str]) -> str:
    """A whole picture with its alternative text."""
    title = element("title", html.escape(clean(alt)))
    inner = title + "".join(parts)
    # No xmlns: inside HTML it goes without saying, and a report must not name a host.
    return element(
        "svg", inner, viewBox=f"0 0 {_value(width)} {_value(height)}", width=width, height=height, role="img",
        aria_label=clean(alt), font_family="system-ui,sans-serif",
    )  # fmt: skip


def short(value: float) -> str:
    """A number with four digits: `0.8125`, `12.5`, `2e-05`."""
    return f"{value:.4g}"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return clean(value)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, about `count` of them, by steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


@dataclass(frozen=True, kw_only=True)
class Plane:
    """A plane with axes.

    Attributes:
        x, y: the smallest and the largest value.
        width, height: of the whole picture.
        left, right, top, bottom: room for what stands around the plane.
        logarithmic: of the y axis.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    width: float = 460
    height: float = 240
    left: float = 56
    right: float = 16
    top: float = 14
    bottom: float = 40
    logarithmic: bool = False

    def across(self, value: float) -> float:
        """Where a value lies from the left."""
        return self.left + _share(value, *self.x) * (self.width - self.left - self.right)

    def down(self, value: float) -> float:
        """Where a value lies from the top."""
        share = _share(math.log(value), *map(math.log, self.y)) if self.logarithmic else _share(value, *self.y)
        return self.top + (1 - share) * (self.height - self.top - self.bottom)

    def axes(self, x_label: str, y_label: str) -> list[str]:
        """Grid lines, ticks and labels."""
        floor, wall = self.height - self.bottom, self.width - self.right
        parts = []
        for value in self._y_ticks():
            y = self.down(value)
            parts.append(_line(self.left, y, wall, y, "grid"))
            parts.append(text(short(value), self.left - 6, y + 4, anchor="end"))
        parts += [text(short(value), self.across(value), floor + 15) for value in ticks(*self.x, count=6)]
        parts.append(_line(self.left, floor, wall, floor, "axis"))
        middle = (self.top + floor) / 2
        parts.append(text(x_label, (self.left + wall) / 2, self.height - 6, class_="label"))
        parts.append(text(y_label, 12, middle, transform=f"rotate(-90 12 {_value(middle)})", class_="label"))
        return parts

    def _y_ticks(self) -> Sequence[float]:
        if not self.logarithmic:
            return ticks(*self.y)
        first, last = math.floor(math.log10(self.y[0])), math.ceil(math.log10(self.y[1]))
        found = [10.0**power for power in range(first, last + 1)]
        return [value for value in found if self.y[0] <= value <= self.y[1]] or list(self.y)


def _share(value: float, low: float, high: float) -> float:
    return 0.5 if high == low else (value - low) / (high - low)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    opacity = 0.15 if kind == "grid" else 0.6
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor", stroke_opacity=opacity)
