"""A model's family as lines of text: a tree upwards to its bases, and one downwards to what was made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from zoo.catalog.records import Edge
from zoo.descent.family import Descent
from zoo.descent.wording import about, step

__all__ = ["ASCII", "UNICODE", "Strokes", "tree"]


class Strokes(NamedTuple):
    """What a tree is drawn with."""

    branch: str
    last: str
    along: str
    between: str
    more: str


UNICODE = Strokes("├─ ", "└─ ", "│  ", " · ", "…")
ASCII = Strokes("|- ", "`- ", "|  ", " - ", "...")


class _Side(NamedTuple):
    """One direction of the family: the steps at each model, and how many were left out of what was read."""

    title: str
    steps: Mapping[str, Sequence[Edge]]
    left_out: Mapping[str, int]
    upwards: bool


def tree(descent: Descent, strokes: Strokes = UNICODE, *, most: int = 12) -> list[str]:
    """The lines of the drawing.

    A model that is met again is marked and not followed again, so cycles end and diamonds are drawn once.

    Args:
        descent: the family.
        strokes: `UNICODE`, or `ASCII` where the output has no other letters.
        most: how many steps from one model are drawn; the rest is counted.
    """
    middle = descent.kin[descent.model]
    lines = [strokes.between.join([f"{middle.id}  {about(descent, middle)[0]}", *about(descent, middle)[1:]])]
    sides = [side for side in _sides(descent) if side.steps.get(descent.model) or side.left_out.get(descent.model)]
    for side in sides:
        last = side is sides[-1]
        lines.append(f"{strokes.last if last else strokes.branch}{side.title}")
        lines += _drawn(descent, side, strokes, "   " if last else strokes.along, most)
    return lines


def _sides(descent: Descent) -> Iterator[_Side]:
    for title, edges, left_out, upwards in (
        ("made from", descent.up, descent.more_up, True),
        ("made into", descent.down, descent.more_down, False),
    ):
        steps: dict[str, list[Edge]] = {}
        for edge in edges:
            steps.setdefault(edge.child if upwards else edge.base, []).append(edge)
        yield _Side(title, steps, left_out, upwards)


def _drawn(descent: Descent, side: _Side, strokes: Strokes, indent: str, most: int) -> Iterator[str]:
    """Depth first without recursion: a chain of fine-tunes may be longer than Python's stack."""
    seen = {descent.model}
    open_branches = [(indent, _entries(side, descent.model, most))]
    while open_branches:
        indent, entries = open_branches[-1]
        if not entries:
            open_branches.pop()
            continue
        entry = entries.pop(0)
        corner, below = (strokes.branch, strokes.along) if entries else (strokes.last, "   ")
        if isinstance(entry, int):
            yield f"{indent}{corner}{strokes.more} {entry} more"
            continue
        name = entry.base if side.upwards else entry.child
        following = [] if name in seen else _entries(side, name, most)
        again = [f"{strokes.more} as above"] if name in seen else []
        seen.add(name)
        yield f"{indent}{corner}{strokes.between.join([*_told(descent, side, entry, name), *again])}"
        open_branches.append((f"{indent}{below}", following))


def _entries(side: _Side, name: str, most: int) -> list[Edge | int]:
    steps = list(side.steps.get(name, ()))
    hidden = max(len(steps) - most, 0) + side.left_out.get(name, 0)
    return [*steps[:most], *([hidden] if hidden else [])]


def _told(descent: Descent, side: _Side, edge: Edge, name: str) -> list[str]:
    first, *rest = about(descent, descent.kin[name])
    return [
        f"{name}  {first}",
        *rest,
        *step(descent, edge, edge.base_revision if side.upwards else edge.child_revision),
    ]
