"""Points drawn with characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["scatter"]

_WIDTH, _HEIGHT = 60, 12


def scatter(
    points: Sequence[tuple[float, float]], letters: Sequence[str], low: str, high: str, width: int = _WIDTH
) -> list[str]:
    """Lines of a plot: x is logarithmic, y linear; letters that fall on each other show as `+`.

    Args:
        points: `(x, y)` each, x above zero.
        letters: one for each point.
        low, high: how the smallest and the largest x are written.
        width: of the plane in characters.
    """
    xs = [math.log(max(x, 1e-9)) for x, _ in points]
    ys = [y for _, y in points]
    plane = [[" "] * width for _ in range(_HEIGHT)]
    for x, y, letter in zip(xs, ys, letters, strict=True):
        column = _cell(x, min(xs), max(xs), width)
        row = _HEIGHT - 1 - _cell(y, min(ys), max(ys), _HEIGHT)
        plane[row][column] = letter if plane[row][column] == " " else "+"
    labels = [""] * _HEIGHT
    labels[0], labels[-1] = f"{max(ys):.5g}", f"{min(ys):.5g}"
    edge = max(map(len, labels))
    lines = [f"{label:>{edge}} │{''.join(row).rstrip()}" for label, row in zip(labels, plane, strict=True)]
    lines.append(f"{'':>{edge}} └{'─' * width}")
    lines.append(f"{'':>{edge}}  {low}{high:>{max(width - len(low), 0)}}")
    return lines


def _cell(value: float, least: float, most: float, cells: int) -> int:
    return 0 if most == least else round((value - least) / (most - least) * (cells - 1))
