"""The short cut of `zoo search`, `zoo list` and `zoo show`: the same commands without Typer's start-up.

Only plain invocations are taken; anything else (`--help`, an unknown or malformed option) is left to the full
application, which calls the same functions. A test compares both.
"""

from __future__ import annotations

from typing import Any

__all__ = ["MOST", "OPTIONS", "parse", "run_fast"]

MOST = 10**9  # what `--limit` takes at most, well within SQLite's integers

# Of each command: its options with the type of their value, None for a flag.
OPTIONS: dict[str, dict[str, type[Any] | None]] = {
    "search": {
        "--task": str,
        "--library": str,
        "--licence": str,
        "--installed": None,
        "--limit": int,
        "--json": None,
    },
    "list": {"--json": None},
    "show": {"--json": None},
}


def run_fast(args: list[str]) -> int | None:
    """Run a plain reading command and return its exit code, or None when the full application must look at it."""
    if not args or args[0] not in OPTIONS:
        return None
    parsed = parse(args[0], args[1:])
    if parsed is None:
        return None
    words, options = parsed
    from zoo.cli import reading

    if args[0] == "search":
        return reading.search(words, **options)
    if args[0] == "list" and not words:
        return reading.list_models(**options)
    if args[0] == "show" and len(words) == 1:
        return reading.show(words[0], **options)
    return None


def parse(command: str, args: list[str]) -> tuple[list[str], dict[str, Any]] | None:
    """Words and options (`{"limit": 5}`) of a command line, or None when it is not plain."""
    known = OPTIONS[command]
    words: list[str] = []
    options: dict[str, Any] = {}
    rest = iter(args)
    for arg in rest:
        name, equals, value = arg.partition("=")
        if not arg.startswith("-") or arg == "-":
            words.append(arg)
        elif name not in known or (known[name] is None and equals):
            return None
        elif known[name] is None:
            options[name[2:]] = True
        else:
            text = value if equals else next(rest, None)
            if text is None or (known[name] is int and not _is_count(text)):
                return None
            options[name[2:]] = int(text) if known[name] is int else text
    return words, {name.replace("json", "as_json"): value for name, value in options.items()}


def _is_count(text: str) -> bool:
    return text.isdecimal() and 1 <= int(text) <= MOST
