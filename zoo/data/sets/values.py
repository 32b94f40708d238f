"""From a cell to an input: a text, a picture, a recording, words, a pair."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.data.sets.found import Record

__all__ = ["Unusable", "file_of", "is_empty", "text_of", "words_of"]


class Unusable(ValueError):
    """A cell cannot be used; `check` is the kind of problem, the message says why, `rest` is what was understood."""

    def __init__(self, check: str, reason: str, rest: Any = None) -> None:
        self.check = check
        self.rest = rest
        super().__init__(reason)


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, or white space."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return isinstance(cell, str) and not cell.strip()


def text_of(cell: Any, what: str = "text") -> str:
    """A cell as a text, numbers as they are written."""
    if is_empty(cell):
        raise Unusable("empty", f"has an empty {what}")
    if isinstance(cell, str | int | float):
        return str(cell)
    raise Unusable("value", f"has {_a(cell)} where a {what} is meant")


def file_of(cell: Any, record: Record, what: str) -> Any:
    """A cell as a path that is there, or as bytes, picture or array as it is."""
    if isinstance(cell, Mapping) and {"bytes", "path"} & cell.keys():  # as the `datasets` library stores media
        cell = cell.get("bytes") or cell.get("path")
    if is_empty(cell) or (isinstance(cell, bytes) and not cell):
        raise Unusable("empty", f"has no {what}")
    if isinstance(cell, str | Path):
        return _path(cell, record)
    if isinstance(cell, bytes) or hasattr(cell, "tobytes") or hasattr(cell, "detach"):
        return cell
    if isinstance(cell, bytearray | memoryview):
        return bytes(cell)
    raise Unusable("value", f"has {_a(cell)} where a {what} is meant")


def _path(cell: str | Path, record: Record) -> Path:
    if str(cell).startswith(("http://", "https://")):
        raise Unusable("file", f"names a URL, and data is not fetched: {str(cell)[:80]}")
    path = Path(str(cell).strip()).expanduser()
    path = record.base / path if record.base is not None else path
    try:
        there = path.is_file()
    except (OSError, ValueError):  # names that the file system cannot even ask for
        there = False
    if not there:
        raise Unusable("file", f"names a file that is not there: {str(cell)[:80]}")
    return path


def words_of(cell: Any, what: str) -> tuple[str, ...]:
    """A cell as a list of words: a list, a JSON list, or words with spaces between them."""
    if is_empty(cell):
        raise Unusable("empty", f"has no {what}")
    listed = _as_list(cell)
    if not listed:
        raise Unusable("empty", f"has no {what}")
    odd = next((one for one in listed if is_empty(one) or not isinstance(one, str | int | float)), None)
    if odd is not None or any(one is None for one in listed):
        raise Unusable("value", f"has an empty one among its {what}")
    return tuple(str(one) for one in listed)


def _as_list(cell: Any) -> list[Any]:
    if isinstance(cell, str):
        if cell.lstrip().startswith("["):
            try:
                read = json.loads(cell)
            except (ValueError, RecursionError) as error:
                raise Unusable("value", "has a list that is not JSON") from error
            return read if isinstance(read, list) else [read]
        return cell.split()
    if isinstance(cell, list | tuple):
        return list(cell)
    if hasattr(cell, "tolist"):
        read = cell.tolist()
        return read if isinstance(read, list) else [read]
    raise Unusable("value", f"has {_a(cell)} where a list is meant")


def _a(cell: Any) -> str:
    return f"{'an' if type(cell).__name__[0].lower() in 'aeiou' else 'a'} {type(cell).__name__}"
