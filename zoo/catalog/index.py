"""What is asked for, as expressions of the full-text index.

An expression is a text of FTS5's language, or None where no model can fit. Facts and numbers are looked up among those
that models have (table `facet`), so that a condition becomes a few words of the index.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from zoo.catalog.bands import NUMBERS, band, is_exact, wide
from zoo.catalog.codes import LONGEST, character
from zoo.catalog.reading import marks
from zoo.catalog.words import fold, query_words

__all__ = ["LAST", "Expression", "Index", "Range", "all_of", "any_of", "but", "column", "quoted"]

LAST = "\U0010ffff"  # sorts behind every other character: `prefix + LAST` ends a range
_INDEXED = 12  # letters of the longest beginnings that the index holds
_MOST_WORDS = 100  # that begin with, or hold, what was typed
_MOST_SAID = 20  # words of what is said that begin with what was typed
_MOST_VALUES = 500  # of a field
_SHORT = 3  # letters from which on the beginnings of words count outside of names

Expression = str | None


class Range:
    """Models with a number in a range: those surely in it, and those in the bands at its ends, to be compared."""

    def __init__(self, inside: Expression, edge: Expression, sql: str, values: tuple[float | str, ...]) -> None:
        self.inside, self.edge, self.sql, self.values = inside, edge, sql, values


def quoted(word: str) -> str:
    """A word of the index in an expression; words hold letters and digits only."""
    return f'"{word}"'


def any_of(parts: Iterable[Expression]) -> Expression:
    """What fits at least one."""
    known = list(dict.fromkeys(part for part in parts if part))
    return known[0] if len(known) == 1 else f"({' OR '.join(known)})" if known else None


def all_of(parts: Iterable[Expression]) -> Expression:
    """What fits all; None when there are none."""
    made = list(dict.fromkeys(parts))
    if not made or None in made:
        return None
    return made[0] if len(made) == 1 else f"({' AND '.join(part for part in made if part)})"


def but(part: Expression, without: Expression) -> Expression:
    """What fits the one and not the other."""
    return f"({part} NOT {without})" if part and without else part


class Index:
    """The vocabulary of one database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _texts(self, sql: str, values: Sequence[object]) -> list[str]:
        return [str(next(iter(row.values()))) for row in self._connection.execute(sql, values)]

    def name(self, word: str) -> Expression:
        """Models with a word that begins so in their names."""
        if len(word) <= _INDEXED:
            return self.begins(word)
        # Longer beginnings are not in the index, but few words have them.
        sql = "SELECT text FROM word WHERE text >= ? AND text < ? ORDER BY models DESC, text LIMIT ?"
        found = self._texts(sql, (word, word + LAST, _MOST_WORDS + 1))
        return self.begins(word) if len(found) > _MOST_WORDS else any_of(map(quoted, found))

    @staticmethod
    def begins(word: str) -> str:
        """Models with a word that begins so, as far as the index looks."""
        return f"{quoted(word[:_INDEXED])}*"

    def about(self, word: str) -> Expression:
        """Models with a word that begins so in what is said of them; shorter words as a whole."""
        end = word + LAST if len(word) >= _SHORT else word + "\0"
        sql = (
            "SELECT key FROM facet WHERE field = 'word' AND value >= ? AND value < ? ORDER BY models DESC, key LIMIT ?"
        )
        return self._codes(sql, (word, end, _MOST_SAID))

    def anywhere(self, word: str) -> Expression:
        """Models with a word that begins so in their names or in what is said of them."""
        return any_of([self.name(word), self.about(word)])

    def inside(self, word: str) -> Expression:
        """Models with this anywhere in a word of their names."""
        if len(word) < 3:  # trigrams need three letters
            sql = "SELECT text FROM word WHERE instr(text, ?) > 0 ORDER BY models DESC, text LIMIT ?"
            return any_of(map(quoted, self._texts(sql, (word, _MOST_WORDS))))
        grams = " AND ".join(f'"{word[i : i + 3]}"' for i in range(len(word) - 2))
        sql = (
            "SELECT word.text FROM word_gram JOIN word ON word.key = word_gram.rowid "
            "WHERE word_gram MATCH ? AND instr(word.text, ?) > 0 ORDER BY models DESC, word.text LIMIT ?"
        )
        return any_of(map(quoted, self._texts(sql, (grams, word, _MOST_WORDS))))

    def has(self, known: str) -> Expression:
        """Models that have a fact, such as `zoo.catalog.codes.DEPRECATED`."""
        field, _, value = known.partition("\t")
        return self.fact(field, (value,))

    def fact(self, field: str, values: Iterable[str]) -> Expression:
        """Models that have one of these values."""
        wanted = [fold(value)[:LONGEST] for value in values]
        sql = f"SELECT key FROM facet WHERE field = ? AND value IN ({marks(wanted)})"  # noqa: S608
        return self._codes(sql, (field, *wanted))

    def models(self, known: str) -> int:
        """How many models have a fact."""
        sql = "SELECT models FROM facet WHERE field = ? AND value = ?"
        row = self._connection.execute(sql, known.split("\t")).fetchone()
        return int(row["models"]) if row else 0

    def _codes(self, sql: str, values: Sequence[object]) -> Expression:
        return any_of(quoted(character(int(key))) for key in self._texts(sql, values))

    def field(self, field: str, text: str) -> Expression:
        """Models whose field is what was typed, or, where none is exactly, begins so."""
        text = fold(text)
        if field == "licence":
            return self._licence(text)
        if field == "id":
            return all_of(map(self.name, query_words(text)))
        begins = "SELECT key FROM facet WHERE field = ? AND value >= ? AND value < ? ORDER BY models DESC, key LIMIT ?"
        if field == "dataset":
            return self._codes(begins, (field, text, text + LAST, _MOST_VALUES))
        exact = self.fact(field, (text,))
        if field == "lang":  # de-at is German too
            return any_of([exact, self._codes(begins, (field, f"{text}-", f"{text}-{LAST}", _MOST_VALUES))])
        if field == "base" and not exact:
            sql = "SELECT key FROM facet WHERE field = ? AND substr(value, instr(value, '/') + 1) = ? LIMIT ?"
            return self._codes(sql, (field, text, _MOST_VALUES))
        return exact or self._codes(begins, (field, text, text + LAST, _MOST_VALUES))

    def _licence(self, text: str) -> Expression:
        """A licence's class, or what a term of its expression begins with."""
        sql = (
            "SELECT key FROM facet WHERE field = 'licence' "
            "AND instr(' ' || replace(value, '(', ' '), ' ' || ?) > 0 ORDER BY models DESC, key LIMIT ?"
        )
        return self.fact("class", (text,)) or self._codes(sql, (text, _MOST_VALUES))

    def bands(self, field: str, prefix: str = "#") -> list[tuple[int, int, int]]:
        """`(band, number of the fact, models)` of the narrow (`#`) or wide (`##`) bands that models have, in order."""
        sql = "SELECT value, key, models FROM facet WHERE field = ?"
        rows = self._connection.execute(sql, (f"{prefix}{field}",))
        return sorted((int(row["value"]), int(row["key"]), int(row["models"])) for row in rows)

    def range(self, field: str, comparisons: Sequence[tuple[str, float | str]]) -> Range:
        """Models with a number or date that compares so in all of these ways, such as `>=` 80M and `<=` 90M."""
        inside, edges, ends = _Interval(), set[int](), set[int]()
        sqls, values = list[str](), list[Any]()
        for op, value in comparisons:
            at, exact = band(field, value), is_exact(field, value)
            year = op == "=" and isinstance(value, str) and len(value) == len("2018")
            inside.narrow(op, at, exact=exact, whole_year=year)
            ends |= {wide(at), wide(at + 15 * year)}
            if exact:
                continue
            edges.add(at)
            sql, some = _compared(field, op, value)
            sqls.append(sql)
            values += some
        # A wide band at an end of the range is taken apart into its narrow ones.
        whole = [key for n, key, _ in self.bands(field, "##") if n not in ends and inside.holds(n, wide)]
        narrow = [(n, key) for n, key, _ in self.bands(field) if wide(n) in ends and inside.holds(n, int)]
        whole += [key for n, key in narrow if n not in edges]
        edge = [key for n, key in narrow if n in edges]
        surely, at_edge = (any_of(quoted(character(key)) for key in keys) for keys in (whole, edge))
        return Range(surely, at_edge, " AND ".join(sqls), tuple(values))


