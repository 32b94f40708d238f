"""The query language of `zoo search`: text in, what must fit out. Nothing is read from the catalog here.

    resnet -timm task:image-classification params<30M licence:permissive top1>80 sort:-size

- **Words** must all fit, each by its beginning, in any order. A phrase of `zoo.catalog.synonyms` ("speech to text")
  also fits the models of its task. `"…"` takes words as they are: neither field nor synonym.
- **Fields**: `name:value`, `name=value`; numbers and dates also `<`, `<=`, `>`, `>=` and ranges `1M..5M`; text `a,b`
  for either.
- **`-`** before a word or field excludes what fits it.
- **`sort:name`** orders as one expects (smallest, newest, best first), `sort:-name` the other way round.
- A colon in a word whose first part is like no field (`hf:org/name`, a URL) is part of the word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from zoo.catalog import synonyms
from zoo.catalog.fields import (
    DESCENDING,
    FIELDS,
    canonical,
    date_bounds,
    flag,
    lower_is_better,
    misspelt,
    number,
    rounded,
    unknown_field,
)
from zoo.catalog.words import clean, query_words
from zoo.errors import BadInput, UnknownTask, nearest

__all__ = ["FIELDS", "Condition", "Query", "Term", "narrowed", "parse", "sorting"]


class Term(NamedTuple):
    """One thing that must fit: a model does by its `words`, or by any one of what stands in the other fields.

    Attributes:
        words: lower case, letters and digits only; each fits by its beginning. Several are a phrase with a meaning.
        tasks: or the model does one of these: "speech to text" -> `("automatic-speech-recognition",)`.
        langs: or it knows one of these languages: "german" -> `("de",)`.
        also: or it fits one of these words or phrases: "sentiment" -> `(("sst",), ("sst2",))`.
        excluded: typed with a leading `-`: models that fit are left out.
    """

    words: tuple[str, ...]
    tasks: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    also: tuple[tuple[str, ...], ...] = ()
    excluded: bool = False


class Condition(NamedTuple):
    """One `field:value`.

    Attributes:
        field: a key of `FIELDS`, or the name of a metric, lower case.
        op: `:` for text, lists and flags; `=`, `<`, `<=`, `>`, `>=` for numbers; `=` (begins with), `<`, `>=` for
            dates, which compare as text.
        value: text as typed, lower case; a number in base units; a flag as bool, or the text `any`.
        either: of text and lists the alternatives, at least one; otherwise empty.
        excluded: models for which this is true are left out; those of which it is not known stay.
    """

    field: str
    op: str
    value: str | float | bool
    either: tuple[str, ...] = ()
    excluded: bool = False


class Query(NamedTuple):
    """What was asked for.

    Attributes:
        text: the words as typed, without fields and excluded words: for exact names and for "did you mean".
        terms: all must fit.
        conditions: all must hold.
        sort: a number or date of `FIELDS` or a metric's name; None by relevance.
        descending: whether the largest comes first.
        hints: words that, in a model's name, put it in front of others that fit as well; they need not fit
            ("english to german" -> `("ende",)`, the way in which translation models write a pair of languages).
    """

    text: str = ""
    terms: tuple[Term, ...] = ()
    conditions: tuple[Condition, ...] = ()
    sort: str | None = None
    descending: bool = False
    hints: tuple[str, ...] = ()


class _Piece(NamedTuple):
    """A part of the text between blanks: a word, or a field with its operator and value."""

    raw: str
    excluded: bool = False
    quoted: bool = False
    name: str = ""
    op: str = ""
    value: str = ""


# Compiled when a text needs it (`re` keeps what it compiled): most searches are plain words, and start in a few ms.
_PIECE = r"""(?P<excluded>-(?=[\w"]))?
    (?: "(?P<quoted>[^"]*)"(?=\s|$)
      | (?P<name>[^\W\d_][\w.@-]*?)
        (?: (?P<op>:(?:[<>]=?|=)?) (?P<value>"[^"]*"|'[^']*'|[^\s"']\S*|)
          | \s*(?P<compared>[<>]=?|==?)\s*
            (?P<number>"[^"]*"|'[^']*'|[^\s"'<>=]\S*(?:\s(?:[kmgtKMGT]i?[bB]|[kKMGBT])(?=\s|$))?|)
        )(?=\s|$)
      | (?P<word>\S+)
    )"""
_SIGNS = re.compile(r'[:<>="]|(?:^|\s)-')
# Schemes of names that `zoo pull` takes, and of addresses: never a field.
_SCHEMES = frozenset(["arxiv", "doi", "file", "hf", "http", "https", "package", "pypi", "run"])
Metrics = Callable[[], Iterable[str]]


def parse(text: str | Iterable[str], metrics: Metrics | None = None) -> Query:
    """Read a query; any text is one, or one clear mistake.

    Args:
        text: as typed, or its words.
        metrics: called for the catalog's own metric names when a name is neither a field nor a usual metric.

    Raises:
        BadInput: an unknown field, or a value that is no number or date; with the nearest names.
        UnknownTask: `task:` with a task that does not exist.
    """
    typed = clean(text if isinstance(text, str) else " ".join(text))
    plain: list[_Piece] = []
    conditions: list[Condition] = []
    order: tuple[str | None, bool] = (None, False)
    for piece in _pieces(typed):
        field = _field(piece, metrics) if piece.op else None
        if field is None:
            plain.append(piece)
        elif field == "sort":
            order = sorting(piece.value, metrics)
        else:
            conditions += _conditions(field, piece)
    shown = " ".join(piece.raw for piece in plain if not piece.excluded)
    hints = synonyms.hints(query_words(shown))
    return Query(shown, _terms(plain), tuple(conditions), *order, hints)


def _pieces(typed: str) -> Iterator[_Piece]:
    if _SIGNS.search(typed):
        yield from map(_piece, re.finditer(_PIECE, typed, re.VERBOSE))
    else:
        yield from map(_Piece, typed.split())


def _piece(match: re.Match[str]) -> _Piece:
    excluded = bool(match["excluded"])
    if match["quoted"] is not None:
        return _Piece(match["quoted"], excluded, quoted=True)
    raw = match[0].removeprefix("-") if excluded else match[0]
    op = match["op"] or match["compared"] or ""
    value = (match["value"] or match["number"] or "").strip("\"'")
    return _Piece(raw, excluded, False, match["name"] or "", op, value)


def _field(piece: _Piece, metrics: Metrics | None) -> str | None:
    """The canonical field of a piece, or None when it is a word after all; raises `BadInput` for a likely mistake."""
    name = piece.name.lower()
    if name == "sort" and piece.op in {":", "="}:
        return "sort"
    if field := canonical(name):
        return field
    if name in _SCHEMES or piece.value.startswith("//") or not piece.value:
        return None
    own = tuple(known.lower() for known in metrics()) if metrics else ()
    if field := canonical(name, own):
        return field
    if (piece.op in {"<", "<=", ">", ">="} and piece.value[:1].isdigit()) or misspelt(name, own):
        raise unknown_field(piece.name, own)
    return None


def _conditions(field: str, piece: _Piece) -> list[Condition]:
    """What a field asks for: one condition, two for a range, none where any value will do."""
    kind = FIELDS.get(field, "number")
    op, value = piece.op, piece.value.lower().strip()
    op = (op[1:] if op[:1] == ":" and len(op) > 1 else op).replace("==", "=")
    if not value:
        raise BadInput(f"{field} has no value", f'Write {field}:VALUE, or "{field}:" for the words themselves.')
    if kind in {"number", "date"}:
        return _compared(field, kind, op, value, piece)
    if op not in {":", "="}:
        raise BadInput(f"{field} is a word, not a number", f"Write {field}:{value}.")
    if kind == "flag":
        wanted = flag(field, value)
        if wanted is None:
            return [Condition(field, ":", "any")] if field == "deprecated" else []
        return [Condition(field, ":", wanted, (), piece.excluded)]
    either = tuple(part for v in value.split(",") if v.strip() for part in _values(field, v.strip()))
    if not either:
        raise BadInput(f"{field} has no value", f"Write {field}:VALUE.")
    return [Condition(field, ":", ",".join(either), either, piece.excluded)]


def _values(field: str, value: str) -> tuple[str, ...]:
    """A value as cards write it: a language's code, a licence class, the tasks that a phrase means."""
    if field == "task":
        return _tasks(value)
    if field == "lang":
        return (synonyms.LANGUAGES.get(value, value),)
    if field == "licence":
        return (synonyms.LICENCES.get(value.replace("_", "-").replace(" ", "-"), value),)
    return (value,)


def _tasks(value: str) -> tuple[str, ...]:
    name = value.replace("_", "-").replace(" ", "-")
    if name in synonyms.TASK_NAMES:
        return (name,)
    if (found := synonyms.PHRASES.get(tuple(query_words(value)))) and found.tasks:
        return found.tasks
    known = nearest(name, synonyms.TASK_NAMES) or tuple(sorted(synonyms.TASK_NAMES))
    raise UnknownTask(f"there is no task {value!r}", f"Did you mean {', '.join(known)}?")


def _compared(field: str, kind: str, op: str, value: str, piece: _Piece) -> list[Condition]:
    lower, dots, upper = value.partition("..")
    if op in {":", "="} and dots:
        bounds = [(">=", lower), ("<=", upper)]
    elif op in {":", "="} and kind == "number":
        least, most = rounded(field, value)
        if least == most:
            return [Condition(field, "=", least, (), piece.excluded)]
        return _range(piece, [Condition(field, ">=", least), Condition(field, "<", most)])
    else:
        bounds = [("=" if op == ":" else op, value)]
    made = [_bound(field, kind, op, text) for op, text in bounds if text]
    if not made:
        raise BadInput(f"{piece.raw!r} has no bound", f"Write {field}:1..5, {field}:1.. or {field}:..5.")
    return _range(piece, made)


def _range(piece: _Piece, made: list[Condition]) -> list[Condition]:
    if not piece.excluded:
        return made
    if len(made) > 1:
        raise BadInput(f"a range cannot be excluded: -{piece.raw}", "Say what may stay, such as params<1M.")
    return [made[0]._replace(excluded=True)]


def _bound(field: str, kind: str, op: str, text: str) -> Condition:
    if kind == "number":
        return Condition(field, op, number(field, text))
    begin, after = date_bounds(field, text)
    if op == "=":
        return Condition(field, "=", begin)
    return Condition(field, ">=" if op[0] == ">" else "<", after if op in {">", "<="} else begin)


def narrowed(
    query: Query,
    *,
    task: str | None = None,
    library: str | None = None,
    licence: str | None = None,
    installed: bool | None = None,
) -> Query:
    """The query with further conditions, as the options of `zoo search` set them; raises `UnknownTask`."""
    asked = {"task": task, "library": library, "licence": licence}
    more = [
        Condition(field, ":", value.lower().strip(), _values(field, value.lower().strip()))
        for field, value in asked.items()
        if value is not None
    ]
    more += [Condition("installed", ":", installed)] if installed is not None else []
    return query._replace(conditions=(*query.conditions, *more))


def sorting(text: str, metrics: Metrics | None = None) -> tuple[str | None, bool]:
    """`(field, descending)` of `params`, `-params`, `params-asc`, `params-desc`, `relevance`; raises `BadInput`.

    A field alone sorts as one expects: newest, most downloaded and best first, but smallest first. `-` turns it round.
    """
    name = text.lower().strip()
    if name in {"", "relevance"}:
        return None, False
    way = next((way for way in ("-asc", "-desc") if name.endswith(way)), "")
    turned = name.startswith("-")
    name = name.removeprefix("-").removesuffix(way)
    own = tuple(known.lower() for known in metrics()) if metrics and canonical(name) is None else ()
    field = canonical(name, own)
    if field is None:
        raise unknown_field(name, own)
    if FIELDS.get(field, "number") not in {"number", "date"}:
        able = ", ".join(known for known, kind in FIELDS.items() if kind in {"number", "date"})
        raise BadInput(f"models cannot be sorted by {field}", f"Sort by {able}, or a metric such as top1.")
    natural = field in DESCENDING or (field not in FIELDS and not lower_is_better(field))
    return field, (way == "-desc") if way else natural != turned


def _terms(pieces: list[_Piece]) -> tuple[Term, ...]:
    """The terms of the words in their order; what was typed next to each other may be a phrase with a meaning."""
    made: list[Term] = []
    run: list[str] = []
    for piece in pieces:
        words = query_words(piece.raw)
        if piece.excluded:
            made += [term._replace(excluded=True) for term in _meant(words, piece.quoted)]
        elif piece.quoted:
            made += [*_meant(run, False), *_meant(words, True)]
            run = []
        else:
            run += words
    made += _meant(run, False)
    return _without_fillers(made, pieces)[:MOST_TERMS]


MOST_TERMS = 16


def _meant(words: list[str], quoted: bool) -> list[Term]:
    return [Term((word,)) for word in words] if quoted else [Term(*found) for found in synonyms.read(words)]


def _without_fillers(terms: list[Term], pieces: list[_Piece]) -> tuple[Term, ...]:
    """Without "to", "for", "model" …, unless nothing else was typed."""
    quoted = {word for piece in pieces if piece.quoted for word in query_words(piece.raw)}
    empty = synonyms.FILLERS - quoted
    kept = tuple(term for term in terms if term.excluded or not {*term.words} <= empty)
    return kept if any(not term.excluded for term in kept) else tuple(terms)
