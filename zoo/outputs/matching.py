"""Which inputs are still to be done? Those of which the file has no record yet."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from zoo.data import Item
from zoo.errors import BadInput
from zoo.outputs.records import Done

__all__ = ["remaining"]


def remaining(items: Iterable[Item], done: Iterable[Done], *, named: bool, path: Path) -> Iterator[Item]:
    """The inputs after those that are done.

    Results are written in the order of the inputs, so both are read side by side, and nothing is kept in memory. Where
    the inputs changed since, files are told apart by their names, of which short hashes are kept (about 100 MB for a
    million); for texts a change is refused, as nothing tells a new text from an old one that moved.

    Args:
        items: all inputs.
        done: the inputs of the records, in order.
        named: the inputs are files.
        path: of the records, for the message.

    Raises:
        BadInput: the texts are not those of which the file has the beginning.
    """
    left, records = iter(items), iter(done)
    for number, record in enumerate(records, 1):
        item = next(left, None)
        if item is not None and _key(item.name) == _key(record.name):
            continue
        if not named:
            what = "is missing" if item is None else f"is {_short(item.name)!r}"
            raise BadInput(
                f"{path} has a result of {_short(record.name)!r} as its number {number}, and that input {what} now",
                "Give the same inputs, name another file, or start again with --overwrite (Python: resume=False).",
            )
        rest = Counter(_digest(other.name) for other in itertools.chain([record], records))
        yield from _without(itertools.chain([item] if item else [], left), rest)
        return
    yield from left


def _without(items: Iterable[Item], done: Counter[int]) -> Iterator[Item]:
    """The items whose names are not among these; a name that stands there twice is left out twice."""
    for item in items:
        digest = _digest(item.name)
        if done.get(digest):
            done[digest] -= 1
        else:
            yield item


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(_key(name), digest_size=8).digest(), "big")


def _key(name: str) -> bytes:
    """A name as it can be compared: a table holds one that is no text in this form."""
    return name.encode("utf-8", "backslashreplace")


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:57]}…"
