"""The lines of kept files, read back: each is a row of its kind or nothing."""

from __future__ import annotations

import gzip
import json
import shutil
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

from zoo.cards import canonical_json, check_name
from zoo.errors import BadRef
from zoo.rebuild.curation import UNREAD

__all__ = ["Unread", "put_beside", "read_card_lines", "read_row", "text_lines"]

Row = Mapping[str, Any]

_TEXT, _OPTIONAL = (str,), (str, NoneType)
_FORMS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "edits": {"model": _TEXT, "field": _TEXT, "changed": _TEXT, "value": (object,)},
    "notes": {"key": (int,), "model": _TEXT, "text": _TEXT, "written": _TEXT},
    "aliases": {"model": _TEXT, "alias": _TEXT, "revision": _TEXT},
    "alias_history": {
        "model": _TEXT,
        "alias": _TEXT,
        "revision": _OPTIONAL,
        "previous": _OPTIONAL,
        "changed": _TEXT,
    },
    "licences": {"model": _TEXT, "revision": _TEXT, "weights": _TEXT, "package": _OPTIONAL, "source": _OPTIONAL},
}

_FURTHER: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "edits": {"offered": (object,)},
    "alias_history": {"who": _OPTIONAL},
}  # which a line may lack


class Unread(Exception):
    """A line or a file that tells nothing."""


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a file that are not empty; what is no UTF-8 comes as text that `read_row` refuses."""
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        yield from (line for line in file if line.strip())


def read_row(kind: str, line: str) -> Row:
    """The row in a line, of the form that the kind has; raises `Unread`."""
    try:
        row = json.loads(line)
        canonical_json(row).encode()
        needed, further = _FORMS[kind], _FURTHER.get(kind, {})
        fits = isinstance(row, dict) and all(_is(row[name], types) for name, types in needed.items())
        if fits and all(_is(row.get(name), types) for name, types in further.items()) and check_name(row["model"]):
            return {name: row.get(name) for name in (*needed, *further)}
    except (ValueError, KeyError, RecursionError, BadRef) as error:
        raise Unread from error
    raise Unread


def _is(value: Any, types: tuple[type, ...]) -> bool:
    if types == (int,):
        return type(value) is int and 0 < value < 2**63
    return isinstance(value, types)


def read_card_lines(path: Path) -> Iterator[str]:
    """The lines of a feed's file after its header; raises `Unread` where its bytes are damaged."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            next(file, "")
            yield from (line for line in file if line.strip())
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise Unread from error


def put_beside(path: Path) -> None:
    """Copy a file of which not all could be read, before another takes its place."""
    shutil.copyfile(path, path.with_name(f"{path.name}{UNREAD}{time.strftime('%Y%m%d-%H%M%S')}"))
