"""Which models are like one: for the same task, of the same family, about as large, for the same data."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator

from zoo.catalog.bands import band
from zoo.catalog.codes import DEPRECATED, LEAD, character
from zoo.catalog.index import Expression, Index, all_of, any_of, but, quoted
from zoo.catalog.reading import Row
from zoo.catalog.showing import rows_of

__all__ = ["similar"]

_CANDIDATES = 60  # of each kind
_DOUBLING = 32  # narrow bands from a number of parameters to twice that number
_LARGEST_RATIO = 8.0  # of parameters; beyond that sizes are not alike at all


def similar(connection: sqlite3.Connection, model_id: str, limit: int) -> list[Row]:
    """The models most like one, best first, each with `why`; none when there is no such model.

    Of the variants of one name only the first is given.
    """
    row = connection.execute("SELECT key FROM model WHERE id = ?", (model_id,)).fetchone()
    if row is None:
        return []
    (model,) = rows_of(connection, [row["key"]])
    keys = [key for key in _candidates(connection, model) if key != row["key"]]
    scored = [(_score(model, other), other) for other in rows_of(connection, keys)]
    best = sorted(enumerate(scored), key=lambda item: (-item[1][0][0], item[0]))
    return [{**other, "why": ", ".join(why)} for _, ((_, why), other) in best[:limit]]


def _candidates(connection: sqlite3.Connection, model: Row) -> list[int]:
    index = Index(connection)
    sql = f"SELECT rowid AS key FROM model_search WHERE model_search MATCH ? ORDER BY rowid LIMIT {_CANDIDATES}"  # noqa: S608
    found: dict[int, None] = {}
    for expression in _kinds(index, model):
        if expression:
            found |= dict.fromkeys(int(row["key"]) for row in connection.execute(sql, (expression,)))
    return list(found)


def _kinds(index: Index, model: Row) -> Iterator[Expression]:
    """From the most alike to the least; always for the same task, and not deprecated."""
    task = all_of([index.fact("task", [model["task"]]), index.has(LEAD)])
    task = but(task, index.has(DEPRECATED))
    family = index.fact("family", [model["family"]]) if model["family"] else None
    data = index.fact("dataset", model["datasets"])
    spoken = index.fact("lang", model["languages"][:20])
    near = _about_as_large(index, model["parameters"])
    made_from_it = index.fact("base", [model["id"], *([model["base"]] if model["base"] else [])])
    yield made_from_it
    for kind in ((family, near), (family,), (data, near), (spoken, near), (near,), (data,), ()):
        yield all_of([task, *kind])


def _about_as_large(index: Index, parameters: int | None) -> Expression:
    """Models with half to twice as many parameters."""
    if parameters is None:
        return None
    at = band("params", parameters)
    bands = [key for n, key, _ in index.bands("params") if abs(n - at) <= _DOUBLING]
    return any_of(quoted(character(key)) for key in bands)


def _score(model: Row, other: Row) -> tuple[float, list[str]]:
    """How alike two models are, and in what."""
    made, why = 0.0, list[str]()
    if descent := _descent(model, other):
        made += 2.0
        why.append(descent)
    if model["family"] and model["family"] == other["family"]:
        made += 3.0
        why.append(f"also {model['family']}")
    elif model["architecture"] == other["architecture"]:
        made += 2.0
        why.append(f"also {model['architecture']}")
    if model["task"] == other["task"]:
        made += 2.0
        why.append(f"the same task {model['task']}")
    elif shared := [task for task in other["tasks"] if task in model["tasks"]]:
        made += 1.0
        why.append(f"also does {shared[0]}")
    for name, what in (("datasets", "trained on"), ("languages", "knows")):
        one, two = set(model[name]), set(other[name])
        if both := one & two:
            made += len(both) / len(one | two)
            why.append(f"{what} {', '.join(sorted(both)[:3])}" + (", …" if len(both) > 3 else ""))
    return made + _alike_in_size(model, other, why), why


def _descent(model: Row, other: Row) -> str:
    if other["base"] == model["id"]:
        return "made from it"
    if other["id"] == model["base"]:
        return "what it was made from"
    return "made from the same model" if other["base"] and other["base"] == model["base"] else ""


def _alike_in_size(model: Row, other: Row, why: list[str]) -> float:
    one, two = model["parameters"], other["parameters"]
    if not one or not two:
        return 0.0
    ratio = two / one
    why.append("as many parameters" if 0.95 < ratio < 1.05 else f"{ratio:.2g} times the parameters")
    return max(0.0, 2.0 * (1 - abs(math.log(ratio)) / math.log(_LARGEST_RATIO)))
