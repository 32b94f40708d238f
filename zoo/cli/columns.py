"""The columns of `zoo search`: what each shows of a row, and which are shown when nobody says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from zoo.catalog.fields import ALIASES, FIELDS, METRICS, canonical
from zoo.catalog.query import Query
from zoo.cli.render import number, print_table, size, written_licence
from zoo.errors import BadOption, nearest

__all__ = ["COLUMNS", "chosen", "print_rows", "usual"]

Row = dict[str, Any]


def _metric(row: Row) -> str:
    found = row.get("metrics") or []
    return f"{found[0]['name']} {found[0]['value']:.4g}" if found else ""


def _score(name: str) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        found = [m["value"] for m in row.get("metrics") or [] if m["name"].lower() == name]
        return f"{found[0]:.4g}" if found else ""

    return text


def _words(key: str) -> Callable[[Row], str]:
    return lambda row: ", ".join(row.get(key) or ())


def _text(key: str) -> Callable[[Row], str]:
    return lambda row: "yes" if row.get(key) is True else str(row.get(key) or "")


COLUMNS: dict[str, Callable[[Row], str]] = {
    "model": _text("id"),
    "task": _text("task"),
    "params": lambda row: number(row.get("parameters")),
    "macs": lambda row: number(row.get("macs"), "G"),
    "size": lambda row: size(row.get("size")),
    "licence": lambda row: written_licence(row.get("licence")),
    "class": _text("licence_class"),
    "metric": _metric,
    "input": _text("input"),
    "library": _text("library"),
    "arch": _text("architecture"),
    "family": _text("family"),
    "published": _text("published"),
    "downloads": lambda row: number(row.get("downloads")),
    "here": lambda row: "yes" if row.get("installed") else "",
    "lang": _words("languages"),
    "dataset": _words("datasets"),
    "tag": _words("tags"),
    "feed": _text("feed"),
    "deprecated": _text("deprecated"),
    "summary": _text("summary"),
    "why": _text("why"),
}
_ALIASES = {**ALIASES, "class": "class", "id": "model", "model": "model", "name": "model", "installed": "here"}
_RIGHT = frozenset(["params", "macs", "size", "input", "downloads"])
# A narrow terminal goes without these first.
_LEAST = ("summary", "tag", "dataset", "size", "feed", "family", "metric", "lang", "library", "task", "licence")
_USUAL = ("model", "task", "params", "size", "licence", "metric", "here")


def usual(query: Query) -> list[str]:
    """The usual columns, and those that the query asks about: `top1>80` shows top1 in place of the first metric."""
    asked = [condition.field for condition in query.conditions if not condition.excluded]
    asked += [query.sort] if query.sort else []
    made = list(_USUAL)
    scores = [field for field in dict.fromkeys(asked) if field not in FIELDS]
    if scores:
        place = made.index("metric")
        made[place : place + 1] = scores
    for field in dict.fromkeys(asked):
        if field in {"macs", "input", "published", "downloads", "lang", "dataset", "feed", "deprecated"}:
            made.insert(made.index("licence"), field)
    return made


def chosen(text: str, metrics: Callable[[], Iterable[str]] = tuple) -> list[str]:
    """The columns of `--columns a,b,c`, where any metric is one too; raises `BadOption`.

    `metrics` is asked for those that only this catalog has when a name is not known.
    """
    made: list[str] = []
    for typed in filter(None, (part.strip().lower() for part in text.split(","))):
        name = _ALIASES.get(typed, typed)
        if name not in COLUMNS:
            name = canonical(typed) or typed
        if name not in COLUMNS and name not in METRICS and name not in (own := tuple(metrics())):
            near = nearest(typed, [*COLUMNS, *_ALIASES, *METRICS, *own])
            hint = f"Did you mean {', '.join(near)}?" if near else f"The columns are {', '.join(COLUMNS)}, and metrics."
            raise BadOption(f"there is no column {typed!r}", hint)
        made += [] if name in made else [name]
    if not made:
        raise BadOption("--columns names no column", "Give some, such as --columns model,params,top1.")
    return made


def print_rows(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """A table of the rows with these columns."""
    texts = [[(COLUMNS.get(name) or _score(name))(row) for name in columns] for row in rows]
    right = [name for name in columns if name in _RIGHT or name not in COLUMNS]
    least = [name for name in _LEAST if name in columns[1:]]
    print_table(columns, texts, right=right, least=least)
