"""Text files as text: UTF-8, and what to say of any other."""

from __future__ import annotations

import codecs
from pathlib import Path

from zoo.data.raw import Problem
from zoo.errors import BadData

__all__ = ["decode"]

_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode(path: Path) -> tuple[str, tuple[Problem, ...]]:
    """A file's text; read by the likeliest other encoding, with the problem, where it is not UTF-8.

    Raises:
        BadData: it cannot be read, is empty, or is no text at all.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror or error}") from error
    if not content.strip():
        raise BadData(f"{path} is empty")
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        encoding = _likely(content)
        if encoding is None:
            raise BadData(f"{path} is not a text file: it was read as UTF-8", "Give a table of text.") from error
        line = content[: error.start].count(b"\n") + 1
        said = f"{path.name} was read as UTF-8, which it is not: byte 0x{content[error.start]:02x} in line {line}"
        remedy = f"Save it as UTF-8; it looks like {encoding}: `iconv -f {encoding} -t utf-8 {path.name}`."
        text = content.decode(encoding, "replace")
        return text.removeprefix("\ufeff"), (Problem(check="encoding", text=said, remedy=remedy),)


def _likely(content: bytes) -> str | None:
    """By its mark where it has one; else Windows' Western code page, unless there are bytes that no text has."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    odd = sum(content.count(bytes([code])) for code in range(32) if code not in (9, 10, 12, 13))
    return None if odd else "cp1252"