class _Interval:
    """The bands between some bounds, both included."""

    def __init__(self) -> None:
        self._low, self._high = -math.inf, math.inf

    def narrow(self, op: str, at: int, *, exact: bool, whole_year: bool) -> None:
        """Move a bound to a band; past it where the comparison leaves all of it out."""
        beyond = int(exact and op in {"<", ">"})
        if op[0] in "=>":
            self._low = max(self._low, at + beyond)
        if op[0] in "=<":
            self._high = min(self._high, (at + 15 if whole_year else at) - beyond)

    def holds(self, number: int, scale: Callable[[int], int]) -> bool:
        """Whether a band, narrow or wide, touches the interval."""
        low = self._low if math.isinf(self._low) else scale(int(self._low))
        high = self._high if math.isinf(self._high) else scale(int(self._high))
        return low <= number <= high


def column(field: str) -> tuple[str, tuple[str, ...]]:
    """The SQL of a field's exact number, with its values."""
    if field in NUMBERS:
        return f"model.{NUMBERS[field]}", ()
    return "json_extract(model.metrics, ?)", (f'$."{field}"',)


def _compared(field: str, op: str, value: float | str) -> tuple[str, tuple[float | str, ...]]:
    sql, values = column(field)
    if isinstance(value, str) and op == "=":
        return f"substr({sql}, 1, ?) = ?", (*values, len(value), value)
    return f"{sql} {op} ?", (*values, value)
