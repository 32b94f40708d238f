"""Running a search: pages of keys, their number, their order, and counts by fact."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from zoo.catalog.codes import character
from zoo.catalog.index import Expression, Index, Range, all_of, any_of, but, column, quoted
from zoo.catalog.query import Query
from zoo.catalog.ranking import Ranking
from zoo.catalog.reading import marks

__all__ = ["COUNTED", "Search"]

COUNTED = 10_000  # hits are counted up to here
_FEW = 1000  # below so many hits parts of words are looked for too
_LETTERS = 3  # shorter parts only where nothing else fits
_LESS = 8.0  # by how much less the share of models that fit is taken for at most
_SORTED = 2000  # so many hits are sorted at once

# The index is read first, in the order of keys; CROSS JOIN keeps SQLite from turning that round.
_FROM = "FROM model_search CROSS JOIN model ON model.key = model_search.rowid"
_BARE = "FROM model_search"


class Search:
    """One query on one open database.

    Args:
        connection: to read from.
        query: what is asked for.
    """

    def __init__(self, connection: sqlite3.Connection, query: Query) -> None:
        self._connection = connection
        self._query = query
        self._ranking = Ranking(connection, query)
        self._here = self._installed_keys() if self._ranking.installed is not None else []
        self._checks = _Checks(self._ranking.ranges)
        self._tiers = list(self._ranking.tiers)
        self._hits = self._ranking.hits
        self._first = self._named()
        self._counted: int | None = None

    def _installed_keys(self) -> list[int]:
        sql = "SELECT key FROM model WHERE id IN (SELECT model FROM revision) ORDER BY key"
        return [int(row["key"]) for row in self._connection.execute(sql)]

    def _named(self) -> list[int]:
        """The model with exactly this id, and those with it as a further name, where the conditions let them."""
        text = self._query.text.lower()
        if not text or not self._ranking.has_words:
            return []
        sql = "SELECT key FROM model WHERE folded = ? UNION ALL SELECT * FROM (SELECT model FROM also WHERE name = ? ORDER BY 1)"  # noqa: E501
        keys = list(dict.fromkeys(int(row["key"]) for row in self._connection.execute(sql, (text, text))))
        if not keys or not (self._query.conditions or self._ranking.unwanted):
            return keys
        passed = set(self._run(self._ranking.wanted, among=keys))
        return [key for key in keys if key in passed]

    def total(self) -> tuple[int, bool]:
        """How many models fit, and whether that is all: counting stops at `COUNTED`."""
        if not self._query.conditions and not self._query.terms and self._hits:
            return self._ranking.models, True
        count = self._widen()
        if self._first:
            count += len(self._first) - len(self._run(self._hits, among=self._first))
        return min(count, COUNTED), count <= COUNTED

    @property
    def hits(self) -> Expression:
        """What fits, in the index's language."""
        self._widen()
        return self._hits

    def about(self, expression: Expression) -> int:
        """How many models fit this, up to `COUNTED`, without the comparisons of single numbers."""
        return self._number_of(_BARE, expression, self._where(_Checks(())), COUNTED) if expression else 0

    def page(self, limit: int, offset: int) -> list[int]:
        """The keys of a page, best first or sorted; a negative limit means all that follow."""
        end = None if limit < 0 else offset + limit
        if self._query.sort:
            self._widen()
            return self._sorted(end)[offset:]
        found = list(self._first)
        for tier in self._tiers:
            if end is not None and len(found) >= end:
                break
            found += self._run(tier, limit=None if end is None else end - len(found), without=self._first)
        if end is None or len(found) < end:
            known = len(self._tiers)
            self._widen()
            for tier in self._tiers[known:]:
                found += self._run(tier, limit=None if end is None else end - len(found), without=self._first)
        return found[offset:end]

    def _widen(self) -> int:
        """Look for parts of words too, where hits are few; returns how many hits there are, up to `COUNTED` + 1."""
        if self._counted is None:
            self._counted = self._count(self._hits, COUNTED + 1)
            few = 1 if self._query.sort else _FEW  # sorted by a number, weak hits would come between the others
            short = self._ranking.shortest < _LETTERS
            if self._ranking.has_words and self._counted < few and not (self._counted and short):
                tier, self._hits = self._ranking.parts_of_words()
                self._tiers += [tier] if tier else []
                self._counted = self._count(self._hits, COUNTED + 1)
        return self._counted

    def _run(
        self,
        expression: Expression,
        *,
        limit: int | None = None,
        among: Sequence[int] | None = None,
        without: Sequence[int] = (),
    ) -> list[int]:
        """Keys in their order."""
        if expression is None:
            return []
        where, values = self._where(self._checks, among, without)
        tables = _FROM if self._checks.sql else _BARE
        sql = f"SELECT model_search.rowid AS key {tables} WHERE model_search MATCH ? {where}"
        sql += "ORDER BY model_search.rowid LIMIT ?"
        rows = self._connection.execute(sql, [expression, *values, -1 if limit is None else limit])
        return [int(row["key"]) for row in rows]

    def _where(
        self, checks: _Checks, among: Sequence[int] | None = None, without: Sequence[int] = ()
    ) -> tuple[str, list[Any]]:
        """The SQL for what the index cannot tell; it begins with AND."""
        parts, values = [checks.sql], list(checks.values)
        here = self._ranking.installed
        for keys, negated in (
            (among, ""),
            (without or None, "NOT "),
            (self._here if here is not None else None, "" if here else "NOT "),
        ):
            if keys is not None:
                parts.append(f"AND model_search.rowid {negated}IN ({marks(keys)})")
                values += keys
        return " ".join(part for part in parts if part) + " ", values

    def _count(self, expression: Expression, most: int) -> int:
        """How many models fit, counted up to `most`; only those in the bands at a range's ends are compared."""
        if expression is None:
            return 0
        edges = any_of(found.edge for found, _ in self._ranking.ranges)
        count = self._number_of(_BARE, but(expression, edges), self._where(_Checks(())), most)
        if edges is None or 0 <= most <= count:
            return count
        rest = most - count if most >= 0 else -1
        return count + self._number_of(_FROM, all_of([expression, edges]), self._where(self._checks), rest)

    def _number_of(self, tables: str, expression: Expression, where: tuple[str, list[Any]], most: int) -> int:
        sql = f"SELECT COUNT(*) AS n FROM (SELECT 1 {tables} WHERE model_search MATCH ? {where[0]}LIMIT ?)"  # noqa: S608
        return int(self._connection.execute(sql, [expression, *where[1], most]).fetchone()["n"])

    def _sorted(self, end: int | None) -> list[int]:
        """Keys by a number, those without it last; equal ones by goodness."""
        field = str(self._query.sort)
        number, values = column(field)
        way = "DESC" if self._query.descending else "ASC"
        order = f"ORDER BY {number} {way} NULLS LAST, model.key LIMIT ?"
        limit = -1 if end is None else end
        if end is None or self._widen() < _SORTED:
            return self._ordered(self._hits, order, values, limit)
        found: list[int] = []
        for part in self._parts(field, found, end):
            found += self._ordered(all_of([self._hits, part]), order, values, end - len(found))
            if len(found) >= end:
                return found
        known = [quoted(character(key)) for _, key, _ in Index(self._connection).bands(field, "##")]
        return found + self._run(but(self._hits, any_of(known)), limit=end - len(found))

    def _parts(self, field: str, found: Sequence[int], end: int) -> Iterator[Expression]:
        """The bands of a number in their order, as many at a time as are likely to fill `found` up."""
        bands = Index(self._connection).bands(field)
        ordered = list(reversed(bands)) if self._query.descending else bands
        share = 1.0  # of the models in a band that fit
        while ordered:
            before, models, some = len(found), 0, list[str]()
            while ordered and models * share < end - before:
                _, key, count = ordered.pop(0)
                models += count
                some.append(quoted(character(key)))
            yield any_of(some)
            share = max((len(found) - before) / models, share / _LESS) if models else share

    def _ordered(self, expression: Expression, order: str, values: Sequence[Any], limit: int) -> list[int]:
        if expression is None:
            return []
        where, checked = self._where(self._checks)
        sql = f"SELECT model.key AS key {_FROM} WHERE model_search MATCH ? {where}{order}"
        rows = self._connection.execute(sql, [expression, *checked, *values, limit])
        return list(dict.fromkeys(int(row["key"]) for row in rows))


class _Checks:
    """The comparisons of numbers that are left to SQL."""

    def __init__(self, ranges: Iterable[tuple[Range, bool]]) -> None:
        parts: list[str] = []
        self.values: list[Any] = []
        for found, excluded in ranges:
            parts.append(f"AND ({found.sql}) IS {'NOT ' if excluded else ''}TRUE")
            self.values += found.values
        self.sql = " ".join(parts)
