"""How things are written: tables for people at a terminal, plain text in pipes, JSON for scripts."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.errors import ZooError

__all__ = ["emit_json", "emit_line", "number", "print_error", "print_table", "safe", "size", "when", "written_licence"]

NOT_STATED = "not stated"


def emit_json(value: Any) -> None:
    """One JSON document on standard output, indented."""
    sys.stdout.write(_json(value, 2) + "\n")


def emit_line(value: Any) -> None:
    """One JSON document on one line, flushed, for streams."""
    sys.stdout.write(_json(value, None) + "\n")
    sys.stdout.flush()


def _json(value: Any, indent: int | None) -> str:
    """JSON with letters as they are, or escaped where the output's encoding lacks one (or a file name is no text)."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def print_error(error: ZooError) -> None:
    """Cause and remedy on standard error."""
    print(f"zoo: {safe(error.cause)}", file=sys.stderr)
    if error.remedy:
        print(f"     {safe(error.remedy)}", file=sys.stderr)


def safe(text: str) -> str:
    """Text of others (cards, file names) without control characters, which could steer the terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def number(value: int | None, billion: str = "B") -> str:
    """A count, short: `25.6M`; empty when not known. Billions read `1.5B`, or `4.1G` with `G`, as operations do."""
    if value is None:
        return ""
    for unit, scale in (("T", 1e12), (billion, 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= scale:
            short = value / scale
            return f"{short:.0f}{unit}" if short >= 100 else f"{short:.3g}{unit}"
    return str(value)


def size(value: int | None) -> str:
    """Bytes, short, in powers of ten: `14.2 MB`; empty when not known."""
    if value is None:
        return ""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return f"{value / scale:.1f} {unit}"
    return f"{value} B"


def when(time: str) -> str:
    """A recorded time to the second: `2026-01-31T09:00:00Z`."""
    return f"{time[:19]}Z"


def written_licence(licence: dict[str, Any] | None) -> str:
    """The weights' licence."""
    return str((licence or {}).get("weights") or NOT_STATED)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = (), least: Sequence[str] = ()
) -> None:
    """A table on standard output: drawn by rich on a terminal, aligned plain text in a pipe.

    Args:
        columns: the headings.
        rows: one text per column.
        right: headings of columns that are aligned right.
        least: headings of columns that a narrow terminal goes without, the least important first.
    """
    rows = [[safe(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        _plain_table(columns, rows, right)
        return
    kept = _fitting(columns, rows, least, shutil.get_terminal_size().columns)
    shown = [[row[index] for index in kept] for row in rows]
    _rich_table([columns[index] for index in kept], shown, right)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]


def _fitting(columns: Sequence[str], rows: Sequence[Sequence[str]], least: Sequence[str], width: int) -> list[int]:
    """Indices of the columns that are shown: all, or as many as fit when those in `least` go one by one."""
    widths = _widths(columns, rows)
    kept = list(range(len(columns)))
    for heading in least:
        if sum(widths[index] + 2 for index in kept) <= width:
            break
        kept.remove(list(columns).index(heading))
    return kept


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> None:
    from rich.box import Box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    line_below_headings = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
    table = Table(box=line_below_headings, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(
            column,
            justify="right" if column in right else "left",
            style="bold cyan" if index == 0 else "",
            overflow="ellipsis",
            no_wrap=True,
            min_width=_widths(columns, rows)[0] if index == 0 else None,  # a name that is cut cannot be typed
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> None:
    widths = _widths(columns, rows)
    for row in (columns, *rows):
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
