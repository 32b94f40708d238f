"""Loading a plugin here, so that it disturbs nobody: what it prints is kept off standard output."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

from zoo.plugin.found import GROUP, Kind

__all__ = ["plugin_object", "unheard"]


def plugin_object(name: str, value: str, kind: Kind, folder: str | None, package: str | None) -> object:
    """What is registered for a plugin: the imported module or object, or what reads a folder of cards."""
    if kind == "code" or folder is None:
        return EntryPoint(name=name, value=value, group=GROUP).load()
    from zoo.plugin.carded import CardFolder

    return CardFolder(name, Path(folder), package)


class _Beginning(io.TextIOBase):
    """The beginning of what is written, on standard error; the rest is dropped."""

    left = 500

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if self.left > 0 and sys.stderr is not None:
            sys.stderr.write(text[: self.left])
        self.left -= len(text)
        return len(text)


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """What a plugin prints goes to standard error, where it cannot break JSON, and it reads nothing of the user's."""
    before = sys.stdin
    with contextlib.redirect_stdout(_Beginning()), Path(os.devnull).open(encoding="utf-8") as nothing:
        sys.stdin = nothing
        try:
            yield
        finally:
            sys.stdin = before
