"""Writing the rows of cards, by the driver itself: a card is one row in each of a few tables.

The full-text index takes rows fastest in the order of their keys, so that each batch is sorted by them.
"""

from __future__ import annotations

import functools
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from zoo.catalog.codes import ANCHOR, LEAD, character, fact, is_code, number_of
from zoo.catalog.entries import Entry
from zoo.catalog.goodness import SEQUENCE_BITS
from zoo.catalog.reading import marks
from zoo.catalog.schema import ModelRow
from zoo.catalog.words import fold, name_parts

__all__ = ["Rows", "batches"]

_BATCH = 500  # SQLite limits the parameters of a statement
_COLUMNS = tuple(ModelRow.__table__.columns.keys())
_INSERT_MODEL = f"INSERT INTO model ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_VALUES = itemgetter(*_COLUMNS)
_SPACE = 1 << SEQUENCE_BITS


def batches(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """The keys, a few at a time."""
    return (keys[i : i + _BATCH] for i in range(0, len(keys), _BATCH))


class Rows:
    """The rows of the catalog's models within one transaction; `finish` must be called at its end.

    Args:
        connection: the driver's own, in a transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._begin()

    def _begin(self) -> None:
        self._next: dict[int, int] = {}
        self._numbers: dict[str, int] = {}
        self._last_number: int | None = None
        self._character = functools.cache(character)
        self._facts: Counter[int] = Counter()
        self._words: Counter[str] = Counter()
        self._groups: set[tuple[str, str]] = set()

    def put(self, feed: str, entries: Iterable[Entry]) -> None:
        """Write new cards of a feed."""
        ordered = sorted(entries, key=_goodness)
        leads = _leads(ordered)
        fed, lead = self._number(fact("feed", fold(feed))), self._number(LEAD)
        models: list[tuple[Any, ...]] = []
        cards: list[tuple[int, str]] = []
        also: list[tuple[str, int]] = []
        texts: list[tuple[int, str]] = []
        numbered: list[list[int]] = []
        for entry in ordered:
            key, model = self._key(entry.bucket), entry.model
            first = model["name"] == model["short"] or self._leads(model, leads) is entry
            numbers = [fed, *map(self._number, entry.facts)]
            if first:
                numbers.append(lead)
            numbered.append(numbers)
            models.append(_VALUES(model | {"key": key, "feed": feed, "variant": 0 if first else 1}))
            cards.append((key, entry.text))
            also += [(name, key) for name in entry.also]
            texts.append((key, f"{entry.words} {' '.join(map(self._character, numbers))}"))
        self._facts.update(chain.from_iterable(numbered))
        self._words.update(chain.from_iterable(_vocabulary(entry.words) for entry in ordered))
        run = self._connection.executemany
        run(_INSERT_MODEL, models)
        run("INSERT INTO card (model, text) VALUES (?, ?)", cards)
        run("INSERT INTO also (name, model) VALUES (?, ?)", also)
        run("INSERT INTO model_search (rowid, words) VALUES (?, ?)", texts)

    def _leads(self, model: Mapping[str, Any], leads: Mapping[tuple[str, str], Entry]) -> Entry:
        """The first variant of a tagged name, as far as this batch tells; `finish` looks at all."""
        group = (model["folded"].rpartition("/")[0], model["short"])
        self._groups.add(group)
        return leads[group]

    def _key(self, bucket: int) -> int:
        """The next free key of a bucket."""
        if bucket not in self._next:
            low = bucket * _SPACE
            sql = "SELECT max(key) FROM model WHERE key BETWEEN ? AND ?"
            (last,) = self._connection.execute(sql, (low, low + _SPACE - 1)).fetchone()
            self._next[bucket] = low if last is None else last + 1
        key = self._next[bucket]
        self._next[bucket] = key + 1
        return key

    def _number(self, known: str) -> int:
        """The number of a fact, a new one where nothing has it yet."""
        found = self._numbers.get(known)
        return self._look_up(known) if found is None else found

    def _look_up(self, known: str) -> int:
        run, pair = self._connection.execute, known.split("\t")
        row = run("SELECT key FROM facet WHERE field = ? AND value = ?", pair).fetchone()
        if row is not None:
            number = int(row[0])
        else:
            if self._last_number is None:
                self._last_number = int(run("SELECT ifnull(max(key), 0) FROM facet").fetchone()[0])
            number = self._last_number = self._last_number + 1
            run("INSERT INTO facet (key, field, value, models) VALUES (?, ?, ?, 0)", (number, *pair))
        self._numbers[known] = number
        return number

    def remove(self, keys: Sequence[int]) -> None:
        """Remove models with all that hangs on them."""
        run = self._connection.execute
        for some in batches(sorted(keys)):
            among = f"({marks(some)})"
            for (words,) in run(f"SELECT words FROM model_search WHERE rowid IN {among}", some):  # noqa: S608
                self._forget(words.split(" "))
            for folded, name, short in run(f"SELECT folded, name, short FROM model WHERE key IN {among}", some):  # noqa: S608
                if name != short:
                    self._groups.add((folded.rpartition("/")[0], short))
            for table, column in (("model_search", "rowid"), ("also", "model"), ("card", "model"), ("model", "key")):
                run(f"DELETE FROM {table} WHERE {column} IN {among}", some)  # noqa: S608
        self._next.clear()

    def _forget(self, words: list[str]) -> None:
        self._facts.subtract(number_of(word) for word in words if is_code(word))
        self._words.subtract(word for word in words if word[0] < "\ue000" or word[0] > "\uf8ff")

    def finish(self) -> None:
        """Number the variants of names that changed, and count facts and words anew."""
        self._number_variants()
        run = self._connection.executemany
        facts = [(change, number) for number, change in sorted(self._facts.items()) if change]
        run("UPDATE facet SET models = models + ? WHERE key = ?", facts)
        self._connection.execute("DELETE FROM facet WHERE models = 0")
        self._count_words()
        self._begin()

    def _count_words(self) -> None:
        changes = sorted((word, change) for word, change in self._words.items() if change)
        run = self._connection
        new = "SELECT max(key) FROM word"
        last = run.execute(new).fetchone()[0] or 0
        run.executemany(
            "INSERT INTO word (text, models) VALUES (?, ?) ON CONFLICT (text) DO UPDATE "
            "SET models = models + excluded.models",
            changes,
        )
        run.execute("INSERT INTO word_gram (rowid, text) SELECT key, text FROM word WHERE key > ?", (last,))
        run.execute(
            "INSERT INTO word_gram (word_gram, rowid, text) SELECT 'delete', key, text FROM word WHERE models = 0"
        )
        run.execute("DELETE FROM word WHERE models = 0")

    def _number_variants(self) -> None:
        """Of the tagged names of one owner with one short name: the one tagged `default` first, then by score."""
        run = self._connection.execute
        turned: list[tuple[int, bool]] = []
        for owner, short in sorted(self._groups):
            begin = f"{owner}/{short}" if owner else short
            # Tagged names go on with a dot, and "/" is the sign after it. The "+" keeps SQLite from going by `short`.
            rows = run(
                "SELECT key, variant FROM model WHERE folded > ? AND folded < ? AND +short = ? "
                "ORDER BY chosen DESC, metric_order DESC NULLS LAST, folded",
                (f"{begin}.", f"{begin}/", short),
            )
            for wanted, (key, variant) in enumerate(rows.fetchall()):
                if wanted != variant:
                    run("UPDATE model SET variant = ? WHERE key = ?", (wanted, key))
                    if (wanted == 0) != (variant == 0):
                        turned.append((key, wanted == 0))
        for key, leads in sorted(turned):
            self._turn(key, leads)

    def _turn(self, key: int, leads: bool) -> None:
        """Make a model the first of its variants in the index, or not any more."""
        number = self._number(LEAD)
        lead = character(number)
        (text,) = self._connection.execute("SELECT words FROM model_search WHERE rowid = ?", (key,)).fetchone()
        words = [word for word in text.split(" ") if word != lead] + ([lead] if leads else [])
        self._connection.execute("DELETE FROM model_search WHERE rowid = ?", (key,))
        self._connection.execute("INSERT INTO model_search (rowid, words) VALUES (?, ?)", (key, " ".join(words)))
        self._facts[number] += 1 if leads else -1


def _leads(entries: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    """The first variant of each tagged name among these, as far as they tell."""
    made: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        owner, name, short = name_parts(entry.model["folded"])
        if name != short and _order(entry) <= _order(made.setdefault((owner, short), entry)):
            made[owner, short] = entry
    return made


def _goodness(entry: Entry) -> tuple[int, float, int, str]:
    """The best first; of equals those with shorter names."""
    return (entry.bucket, -entry.points, len(entry.model["short"]), entry.model["folded"])


def _order(entry: Entry) -> tuple[bool, bool, float, str]:
    score = entry.model["metric_order"]
    return (not entry.model["chosen"], score is None, -(score or 0.0), entry.model["folded"])


def _vocabulary(words: str) -> list[str]:
    """The words of names among a row's words: those before the first anchor."""
    return words.partition(f" {ANCHOR}")[0].split(" ")
