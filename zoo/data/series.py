"""Reading a time series: from a table (CSV, JSON, Parquet), its content, a list, an array, or pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.series_times import following, is_time, not_rising
from zoo.errors import BadData

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from zoo.data.series_tables import Table

__all__ = ["SERIES_SUFFIXES", "Series", "is_numbers", "read_series"]

SERIES_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet")

# A column of one of these names holds the times, though they be numbers such as years.
_TIMES = frozenset(
    ["date", "datetime", "day", "ds", "hour", "index", "month", "period", "quarter", "step", "t", "time", "timestamp"]
) | {"week", "year", "", "unnamed: 0"}


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers in the order of time.

    Attributes:
        values: float64, an array (steps,), or (steps, channels) of several series together; NaN where one is missing.
        index: the time of each step, as it was written; None where there was none.
        names: of the channels, where there were names.
    """

    values: npt.NDArray[np.float64]
    index: tuple[str, ...] | None = None
    names: tuple[str, ...] = ()

    @property
    def channels(self) -> npt.NDArray[np.float64]:
        """The numbers as (channels, steps)."""
        values = self.values
        return values[None] if values.ndim == 1 else values.T

    def next_index(self, count: int) -> tuple[str, ...] | None:
        """The times of the next steps; None where there is no index, or where its steps differ."""
        return following(self.index, count) if self.index else None

    def __len__(self) -> int:
        return len(self.values)


def read_series(value: Any, *, column: str | None = None) -> Series:
    """A series, read from what is given.

    Args:
        value: the path of a `.csv`, `.tsv`, `.txt`, `.json`, `.jsonl` or `.parquet` file, or such a file's content as
            bytes; a list of numbers (None where one is missing); an array (steps,) or (steps, channels); a mapping of
            columns; a series or frame of pandas; a `Series`.
        column: of a table, the column of numbers, or several with commas between; needed only where it has more than
            one. A column of times (dates in ISO 8601, or one of the name `date`, `time`, `year` …) is found by itself.

    Empty cells, `NA`, `NaN` and `null` are missing numbers, and NaN in the result.

    Raises:
        BadData: it cannot be read, is empty, holds what is no number (the line is named), times that do not rise, or
            several columns of which none was named.
    """
    if isinstance(value, Series):
        return value
    if isinstance(value, str | Path | bytes | bytearray | memoryview | Mapping) or hasattr(value, "columns"):
        return _of_table(_table(value), column)
    if hasattr(value, "index") and hasattr(value, "to_numpy"):
        return _checked(_array(value.to_numpy()), _pandas_times(value.index), _named(getattr(value, "name", None)))
    return _checked(_array(value), None, ())


def is_numbers(value: Any) -> bool:
    """Whether a list is one series rather than several inputs: numbers, with None for missing ones, and no more."""
    return isinstance(value, list) and bool(value) and all(one is None or isinstance(one, Real) for one in value)


def _table(value: Any) -> Table:
    from zoo.data import series_tables

    if isinstance(value, Mapping):
        return series_tables.of_mapping(value)
    if hasattr(value, "columns"):
        return series_tables.of_mapping(
            {"index": _pandas_times(value.index) or (), **{str(name): value[name].tolist() for name in value.columns}}
        )
    return series_tables.of_file(value)


def _named(name: Any) -> tuple[str, ...]:
    return (str(name),) if name is not None else ()


def _pandas_times(index: Any) -> tuple[str, ...] | None:
    """The index of pandas as text where it holds times; dates without a time of day are written without one."""
    if type(index).__name__ not in {"DatetimeIndex", "PeriodIndex"}:
        return None
    texts = tuple(map(str, index))
    midnight = all(text.endswith(" 00:00:00") for text in texts)
    return tuple(text[:10] for text in texts) if midnight else texts


def _array(value: Any) -> npt.NDArray[np.float64]:
    import numpy as np

    try:
        made = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadData(f"these are no numbers: {error}", "Give numbers, with None where one is missing.") from error
    if made.ndim not in {1, 2}:
        raise BadData(f"a series has one or two dimensions, not {made.ndim}", "Give (steps,) or (steps, channels).")
    return made


def _of_table(table: Table, column: str | None) -> Series:
    import numpy as np

    times = _times(table)
    chosen = _chosen(table, times, column)
    index = None if times is None or times in chosen else _index(table, times)
    values = [table.numbers(name) for name in chosen]
    named = tuple(name for name in chosen if table.header)
    array = np.array(values[0] if len(values) == 1 else values, dtype=np.float64)
    return _checked(array if len(values) == 1 else array.T, index, named, table)


def _times(table: Table) -> str | None:
    """The column of times: by its name, else the first one of dates."""
    found = next((name for name in table.columns if _is_called_time(table, name)), None)
    if found is not None and len(table.columns) > 1:
        return found
    dated = (name for name in table.columns if (first := table.first(name)) is not None and is_time(first))
    return next(dated, None) if len(table.columns) > 1 else None


def _is_called_time(table: Table, name: str) -> bool:
    """Whether a column's name says that it holds times; pandas writes an index without a name."""
    return table.header and name.strip().lower() in _TIMES


def _chosen(table: Table, times: str | None, column: str | None) -> list[str]:
    if column is not None:
        return _wanted(table, column)
    others = [name for name in table.columns if name != times]
    others = [name for name in others if not _is_called_time(table, name)] or others
    able = [name for name in others if table.is_numeric(name)]
    if len(able) == 1 or len(others) == 1:
        return able or others
    if able:
        shown = ", ".join(able[:8])
        raise BadData(f"{table.name}has several columns of numbers: {shown}", f"Name one: --set column={able[0]}.")
    raise BadData(f"{table.name}has no column of numbers", f"It has {', '.join(table.columns)}.")


def _wanted(table: Table, column: str) -> list[str]:
    wanted = [column] if column in table.columns else [name.strip() for name in column.split(",")]
    for name in wanted:
        if name not in table.columns:
            known = ", ".join(list(table.columns)[:12])
            raise BadData(f"{table.name}has no column {name!r}", f"It has {known}.")
    return wanted


def _index(table: Table, times: str) -> tuple[str, ...] | None:
    """The times as text; None where one is missing."""
    texts = [table.text(cell) for cell in table.columns[times]]
    if not all(texts):
        return None
    if (at := not_rising(texts)) is not None:
        if sum(_is_called_time(table, name) for name in table.columns) > 1:
            return None  # a year beside a month, say: none of them alone is the time
        raise BadData(
            f"{table.where(at)}the time {texts[at]!r} does not come after {texts[at - 1]!r}",
            "Sort the rows by time, and give one series alone.",
        )
    return tuple(texts)


def _checked(
    values: npt.NDArray[np.float64], index: Sequence[str] | None, names: tuple[str, ...], table: Table | None = None
) -> Series:
    """The series, with something in it, and nothing endless."""
    import numpy as np

    name = table.name if table else "the series "
    if not values.size or bool(np.isnan(values).all()):
        raise BadData(f"{name}holds no numbers", "A series needs some observed numbers in the order of time.")
    if np.isinf(values).any():
        at = int(np.argwhere(np.isinf(values))[0][0])
        where = table.where(at) if table else f"step {at + 1} of the series: "
        raise BadData(f"{where}a number is not finite", "Leave out what is not known: it is then missing.")
    index = tuple(index) if index is not None else None
    return Series(values=values, index=index, names=names)
