"""What `zoo predict` is given: arguments, and the lines of standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from zoo.errors import BadData, BadInput

__all__ = ["count", "given", "no_input", "whole"]


def given(inputs: list[str]) -> Iterator[str]:
    """The inputs, with `-` replaced by the lines of standard input; without any, standard input if it is a pipe."""
    if not inputs and sys.stdin.isatty():
        raise no_input()
    return _read(inputs or ["-"])


def _read(inputs: list[str]) -> Iterator[str]:
    for value in inputs:
        if value == "-":
            yield from _lines()
        else:
            yield _decoded(value)


def whole(inputs: list[str]) -> Iterator[Any]:
    """The inputs, with `-` replaced by one: all of standard input, as a file's content."""
    from zoo.data import Item

    for value in inputs or ["-"]:
        if value == "-":
            with _stdin() as stream:
                yield Item("standard input", stream.read())
        else:
            yield _decoded(value)


def count(inputs: list[str], kind: str) -> int | None:
    """How many inputs of a task's kind the arguments stand for; None with standard input or a film among them."""
    from zoo.data import expand, is_film

    unknown = not inputs or "-" in inputs or (kind == "image" and any(map(is_film, inputs)))
    return None if unknown else sum(1 for _ in expand(inputs, kind))


def no_input() -> BadInput:
    """Nothing was given."""
    return BadInput("there is no input", "Give files or texts after the model's name, or - for standard input.")


def _lines() -> Iterator[str]:
    for number, line in enumerate(_stdin(), 1):
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise BadData(f"line {number} of standard input is not UTF-8: {error.reason}", "Convert it.") from error
        if text.strip():
            yield text


def _stdin() -> IO[bytes]:
    """Standard input with a buffer of its own: a thread may still wait for it when the command ends early."""
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except (OSError, ValueError):  # no real file, as in tests
        return sys.stdin.buffer


def _decoded(text: str) -> str:
    """A command-line argument; one that is not text in this locale is refused rather than passed on broken."""
    if any("\ud800" <= c <= "\udfff" for c in text) and not Path(text).exists():
        raise BadData(f"an input is not valid text: {text.encode('utf-8', 'replace')!r}", "Use UTF-8.")
    return text
