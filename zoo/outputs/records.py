"""One result as one line of JSON: `{"input", "task", "model", "revision", "result"}`, or `error` in its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from zoo.errors import BadData, ZooError

__all__ = ["Done", "Maker", "as_json", "from_row", "read_line"]


class Done(NamedTuple):
    """What is known of an input whose record is there already."""

    name: str
    failed: bool


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Who made the records: all records of one file have the same."""

    task: str
    model: str
    revision: str

    def line(self, name: str, outcome: Any, **more: Any) -> bytes:
        """The record of a result, or of the `ZooError` that an input ended with, as one line in UTF-8."""
        made: dict[str, Any] = {"input": name, **vars(self)}
        if isinstance(outcome, ZooError):
            made["error"] = {"cause": outcome.cause, "remedy": outcome.remedy}
        else:
            made["result"] = outcome.to_dict()
        return (as_json(made | more) + "\n").encode()

    def done(self, lines: Iterable[tuple[int, bytes]], path: Path) -> Iterator[Done]:
        """What each line is the record of.

        Raises:
            BadData: a line that this maker did not write.
        """
        middle = json.dumps(vars(self), ensure_ascii=False)[1:-1]
        decoder = json.JSONDecoder()
        opening = '{"input": "'
        for number, (_, line) in enumerate(lines, 1):
            # The name is read and the rest compared: parsing whole vectors and masks would take far longer.
            text = line.decode("utf-8", "replace")
            if text.startswith(opening):
                try:
                    name, end = decoder.raw_decode(text, len(opening) - 1)
                except ValueError:
                    name, end = None, 0
                if name is not None and text.startswith(f", {middle}, ", end):
                    yield Done(name, text.startswith('"error": ', end + len(middle) + 4))
                    continue
            yield self._done(read_line(line, number, path), number, path)

    def _done(self, record: Mapping[str, Any], number: int, path: Path) -> Done:
        for key, ours in vars(self).items():
            if record.get(key) != ours:
                raise BadData(
                    f"line {number} of {path} is of {key} {record.get(key)!r}, not {ours!r}",
                    "Name another file, or start again with --overwrite (Python: resume=False).",
                )
        return Done(record["input"], "error" in record)


def as_json(value: Any) -> str:
    """JSON on one line with letters as they are; escaped where a text is none, such as some names of files."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def read_line(line: bytes, number: int, path: Path) -> dict[str, Any]:
    """A line's record; raises `BadData` for one that holds none."""
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict) or not isinstance(record.get("input"), str):
        raise BadData(
            f"line {number} of {path} is no record of `zoo predict --output`",
            "Name another file, or start again with --overwrite (Python: resume=False).",
        )
    return record


def from_row(row: Mapping[str, Any]) -> Done:
    """What a table's row is the record of."""
    return Done(row["input"], row["error"] is not None)
