"""Tables that hold a series: CSV, JSON, JSON lines and Parquet, as columns of cells with the line of each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.data.series_times import is_time
from zoo.errors import BadData

__all__ = ["Table", "of_file", "of_mapping"]

_MISSING = frozenset(["", "-", "?", "n/a", "na", "nan", "none", "null", "."])
_UNNAMED = "the series "
_DELIMITERS = "\t;,|"
_ROWS = "a list of numbers, a list of objects, or an object of columns"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Columns of cells.

    Attributes:
        name: what stands at the beginning of a message, with a blank behind it: the file's name.
        columns: cells by the column's name: text, numbers, None.
        lines: the line of each row in the file; empty where rows are only counted.
        header: whether the columns have names of their own.
    """

    name: str
    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int] = ()
    header: bool = True

    def where(self, row: int) -> str:
        """The beginning of a message about a row."""
        place = f"line {self.lines[row]}" if self.lines else f"row {row + 1}"
        return f"{self.name.strip()}, {place}: "

    def text(self, cell: Any) -> str:
        """A cell as text, empty where it is missing."""
        if cell is None:
            return ""
        written = cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()
        return "" if written.lower() in _MISSING else written.removesuffix("T00:00:00")

    def first(self, column: str) -> str | None:
        """The first cell that is not missing, as text."""
        return next((text for cell in self.columns[column] if (text := self.text(cell))), None)

    def is_numeric(self, column: str) -> bool:
        """Whether the first cell that is not missing is a number."""
        first = next((cell for cell in self.columns[column] if self.text(cell)), None)
        return first is not None and _number(first) is not None

    def numbers(self, column: str) -> list[float]:
        """The cells as numbers, NaN where one is missing; raises `BadData`, naming the line, for anything else."""
        made = []
        for row, cell in enumerate(self.columns[column]):
            if not isinstance(cell, float) and not self.text(cell):
                made.append(float("nan"))
                continue
            value = _number(cell)
            if value is None:
                label = f"{column!r}: " if self.header and len(self.columns) > 1 else ""
                raise BadData(f"{self.where(row)}{label}{_shown(cell)} is no number", _hint(cell))
            made.append(value)
        return made


def of_file(value: str | Path | bytes | bytearray | memoryview) -> Table:
    """A table, read from a file or from a file's content; raises `BadData`."""
    if not isinstance(value, str | Path):
        return _content(bytes(value), _UNNAMED, "")
    path = Path(value).expanduser()
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadData(f"cannot read {path}: {reason}", "Give a .csv, .json or .parquet file.") from error
    return _content(data, f"{path.name} ", path.suffix.lower())


def of_mapping(value: Mapping[Any, Any], name: str = _UNNAMED) -> Table:
    """A table of columns of equal length; an empty column `index` is left out."""
    columns = {str(key): list(cells) for key, cells in value.items() if _is_column(cells)}
    if not columns.get("index", [1]):
        del columns["index"]
    lengths = {len(cells) for cells in columns.values()}
    if not columns or len(columns) < len(value) - ("index" in value and "index" not in columns) or len(lengths) > 1:
        raise BadData(f"{name}is no table: its columns must be lists of one length", f"Give {_ROWS}.")
    return Table(name=name, columns=columns)


def _is_column(cells: Any) -> bool:
    return isinstance(cells, Sequence | Iterable) and not isinstance(cells, str | bytes | Mapping)


