"""The times of a series: read from text, checked to rise, and gone on with where they are evenly spaced."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

__all__ = ["following", "is_time", "not_rising"]

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMPACT = re.compile(r"\d{8}", re.ASCII)
_EVEN = 1e-6  # by so much of a step, numbers may miss their place


def is_time(text: str) -> bool:
    """Whether a text is a date or time: ISO 8601, also with slashes, without a day, or without any mark."""
    return _date(text) is not None and not (_NUMBER.fullmatch(text) and not _COMPACT.fullmatch(text))


def not_rising(index: Sequence[str]) -> int | None:
    """The place of the first time that is not after the one before it; None where all are, or where none is read."""
    if dates := _dates(index):
        return next((at for at, (a, b) in enumerate(pairwise(dates), 1) if a >= b), None)
    return next((at for at, (a, b) in enumerate(pairwise(_numbers(index)), 1) if a >= b), None)


def following(index: Sequence[str], count: int) -> tuple[str, ...] | None:
    """The next `count` times of an evenly spaced index, in its own form; None where it is not so.

    Steps are equal numbers, equal spans of time, or whole months (also from month's end to month's end).
    """
    if len(index) < 2 or len({len(text) for text in index[-2:]}) > 2:
        return None
    if dates := _dates(index):
        return _next_dates(dates, index[-1], count)
    if numbers := _numbers(index):
        return _next_numbers(numbers, index, count)
    return None


def _date(text: str) -> datetime | None:
    """A date or time; a month is its first day."""
    plain = text.strip().replace("/", "-")
    if _MONTH.fullmatch(plain):
        plain += "-01"
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        return None


def _dates(index: Sequence[str]) -> list[datetime]:
    """All of them, or none."""
    made: list[datetime] = []
    for text in index:
        when = _date(text) if is_time(text) else None
        if when is None or (made and (when.tzinfo is None) != (made[0].tzinfo is None)):
            return []
        made.append(when)
    return made


def _numbers(index: Sequence[str]) -> list[float]:
    return [float(text) for text in index] if all(_NUMBER.fullmatch(text.strip()) for text in index) else []


def _next_numbers(numbers: Sequence[float], index: Sequence[str], count: int) -> tuple[str, ...] | None:
    step = (numbers[-1] - numbers[0]) / (len(numbers) - 1)
    if step <= 0 or any(abs(b - a - step) > _EVEN * step for a, b in pairwise(numbers)):
        return None
    whole = all(re.fullmatch(r"[+-]?\d+", text.strip()) for text in index)
    made = (numbers[-1] + step * number for number in range(1, count + 1))
    return tuple(str(round(value)) if whole else f"{value:.10g}" for value in made)


def _next_dates(dates: Sequence[datetime], last: str, count: int) -> tuple[str, ...] | None:
    step = _by_months(dates) or _by_spans(dates)
    if step is None:
        return None
    try:
        return tuple(_written(step(number), last.strip()) for number in range(1, count + 1))
    except (OverflowError, ValueError):  # after the year 9999
        return None


def _by_spans(dates: Sequence[datetime]) -> Callable[[int], datetime] | None:
    span = dates[1] - dates[0]
    if span <= timedelta(0) or any(b - a != span for a, b in pairwise(dates)):
        return None
    return lambda number: dates[-1] + span * number


def _by_months(dates: Sequence[datetime]) -> Callable[[int], datetime] | None:
    """Steps of whole months, where all dates are of one day of the month, or all of its last day."""
    ends = all(when.day == _days(when.year, when.month) for when in dates)
    if not ends and len({when.day for when in dates}) > 1:
        return None
    if len({(when.timetz(), when.utcoffset()) for when in dates}) > 1:
        return None
    months = [when.year * 12 + when.month - 1 for when in dates]
    steps = {b - a for a, b in pairwise(months)}
    if len(steps) != 1 or (step := steps.pop()) <= 0:
        return None

    def at(number: int) -> datetime:
        year, month = divmod(months[-1] + step * number, 12)
        longest = _days(year, month + 1)
        return dates[-1].replace(year=year, month=month + 1, day=longest if ends else min(dates[-1].day, longest))

    return at


def _days(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _written(when: datetime, like: str) -> str:
    """A time in the form of another."""
    if _COMPACT.fullmatch(like):
        return when.strftime("%Y%m%d")
    if len(like) <= 10:
        text = when.date().isoformat()[: len(like)]
    else:
        text = when.isoformat(sep=like[10], timespec="minutes" if len(like) == 16 else "auto")
        text = text.replace("+00:00", "Z") if like.endswith("Z") else text
    return text.replace("-", "/") if "/" in like else text
