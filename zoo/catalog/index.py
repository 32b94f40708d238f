"""What is asked for, as expressions of the full-text index.

An expression is a text of FTS5's language, or None where no model can fit. Facts and numbers are looked up among those
that models have (table `facet`), so that a condition becomes a few words of the index.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from zoo.catalog.bands import NUMBERS, band, wide
from zoo.catalog.codes import LONGEST, character
from zoo.catalog.reading import marks
from zoo.catalog.words import fold, query_words

__all__ = ["LAST", "Expression", "Index", "Range", "all_of", "any_of", "but", "column", "quoted"]

LAST = "\U0010ffff"  # sorts behind every other character: `prefix + LAST` ends a range
_INDEXED = 7  # letters of the longest beginnings that the index holds
_MOST_WORDS = 100  # that begin with, or hold, what was typed
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
            return f'"{word}"*'
        # Longer beginnings are not in the index, but few words have them.
        sql = "SELECT text FROM word WHERE text >= ? AND text < ? ORDER BY models DESC, text LIMIT ?"
        found = self._texts(sql, (word, word + LAST, _MOST_WORDS + 1))
        return f'"{word}"*' if len(found) > _MOST_WORDS else any_of(map(quoted, found))

    def about(self, word: str) -> Expression:
        """Models with a word that begins so in what is said of them; shorter words as a whole."""
        end = word + LAST if len(word) >= _SHORT else word + "\0"
        sql = (
            "SELECT key FROM facet WHERE field = 'word' AND value >= ? AND value < ? ORDER BY models DESC, key LIMIT ?"
        )
        return self._codes(sql, (word, end, _MOST_WORDS))

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

    def range(self, field: str, op: str, value: float | str) -> Range:
        """Models with a number or date that compares so."""
        at = band(field, value)
        low, high = self._limits(op, at, value)
        edges = {wide(end) for end in (low, high) if end is not None}
        # A wide band at an end of the range is taken apart into its narrow ones.
        wides = self.bands(field, "##")
        whole = [key for n, key, _ in wides if n not in edges and _between(n, _wide(low), _wide(high))]
        narrow = [(n, key) for n, key, _ in self.bands(field) if wide(n) in edges and _between(n, low, high)]
        whole += [key for n, key in narrow if n != at]
        edge = [key for n, key in narrow if n == at]
        sql, values = _compared(field, op, value)
        inside, at_edge = (any_of(quoted(character(key)) for key in keys) for keys in (whole, edge))
        return Range(inside, at_edge, sql, values)

    @staticmethod
    def _limits(op: str, at: int, value: float | str) -> tuple[int | None, int | None]:
        if op == "=":
            return at, at + 15 if isinstance(value, str) and len(value) == 4 else at
        return (at, None) if op[0] == ">" else (None, at)


def _between(number: int, low: int | None, high: int | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def _wide(end: int | None) -> int | None:
    return None if end is None else wide(end)


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
