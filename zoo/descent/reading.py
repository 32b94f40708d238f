"""A model's family read from the catalog with `sqlite3` alone, as fast as `zoo show`."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zoo.cards import Licence
from zoo.catalog import kinship
from zoo.catalog.reading import marks, reading
from zoo.catalog.records import Edge
from zoo.descent.family import Descent, Kin
from zoo.errors import UnknownModel

__all__ = ["MOST_KIN", "read"]

MOST_KIN = 5000  # a family that is larger is cut where this many are found

# The edges at the near end, what was recorded here before what only cards declare; `whole` counts them before the cut.
_RANKED = """
SELECT * FROM (
  SELECT edges.*, ROW_NUMBER() OVER (
    PARTITION BY {near} ORDER BY relation = 'declared', {far}, child_revision, base_revision, run
  ) AS place, COUNT(*) OVER (PARTITION BY {near}) AS whole FROM ({edges}) AS edges
) WHERE place <= ? ORDER BY {near}, place
"""
_AT_ONCE = 300  # SQLite limits the parameters of a statement


class _Way(NamedTuple):
    """A direction through the edges: the end where one stands, that end's column on cards, and the end one goes to."""

    near: str
    card: str
    far: str


_UP = _Way("child", "id", "base")
_DOWN = _Way("base", "base", "child")


def read(path: Path, model: str, *, depth: int | None = None, most: int = 1000, down: bool = True) -> Descent:
    """The family of a model.

    Args:
        path: the catalog's database.
        model: its id.
        depth: how many steps up and down are in the drawing; all when None. Licences are followed to the end.
        most: how many bases, or descendants, of one model are read.
        down: whether descendants are read at all.

    Raises:
        UnknownModel: no card, file or edge tells of this id.
        CatalogError: the database cannot be read.
    """
    with reading(path) as connection:
        above = _walk(connection, model, _UP, None, most)
        below = _walk(connection, model, _DOWN, depth, most) if down else _Walked([], {})
        edges = [edge for level in (*above.levels, *below.levels) for edge in level]
        names = dict.fromkeys([model, *(name for edge in edges for name in (edge.child, edge.base))])
        kin = _kin(connection, list(names))
        if not (kin[model].known or kin[model].revisions or edges):
            raise UnknownModel(model)
        runs = _runs(connection, [edge.run for edge in edges if edge.run])
    near, beyond = above.cut(depth)
    return Descent(
        model=model,
        up=tuple(itertools.chain(*near.levels)),
        beyond=tuple(itertools.chain(*beyond)),
        down=tuple(itertools.chain(*below.levels)),
        kin=kin,
        runs=runs,
        more_up=near.more,
        more_down=below.more,
    )


class _Walked(NamedTuple):
    """Edges by how many steps away they are, and for each model how many more it has than were read."""

    levels: list[list[Edge]]
    more: dict[str, int]

    def cut(self, depth: int | None) -> tuple[_Walked, list[list[Edge]]]:
        """The first levels upwards, with what follows counted, and the others."""
        near, beyond = (self.levels, []) if depth is None else (self.levels[:depth], self.levels[depth:])
        inside = {edge.child for level in near for edge in level}
        more = {name: count for name, count in self.more.items() if name in inside or not beyond}
        following = Counter(edge.child for edge in (beyond[0] if beyond else ()))
        return _Walked(near, {**more, **following}), beyond


def _walk(connection: sqlite3.Connection, start: str, way: _Way, depth: int | None, most: int) -> _Walked:
    """Edges reachable from a model, nearest first."""
    seen, now = {start}, [start]
    walked = _Walked([], {})
    for step in itertools.count():
        ended = step == depth or len(seen) > MOST_KIN
        rows = list(_edges(connection, now, way, 1 if ended else most))
        for row in rows:
            if left_out := row["whole"] - (0 if ended else min(most, row["whole"])):
                walked.more[row[way.near]] = left_out
        if ended or not rows:
            return walked
        walked.levels.append([_edge(row) for row in rows])
        now = sorted({row[way.far] for row in rows} - seen)
        seen |= set(now)
    return walked


def _edges(connection: sqlite3.Connection, names: Sequence[str], way: _Way, most: int) -> Iterator[Mapping[str, Any]]:
    for some in _chunks(names):
        edges = kinship.EDGES.format(end=way.near, card_end=way.card, marks=marks(some))
        sql = _RANKED.format(near=way.near, far=way.far, edges=edges)
        yield from connection.execute(sql, [*some, *some, most])


def _edge(row: Mapping[str, Any]) -> Edge:
    return Edge(
        child=row["child"],
        base=row["base"],
        relation=row["relation"],
        child_revision=row["child_revision"],
        base_revision=row["base_revision"],
        run=row["run"],
    )


def _kin(connection: sqlite3.Connection, names: Sequence[str]) -> dict[str, Kin]:
    cards: dict[str, Mapping[str, Any]] = {}
    revisions: dict[str, list[dict[str, Any]]] = {}
    for some in _chunks(names):
        told = connection.execute(
            f"SELECT id, task, licence FROM model WHERE id IN ({marks(some)})",  # noqa: S608
            some,
        )
        cards |= {row["id"]: row for row in told}
        here = connection.execute(
            "SELECT model, revision, pulled, licence FROM revision "  # noqa: S608
            f"WHERE model IN ({marks(some)}) ORDER BY pulled DESC, revision",
            some,
        )
        for row in here:
            revisions.setdefault(row.pop("model"), []).append(row)
    return {name: _one(name, cards.get(name), revisions.get(name, [])) for name in names}


def _one(name: str, card: Mapping[str, Any] | None, revisions: Sequence[Mapping[str, Any]]) -> Kin:
    if card is None:
        licence = Licence(weights=revisions[0]["licence"]) if revisions else Licence()
        return Kin(id=name, licence=licence, revisions=tuple(revisions))
    licence = Licence(weights=card["licence"])
    return Kin(id=name, known=True, licence=licence, task=card["task"], revisions=tuple(revisions))


def _runs(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    made = {}
    for some in _chunks(list(dict.fromkeys(names))):
        for row in connection.execute(
            f"SELECT id, kind, started, outcome, metrics FROM run WHERE id IN ({marks(some)})",  # noqa: S608
            some,
        ):
            name = row.pop("id")
            made[name] = {**row, "metrics": json.loads(row["metrics"])}
    return made


def _chunks(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield list(names[start : start + _AT_ONCE])
