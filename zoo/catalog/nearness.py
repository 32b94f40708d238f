"""The names nearest to one that no model has, for "did you mean".

Names are too many to be compared one by one; their words are fewer. A mistyped word still shares a few letters in a row
with the right one, so that candidates are found by those, and compared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from difflib import SequenceMatcher
from pathlib import Path

from zoo.catalog.codes import ANCHOR
from zoo.catalog.index import LAST, Expression, Index, all_of, any_of, quoted
from zoo.catalog.reading import reading
from zoo.catalog.words import clean, name_parts, query_words, squash, stem

__all__ = ["near"]

_ALIKE = 0.6  # from 0 to 1, of a whole name
_WORDS_ALIKE = 0.7
_MOST = 60  # models compared for each way to find them
_MOST_WORDS = 300  # compared for a word typed
_BEST_WORDS = 6
_FEW_GRAMS = 6


def near(path: Path, name: str, count: int = 3) -> list[str]:
    """The ids closest to a name that no model has, best first."""
    name = clean(name).lower()[:200]
    if not name:
        return []
    with reading(path) as connection:
        found = list(dict.fromkeys([*_same(connection, name), *_alike(connection, name)]))
        also = {i: _further_names(connection, i) for i in found}
    matcher = SequenceMatcher(None, "", name, autojunk=False)
    scored = ((_likeness(matcher, i, also[i]), -n, i) for n, i in enumerate(found))
    best = sorted((s for s in scored if s[0] >= _ALIKE), reverse=True)
    return _first_variants((i for _, _, i in best), count)


def _same(connection: sqlite3.Connection, name: str) -> list[str]:
    """Models called so but for upper and lower case, and those for which it is a further name."""
    made: list[str] = []
    for where in ("folded = ?", "key IN (SELECT model FROM also WHERE also.name = ?)", "name = ?", "short = ?"):
        sql = f"SELECT id FROM model WHERE {where} ORDER BY variant, key LIMIT 40"  # noqa: S608
        made += [str(row["id"]) for row in connection.execute(sql, (name,))]
    return made


def _alike(connection: sqlite3.Connection, name: str) -> list[str]:
    """Models whose names begin alike, have words alike, or have one word like the whole."""
    index, plain, words = Index(connection), squash(name), query_words(name)
    if not plain:
        return []
    known = {word: any_of([index.name(word), *map(quoted, _words_alike(connection, word))]) for word in words}
    ways: list[Expression] = [
        index.begins(ANCHOR + plain),
        all_of(known[word] for word in words),
        all_of(part for part in known.values() if part),
        any_of(map(quoted, _words_alike(connection, plain))),
        index.begins(ANCHOR + plain[: max(1, 2 * len(plain) // 3)]),
        index.begins(ANCHOR + plain[:1]) if len(plain) < 3 else None,
    ]
    keys: dict[int, None] = {}
    sql = f"SELECT rowid AS key FROM model_search WHERE model_search MATCH ? ORDER BY rowid LIMIT {_MOST}"  # noqa: S608
    for way in ways:
        if way:
            keys |= dict.fromkeys(int(row["key"]) for row in connection.execute(sql, (way,)))
    ids = "SELECT id FROM model WHERE key = ?"
    return [str(connection.execute(ids, (key,)).fetchone()["id"]) for key in keys]


def _words_alike(connection: sqlite3.Connection, word: str) -> list[str]:
    """The words of names that are like a word, best first."""
    matcher = SequenceMatcher(None, "", word, autojunk=False)
    best: list[tuple[float, int, str]] = []
    for text, models in _candidates(connection, word):
        matcher.set_seq1(text)
        if matcher.real_quick_ratio() >= _WORDS_ALIKE and matcher.quick_ratio() >= _WORDS_ALIKE:
            best.append((matcher.ratio(), models, text))
    return [text for alike, _, text in sorted(best, reverse=True)[:_BEST_WORDS] if alike >= _WORDS_ALIKE]


def _candidates(connection: sqlite3.Connection, word: str) -> list[tuple[str, int]]:
    """Words that share a few letters in a row with a word; of short words those with the same first letter."""
    grams = [f'"{word[i : i + 3]}"' for i in range(len(word) - 2)]
    length = len(word)
    if len(grams) < 3:
        sql = (
            "SELECT text, models FROM word WHERE text >= ? AND text < ? AND length(text) BETWEEN ? AND ? "
            "ORDER BY models DESC LIMIT ?"
        )
        rows = connection.execute(sql, (word[:1], word[:1] + LAST, length - 1, length + 1, _MOST_WORDS))
    else:
        run = 2 if len(grams) <= _FEW_GRAMS else 3
        runs = [" AND ".join(grams[i : i + run]) for i in range(len(grams) - run + 1)]
        match = " OR ".join(f"({part})" for part in (*runs, f"{grams[0]} AND {grams[-1]}"))
        sql = (
            "SELECT word.text, models FROM word_gram JOIN word ON word.key = word_gram.rowid "
            "WHERE word_gram MATCH ? ORDER BY abs(length(word.text) - ?), models DESC LIMIT ?"
        )
        rows = connection.execute(sql, (match, length, _MOST_WORDS))
    return [(str(row["text"]), int(row["models"])) for row in rows]


def _further_names(connection: sqlite3.Connection, model_id: str) -> list[str]:
    sql = "SELECT also.name FROM also JOIN model ON key = also.model WHERE model.id = ?"
    return [str(row["name"]) for row in connection.execute(sql, (model_id,))]


def _likeness(matcher: SequenceMatcher[str], model_id: str, also: Iterable[str]) -> float:
    """How alike the matcher's name is to an id, a part of it or a further name, the most alike of them, from 0 to 1."""
    _, last, short = name_parts(model_id.lower())
    best = 0.0
    for part in dict.fromkeys((short, stem(short), last, model_id.lower(), *also)):
        matcher.set_seq1(part)
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            best = max(best, matcher.ratio())
    return best


def _first_variants(ids: Iterable[str], count: int) -> list[str]:
    """The first `count` ids, one of each short name."""
    made: dict[tuple[str, str], str] = {}
    for model_id in ids:
        owner, _, short = name_parts(model_id)
        made.setdefault((owner, short), model_id)
    return list(made.values())[:count]
