"""`zoo search --facets`: how many of the models that fit have which task, licence class, library …"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from zoo.catalog.fields import ALIASES
from zoo.catalog.query import Query
from zoo.cli.render import emit_json, print_table, safe

__all__ = ["FACETS", "facet_names", "print_counts"]

Counts = Mapping[str, Sequence[tuple[str, int]]]
FACETS = ("task", "licence", "library", "family", "lang", "dataset")
USUAL = ("task", "licence", "library")
MOST = 10
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def facet_names(word: str) -> tuple[str, ...]:
    """The facets that a word lists (`task,lang`); empty when it is a word to search for."""
    names = [ALIASES.get(part, part) for part in word.lower().split(",")]
    return tuple(names) if all(name in FACETS for name in names) else ()


def print_counts(path: Path, query: Query, names: Sequence[str], *, as_json: bool) -> int:
    """Print the counts of all that fits; returns how many do."""
    from zoo.catalog import hot

    total = hot.search(path, query, limit=1).total
    found = hot.facets(path, query, names or USUAL, MOST) if total else {}
    if as_json:
        facets = {name: [{"value": value, "count": count} for value, count in rows] for name, rows in found.items()}
        emit_json({"total": total, "facets": facets})
    elif total:
        _print_table(found) if not sys.stdout.isatty() else _print_bars(found)
        print(f"{total:,} model{'s' * (total != 1)} fit; the {MOST} largest counts of each are shown", file=sys.stderr)
    return total


def _print_table(found: Counts) -> None:
    rows = [[name, value, str(count)] for name, counts in found.items() for value, count in counts]
    print_table(("facet", "value", "models"), rows, right=("models",))


def _print_bars(found: Counts) -> None:
    """A heading and a bar for each value; the longest bar is the largest count of its facet."""
    width = max((len(safe(value)) for counts in found.values() for value, _ in counts), default=0)
    digits = max((len(f"{count:,}") for counts in found.values() for _, count in counts), default=0)
    room = max(shutil.get_terminal_size().columns - width - digits - 4, 0)
    for name, counts in found.items():
        print(name)
        largest = max((count for _, count in counts), default=1)
        for value, count in counts:
            print(f"  {safe(value):<{width}} {count:>{digits},} {bar(count / largest, min(room, 40))}".rstrip())


def bar(share: float, width: int) -> str:
    """A bar of this share of the width, to an eighth of a character."""
    whole, eighths = divmod(round(share * width * 8), 8)
    return "█" * whole + _EIGHTHS[eighths].strip()
