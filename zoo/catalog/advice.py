"""Nothing fits: which word is likely misspelt, and which condition leaves nothing over?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from zoo.catalog import hot, synonyms
from zoo.catalog.query import Condition, Query, Term, parse
from zoo.catalog.words import name_words, query_words
from zoo.errors import NotFound

__all__ = ["nothing_fits", "written"]

_SHORTEST = 4  # a word of three letters is near to too many others
_ALIKE = 0.75


def nothing_fits(path: Path, query: Query) -> NotFound:
    """What was asked for, and what would find something: fewer conditions, or other words."""
    asked = ([repr(query.text)] if query.text else []) + [written(c) for c in query.conditions]
    asked += [f"without {' '.join(term.words)!r}" for term in query.terms if term.excluded]
    return NotFound(f"no model fits {' and '.join(asked) or 'that'}", _remedy(path, query))


def _remedy(path: Path, query: Query) -> str:
    words = query._replace(conditions=(), sort=None)
    if query.conditions and (total := _total(path, words)):
        hints = list(_without_one(path, query))
        if not hints and len(query.conditions) > 1:
            hints = [f"without any of these conditions {_there_are(total)}"]
        return f"{_sentence('; '.join(hints))}." if hints else "Use fewer or other conditions."
    near = hot.near(path, query.text) if query.text else []
    if better := _corrected(path, words):
        others = f", or {', '.join(near)}" if near else ""
        return f"Did you mean `zoo search {better}`{others}?"
    return f"Did you mean {', '.join(near)}?" if near else "Use fewer or other words; `zoo search` alone shows all."


def _total(path: Path, query: Query) -> int:
    return hot.search(path, query, limit=1).total


def _there_are(total: int) -> str:
    return f"there {'is' if total == 1 else 'are'} {total:,}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _without_one(path: Path, query: Query) -> Iterator[str]:
    """`without top1>99 there are 12`, for each condition (both ends of a range together) that alone is too much."""
    for field in dict.fromkeys((c.field, c.excluded) for c in query.conditions):
        rest = tuple(c for c in query.conditions if (c.field, c.excluded) != field)
        if total := _total(path, query._replace(conditions=rest, sort=None)):
            left_out = " ".join(written(c) for c in query.conditions if (c.field, c.excluded) == field)
            yield f"without {left_out} {_there_are(total)}"


def written(condition: Condition) -> str:
    """A condition as one would type it: `params<30M`, `-library:timm`."""
    value = condition.value
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, float):
        value = _short(value)
    elif condition.op == "<" and value.endswith("~"):
        value = value[:-1]
    quoted = f'"{value}"' if " " in value else value
    return f"{'-' * condition.excluded}{condition.field}{condition.op}{quoted}"


def _short(value: float) -> str:
    for unit, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{value / scale:.6g}{unit}"
    return f"{value:g}"


def _corrected(path: Path, query: Query) -> str:
    """The words with those that nothing has replaced by the nearest that are known; empty when that finds nothing."""
    made: list[str] = []
    changed = False
    for term in (term for term in query.terms if not term.excluded):
        better = "" if _total(path, Query(terms=(term,))) else _nearest_word(path, term)
        changed |= bool(better)
        made.append(better or " ".join(term.words))
    text = " ".join(made)
    return text if changed and _total(path, parse(text)) else ""


def _nearest_word(path: Path, term: Term) -> str:
    """The known word that is nearest to a misspelt one: of phrases, languages, and the names that are alike."""
    word = "".join(term.words)
    if len(word) < _SHORTEST:
        return ""
    names = (part for model in hot.near(path, word, 5) for part in name_words(model.rpartition("/")[2]).split())
    found = difflib.get_close_matches(word, dict.fromkeys([*_phrase_words(), *names]), n=1, cutoff=_ALIKE)
    return found[0] if found else ""


def _phrase_words() -> Iterable[str]:
    return dict.fromkeys(word for phrase in synonyms.PHRASES for word in phrase if len(query_words(word)) == 1)
