"""Tables: CSV, TSV, JSON, JSON lines and Parquet, every cell as it was written.

CSV and JSON are read row by row with the standard library, not by a data-frame's parser: that keeps "NA", "007" and
"2020-01-01" the texts that they are, and one broken row costs one row, named by its number. Parquet carries types and
is read with the features of the `datasets` library.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.data.raw import Problem
from zoo.data.sets.decoding import decode
from zoo.data.sets.found import Record, Table
from zoo.errors import BadData

__all__ = ["TABLES", "read_table"]

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")


def read_table(path: Path) -> Table:
    """The rows of a file; those that cannot be read are there with what is wrong with them.

    Raises:
        BadData: nothing can be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _parquet(path)
    text, problems = decode(path)
    read = _separated if suffix in {".csv", ".tsv"} else _json
    table = read(path, text)
    if not table.records:
        raise BadData(f"{path} holds no rows", "It needs a header and at least a few rows of data.")
    return Table(names=table.names, records=table.records, problems=(*problems, *table.problems))


def _separated(path: Path, text: str) -> Table:
    names: tuple[str, ...] | None = None
    records: list[Record] = []
    problems: list[Problem] = []
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator(text)
    base = path.parent
    for number, cells, wrong in _csv_rows(text, separator):
        where = f"{path.name}:{number}"
        if names is None:
            names = tuple(name.strip() for name in cells)
            problems += _header_problems(path, names, wrong)
        elif wrong is not None:
            records.append(Record(where=where, cells={}, base=base, problem=wrong, check="fields"))
        else:
            records.append(_record(where, names, cells, base))
    return Table(names=names or (), records=records, problems=tuple(problems))


def _csv_rows(text: str, separator: str) -> Iterator[tuple[int, Sequence[str], str | None]]:
    """`(number, cells, what is wrong)` of each row, the header as number 0; blank lines do not count."""
    number = 0
    with _any_length():
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, (), f"cannot be parsed, line {reader.line_num}: {_quoting(str(error))}"
                number += 1
                continue
            if cells:
                yield number, cells, None
                number += 1


def _quoting(reason: str) -> str:
    return "a quote is opened and never closed" if "end of data" in reason else reason


@contextmanager
def _any_length() -> Iterator[None]:
    """The `csv` module refuses long fields by a setting of the whole interpreter, which is put back."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _separator(text: str) -> str:
    """What stands between the fields of the header: a comma, or what spreadsheets write elsewhere."""
    header = text.lstrip().partition("\n")[0]
    return max(",;\t|", key=header.count)


def _header_problems(path: Path, names: Sequence[str], wrong: str | None) -> list[Problem]:
    if wrong is not None:
        return [Problem(check="column", text=f"{path.name}: the header {wrong}", remedy="Mend its quotes.")]
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if not twice:
        return []
    said = f"{path.name} has more than one column called {', '.join(map(repr, twice))}"
    return [Problem(check="column", text=said, remedy="Rename them; the last one was read.")]


def _record(where: str, names: Sequence[str], cells: Sequence[str], base: Path) -> Record:
    problem = None
    if (len(cells) > len(names) and any(cells[len(names) :])) or len(cells) < len(names):
        problem = f"has {len(cells)} fields where the header has {len(names)}"
    known = dict(zip(names, cells, strict=False))
    return Record(where=where, cells=known, base=base, problem=problem, check="fields" if problem else "")


def _json(path: Path, text: str) -> Table:
    rows = _whole(text) if path.suffix.lower() == ".json" else None
    found = list(_lines(text)) if rows is None else [(row, None) for row in rows]
    records = [
        Record(
            where=f"{path.name}:{number}",
            cells=row if isinstance(row, dict) else {},
            base=path.parent,
            problem=wrong if wrong or isinstance(row, dict) else "is not a JSON object",
            check="" if isinstance(row, dict) else "fields",
        )
        for number, (row, wrong) in enumerate(found, 1)
    ]
    if records and not any(record.cells for record in records):
        raise BadData(f"{path} cannot be read as JSON: its first row {records[0].problem}", _JSON_FORM)
    names = tuple(dict.fromkeys(str(name) for record in records for name in record.cells))
    return Table(names=names, records=records)


_JSON_FORM = 'Write one object a line: {"text": "…", "label": "…"}.'


def _whole(text: str) -> list[Any] | None:
    """The rows of a file that is one JSON value: a list of objects, one below `data`, or a list for each column."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None  # JSON lines, which the hub calls `.json` too
    if isinstance(value, dict):
        lists = {name: column for name, column in value.items() if isinstance(column, list)}
        if len(lists) == len(value) > 1 and len({len(column) for column in lists.values()}) == 1:
            return [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]
        rows = [column for column in lists.values() if all(isinstance(row, dict) for row in column)]
        return rows[0] if len(rows) == 1 else [value]
    return value if isinstance(value, list) else None


def _lines(text: str) -> Iterator[tuple[Any, str | None]]:
    for line in text.split("\n"):
        if line.strip():
            try:
                yield json.loads(line), None
            except (ValueError, RecursionError) as error:
                yield None, f"is not JSON: {str(error).splitlines()[0]}"


def _parquet(path: Path) -> Table:
    from pyarrow import ArrowException, parquet

    from zoo.data.sets.typed import read_dataset

    try:
        table = parquet.read_table(path)
    except (ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadData(f"{path} cannot be read as Parquet: {reason}", "Write it again, or give a CSV.") from error
    from datasets import Dataset

    return read_dataset(Dataset(table), path.name, path.parent)
