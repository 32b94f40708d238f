"""`zoo compare`: models side by side, and which of them are worth their size."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.cli.render import emit_json, number, print_table, safe, size

if TYPE_CHECKING:
    from zoo.comparing import Comparison, Fact, Front
    from zoo.comparing.facts import Value

__all__ = ["compare"]

BEST = "*"
_SIDE_BY_SIDE = 4  # more models than these are listed one a line
_LONGEST = 40


def compare(
    models: Sequence[str], *, query: str | None = None, limit: int = 10, plot: bool = False, as_json: bool = False
) -> int:
    """Print the comparison."""
    from zoo.comparing.compare import compare as compared
    from zoo.registry import Registry

    comparison = compared(Registry(), models, query=query, limit=limit)
    if as_json:
        emit_json(comparison.to_dict())
        return 0
    _print_facts(comparison)
    shown = [front for front in comparison.fronts if front.metric == comparison.fronts[0].metric]
    for front in (front for front in shown if front.dataset == shown[0].dataset):
        _print_front(front, plot=plot)
    if not shown:
        print("no two of them state the same measure on the same data, so none is called better", file=sys.stderr)
    return 0


def _print_facts(comparison: Comparison) -> None:
    rows = [[_heading(fact), *(_marked(fact, n) for n in range(len(comparison.models)))] for fact in comparison.facts]
    columns = ("", *comparison.models)
    wide = sum(max(len(row[n]) for row in (columns, *rows)) + 2 for n in range(len(columns)))
    too_wide = sys.stdout.isatty() and wide > shutil.get_terminal_size().columns
    listed = len(comparison.models) > _SIDE_BY_SIDE or too_wide
    if listed:
        _print_list(comparison)
    else:
        print_table(columns, rows)
    if any(fact.best for fact in comparison.facts):
        print(f"{BEST} the best of its {'column' if listed else 'row'}", file=sys.stderr)


def _print_list(comparison: Comparison) -> None:
    """One model a line, with the facts that are numbers, and the licence."""
    facts = [fact for fact in comparison.facts if fact.kind != "text" or fact.name in {"licence", "here"}]
    facts.sort(key=lambda fact: fact.name == "here")
    columns = ("model", *map(_heading, facts))
    rows = [[model, *(_marked(fact, n) for fact in facts)] for n, model in enumerate(comparison.models)]
    right = [_heading(fact) for fact in facts if fact.kind != "text"]
    least = [_heading(fact) for fact in reversed(facts) if fact.name not in {"parameters", "size"}]
    print_table(columns, rows, right=right, least=least)


def _heading(fact: Fact) -> str:
    return f"{fact.name} ({fact.dataset})" if fact.kind == "score" else fact.name


def _marked(fact: Fact, position: int) -> str:
    text = _written(fact.kind, fact.values[position])
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    if not fact.best:
        return text
    return text + (f" {BEST}" if position in fact.best else "  ") if text else ""


def _written(kind: str, value: Value) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if kind == "bytes":
        return size(int(value))
    if kind == "count":
        return number(int(value))
    if kind == "operations":
        return number(int(value), "G")
    return f"{value:.5g}" if kind == "score" else f"{value:g}"


_COST_KINDS = {"size": "bytes", "parameters": "count", "macs": "operations"}


def _print_front(front: Front, *, plot: bool) -> None:
    """A table by rising cost, saying which model beats which; letters refer to the plot."""
    sys.stdout.write(f"\n{safe(front.metric)} on {safe(front.dataset)} against {front.cost}\n")
    kind = _COST_KINDS[front.cost]
    letters = [chr(ord("A") + n) for n in range(len(front.places))]
    if plot:
        from zoo.cli.plotting import scatter

        points = [(place.cost, place.score) for place in front.places]
        low, high = (_written(kind, place.cost) for place in (front.places[0], front.places[-1]))
        sys.stdout.write("\n".join(scatter(points, letters, low, high)) + "\n")
    columns = (*(("",) if plot else ()), "model", front.cost, front.metric, "front")
    rows = []
    for letter, place in zip(letters, front.places, strict=True):
        verdict = "yes" if place.dominated_by is None else f"beaten by {place.dominated_by}"
        row = [place.model, _written(kind, place.cost), _written("score", place.score), verdict]
        rows.append([letter, *row] if plot else row)
    print_table(columns, rows, right=(front.cost, front.metric))
    if front.unplaced:
        print(f"not placed, because a number is not known: {', '.join(map(safe, front.unplaced))}", file=sys.stderr)
