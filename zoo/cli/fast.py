"""The short cut of `zoo search`, `zoo list` and `zoo show`: the same commands without Typer's start-up.

Only plain invocations are taken; anything else (`--help`, an unknown or malformed option) is left to the full
application, which calls the same functions. A test compares both.
"""

from __future__ import annotations

from typing import Any

__all__ = ["LEAST", "MOST", "OPTIONS", "parse", "run_fast"]

MOST = 10**9  # what `--limit`, `--page` and `--offset` take at most, well within SQLite's integers
LEAST = {"--limit": 1, "--depth": 1, "--page": 1, "--offset": 0}

# Of each command: its options with the type of their value, None for a flag.
OPTIONS: dict[str, dict[str, type[Any] | None]] = {
    "search": {
        "--task": str,
        "--library": str,
        "--licence": str,
        "--installed": None,
        "--sort": str,
        "--columns": str,
        "--limit": int,
        "--page": int,
        "--offset": int,
        "--facets": None,
        "--similar-to": str,
        "--json": None,
    },
    "list": {"--json": None},
    "show": {"--json": None},
    "lineage": {
        "--dot": None,
        "--mermaid": None,
        "--json": None,
        "--depth": int,
        "--output": str,
        "--strict": None,
    },
}


def run_fast(args: list[str]) -> int | None:
    """Run a plain reading command and return its exit code, or None when the full application must look at it."""
    if not args or args[0] not in OPTIONS:
        return None
    parsed = parse(args[0], args[1:])
    if parsed is None:
        return None
    words, options = parsed
    if args[0] == "search":
        from zoo.cli import searching

        return searching.search(words, **options)
    if args[0] == "lineage":
        from zoo.cli import pedigree

        return pedigree.lineage(words[0], **options) if len(words) == 1 else None
    from zoo.cli import reading

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
        if not arg.startswith("-") or arg == "-" or (command == "search" and _excludes(arg)):
            words.append(arg)
        elif name not in known or (known[name] is None and equals):
            return None
        elif known[name] is None:
            options[name[2:]] = True
        else:
            text = value if equals else next(rest, None)
            if text is None or (known[name] is int and not _is_count(text, LEAST[name])):
                return None
            options[name[2:]] = int(text) if known[name] is int else text
    return words, {name.replace("json", "as_json").replace("-", "_"): value for name, value in options.items()}


def _excludes(arg: str) -> bool:
    """Whether it is a word or field to leave out, such as `-timm` or `-library:timm`, and no option."""
    return arg != "-h" and (arg[1].isalnum() or arg[1] == '"')


def _is_count(text: str, least: int) -> bool:
    return text.isdecimal() and len(text) < 12 and least <= int(text) <= MOST
