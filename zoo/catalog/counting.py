"""How many of the models that fit a query have each task, licence, library, …?"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from zoo.catalog.codes import character, is_code, number_of
from zoo.catalog.fields import FIELDS, unknown_field
from zoo.catalog.finding import Search
from zoo.catalog.index import all_of, quoted
from zoo.catalog.query import Query
from zoo.catalog.reading import Row, marks

__all__ = ["Counts", "counts"]

Counts = dict[str, list[tuple[str, int]]]

_FEW = 1500  # hits whose facts are read one by one
_SOME = 500  # SQLite limits the parameters of a statement
_MORE = 5  # values of a field that are counted beyond those asked for, where hits are many


def counts(connection: sqlite3.Connection, query: Query, names: Iterable[str], most: int) -> Counts:
    """`{name: [(value, models), …]}`, the commonest first; a licence counts by its class.

    Where more than 1,500 models fit, only a field's commonest values in the whole catalog are counted, each up to
    10,000, and numbers in the bands at a range's ends are not compared one by one.

    Raises:
        BadInput: a name is no field of words.
    """
    fields = {name: _field(name) for name in names}
    asked = Search(connection, query._replace(sort=None))
    keys = asked.page(_FEW, 0)
    if len(keys) < _FEW:
        found = _read(connection, keys, set(fields.values()))
    else:
        found = {
            field: _counted(connection, asked, field, most + _MORE, narrowed=bool(query.terms or query.conditions))
            for field in fields.values()
        }
    return {name: _best(found.get(field, Counter()), most) for name, field in fields.items()}


def _field(name: str) -> str:
    if FIELDS.get(name) not in {"text", "list"} or name == "id":
        raise unknown_field(name)
    return "class" if name == "licence" else name


def _best(found: Counter[str], most: int) -> list[tuple[str, int]]:
    return sorted(((value, n) for value, n in found.items() if n), key=lambda pair: (-pair[1], pair[0]))[:most]


def _read(connection: sqlite3.Connection, keys: Sequence[int], fields: set[str]) -> dict[str, Counter[str]]:
    """Counts by reading the models' facts."""
    numbers: Counter[int] = Counter()
    for start in range(0, len(keys), _SOME):
        some = keys[start : start + _SOME]
        for row in connection.execute(f"SELECT words FROM model_search WHERE rowid IN ({marks(some)})", some):  # noqa: S608
            numbers.update(number_of(word) for word in row["words"].split(" ") if is_code(word))
    made: dict[str, Counter[str]] = {field: Counter() for field in fields}
    known = list(numbers)
    for start in range(0, len(known), _SOME):
        some = known[start : start + _SOME]
        facts = connection.execute(f"SELECT key, field, value FROM facet WHERE key IN ({marks(some)})", some)  # noqa: S608
        for row in facts:
            if row["field"] in fields:
                made[row["field"]][row["value"]] = numbers[row["key"]]
    return made


def _counted(connection: sqlite3.Connection, asked: Search, field: str, most: int, *, narrowed: bool) -> Counter[str]:
    """Counts by asking the index for each value; of all models they are known."""
    sql = "SELECT key, value, models FROM facet WHERE field = ? ORDER BY models DESC, value LIMIT ?"
    values: list[Row] = connection.execute(sql, (field, most)).fetchall()
    if not narrowed:
        return Counter({row["value"]: row["models"] for row in values})
    return Counter({row["value"]: asked.about(all_of([asked.hits, quoted(character(row["key"]))])) for row in values})