def _content(data: bytes, name: str, suffix: str) -> Table:
    if not data.strip():
        raise BadData(f"{name}is empty", "A series needs some numbers in the order of time.")
    if data[:4] == b"PAR1" or suffix == ".parquet":
        return _parquet(data, name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadData(f"{name}is not UTF-8 text: {error.reason}", "Give a .csv, .json or .parquet file.") from error
    if suffix in {".json", ".jsonl"} or (not suffix and text.lstrip()[:1] in {"[", "{"}):
        return _json(text, name)
    return _csv(text, name)


def _parquet(data: bytes, name: str) -> Table:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table
    except ImportError as error:
        from zoo.errors import MissingDependency

        raise MissingDependency("Parquet files are read by pyarrow", "`pip install pyarrow`.") from error
    try:
        table = read_table(io.BytesIO(data))
    except (ArrowException, OSError) as error:
        raise BadData(f"{name}is no sound Parquet file: {error}") from error
    return Table(name=name, columns={key: table.column(key).to_pylist() for key in table.column_names})


def _json(text: str, name: str) -> Table:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = _json_lines(text, name)
    if isinstance(given, Mapping):
        return of_mapping(given, name)
    if not isinstance(given, list) or not given:
        raise BadData(f"{name}holds no series", f"Give {_ROWS}.")
    if all(isinstance(row, Mapping) for row in given):
        names = dict.fromkeys(str(key) for row in given for key in row)
        return Table(name=name, columns={key: [row.get(key) for row in given] for key in names})
    if any(isinstance(row, list | Mapping) for row in given):
        raise BadData(f"{name}holds no series", f"Give {_ROWS}.")
    return Table(name=name, columns={"value": given}, header=False)


def _json_lines(text: str, name: str) -> list[Any]:
    made = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                made.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise BadData(f"{name}is not JSON: line {number}: {error}", f"Give {_ROWS}.") from error
    return made


def _csv(text: str, name: str) -> Table:
    rows, lines = _rows(text, name)
    if not rows:
        raise BadData(f"{name}is empty", "A series needs some numbers in the order of time.")
    if len(rows) == 1:
        return _one_row(rows[0], lines, name)
    header = not all(_is_value(cell) for cell in rows[0])
    names = _names(rows[0]) if header else [str(number) for number in range(1, len(rows[0]) + 1)]
    rows, lines = (rows[1:], lines[1:]) if header else (rows, lines)
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(names):
            cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
            raise BadData(f"{name.strip()}, line {line}: {cells}, where the first line has {len(names)}")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return Table(name=name, columns=columns, lines=lines, header=header)


def _rows(text: str, name: str) -> tuple[list[list[str]], list[int]]:
    """The rows that are not empty, and their lines; lines that begin with # are comments."""
    first = next((line for line in text.splitlines() if line.strip() and line[:1] != "#"), "")
    counts = {mark: first.count(mark) for mark in _DELIMITERS}
    mark = max(counts, key=lambda key: counts[key])
    rows, lines = [], []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark if counts[mark] else ",")
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not row[0].startswith("#"):
                rows.append([cell.strip() for cell in row])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise BadData(f"{name.strip()}, line {reader.line_num}: {error}") from error
    return rows, lines


def _one_row(row: Sequence[str], lines: Sequence[int], name: str) -> Table:
    """All in one line: the numbers of one series, with blanks or commas between."""
    cells = row[0].split() if len(row) == 1 else list(row)
    return Table(name=name, columns={"value": cells}, lines=list(lines) * len(cells), header=False)


def _names(row: Sequence[str]) -> list[str]:
    """Names that differ."""
    made: list[str] = []
    for cell in row:
        number = 2
        name = cell
        while name in made:
            name, number = f"{cell}.{number}", number + 1
        made.append(name)
    return made


def _is_value(cell: str) -> bool:
    return cell.lower() in _MISSING or _number(cell) is not None or is_time(cell)


def _number(cell: Any) -> float | None:
    """The number in a cell, None where it is something else."""
    if isinstance(cell, bool) or hasattr(cell, "isoformat"):
        return None
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None


def _shown(cell: Any) -> str:
    text = ascii(cell) if not isinstance(cell, str) else repr(cell)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _hint(cell: Any) -> str:
    if isinstance(cell, str) and cell.count(",") == 1 and _number(cell.replace(",", ".")) is not None:
        return "Write numbers with a point: 1.5."
    return "Leave a cell empty where the number is not known."
