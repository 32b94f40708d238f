"""The schema of a model card: one function a rule, each naming the field that breaks it.

Cards come from strangers: any value may be of any type, and whatever it is, the answer is a `BadCard`.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from zoo.errors import BadCard, BadRef
from zoo.tasks import TASKS

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["check_card"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
_URI = re.compile(r"(hf|pypi|https|file|[a-z][a-z0-9+.-]*):\S+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")  # lines and tabs may be
_HALF = re.compile("[\ud800-\udfff]")  # of a character: not to be written in UTF-8

LONGEST_WORD = 500  # in characters; so much fits no name that people use
LONGEST_TEXT = 20_000
LONGEST_URI = 4_096
MOST_ITEMS = 10_000
DEEPEST = 32  # objects and lists within each other
_LARGEST = 2**63 - 1  # what a database holds as a number

_NEEDED_WORDS = ("library", "loader", "architecture", "task")
_WORDS, _TEXTS = ("family", "base", "replaced_by", "published"), ("summary", "deprecated", "paper")
_LISTS = ("tags", "languages", "datasets", "aliases")
_COUNTS = ("parameters", "macs", "size", "downloads")


def check_card(card: ModelCard) -> None:
    """Raise `BadCard` at the first rule that `card` breaks."""
    try:
        _check_id(card.id)
        _check_words(card)
        _check_texts(card)
        _check_licence(card.licence)
        _check_names(card)
        _check_numbers(card)
        _check_metrics(card)
        _check_config(card)
        _check_origins(card)
    except _Broken as error:
        raise _named(card.id, str(error)) from None
    except BadRef as error:
        raise _named(card.id, error.cause, error.remedy) from error


class _Broken(Exception):
    """A rule that a card breaks; the text begins with the field."""


def _named(card_id: Any, cause: str, remedy: str = "") -> BadCard:
    from zoo.cards import shown

    return BadCard(cause if cause.startswith("the id") else f"card {shown(card_id)}: {cause}", remedy)


def _fail(field: str, text: str) -> NoReturn:
    raise _Broken(f"{field} {text}")


def _check_id(name: Any) -> None:
    from zoo.cards import check_name

    if not isinstance(name, str):
        _fail("the id", f"of a card must be a text, not {type(name).__name__}")
    try:
        check_name(name)
    except BadRef as error:
        raise BadCard(error.cause, error.remedy) from error


def _word(field: str, value: Any, longest: int = LONGEST_WORD) -> str:
    """A text without control characters, of a bearable length."""
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        _explain(field, value, longest, _CONTROL)
    return str(value)


def _text(field: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
        _explain(field, value, LONGEST_TEXT, _CONTROL_IN_TEXT)


def _explain(field: str, value: Any, longest: int, refused: re.Pattern[str]) -> None:
    if not isinstance(value, str):
        _fail(field, f"must be a text, not {type(value).__name__}")
    if len(value) > longest:
        _fail(field, f"is {len(value)} characters long, and {longest} are allowed")
    if found := refused.search(value):
        _fail(field, f"holds the character {found[0]!a}, which no name or text needs")


def _items(field: str, value: Any) -> Iterable[Any]:
    if not isinstance(value, list | tuple):
        _fail(field, f"must be a list, not {type(value).__name__}")
    if len(value) > MOST_ITEMS:
        _fail(field, f"has {len(value)} items, and {MOST_ITEMS} are allowed")
    return value


def _check_words(card: ModelCard) -> None:
    for name in _NEEDED_WORDS:
        value = getattr(card, name)
        if not _word(name, value) or value != value.strip():
            _fail(name, f"must be a word, not {value!r}")
    for name in _WORDS:
        if (value := getattr(card, name)) is not None:
            _word(name, value)
    for name in _LISTS:
        if values := getattr(card, name):
            _check_list(name, values)
        elif values != ():
            _items(name, values)


def _check_list(name: str, values: Any) -> None:
    last = ""
    for value in _items(name, values):
        if not _word(name, value):
            _fail(name, "must be words")
        if value <= last:
            _fail(name, "must be sorted and without repeats")
        last = value


def _check_texts(card: ModelCard) -> None:
    for name in _TEXTS:
        if (value := getattr(card, name)) is not None or name == "summary":
            _text(name, value)
    if not isinstance(card.facts, Mapping):
        _fail("facts", f"must be an object, not {type(card.facts).__name__}")
    for name, value in card.facts.items():
        _word("facts", name)
        _text(f"facts.{name}", value)


def _check_licence(licence: Any) -> None:
    from zoo.cards import Licence

    if not isinstance(licence, Licence):
        _fail("licence", f"must be an object, not {type(licence).__name__}")
    _word("licence.weights", licence.weights)
    if licence.package is not None:
        _word("licence.package", licence.package)
    if licence.source is not None:
        _text("licence.source", licence.source)


def _check_names(card: ModelCard) -> None:
    from zoo.cards import check_name

    for task in (card.task, *_items("tasks", card.tasks)):
        if _word("tasks", task) not in TASKS:
            raise _Broken(f"unknown task {task!r}")
    for alias in card.aliases:
        if alias != alias.lower():
            raise _Broken(f"alias {alias!r} must be in lower case")
        check_name(alias)
    for name in (card.base, card.replaced_by):
        if name is not None:
            check_name(name)
    if card.published is not None and not _DATE.fullmatch(card.published):
        _fail("published", f"must be YYYY, YYYY-MM or YYYY-MM-DD, not {card.published!r}")


def _check_numbers(card: ModelCard) -> None:
    for name in _COUNTS:
        if (value := getattr(card, name)) is not None:
            _count(name, value)


def _count(field: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        _fail(field, f"must be a count, not {value if isinstance(value, float) else type(value).__name__}")
    if not 0 <= value <= _LARGEST:
        _fail(field, f"must be a count from 0 to {_LARGEST}")


def _check_metrics(card: ModelCard) -> None:
    from zoo.cards import Metric, shown

    for metric in _items("metrics", card.metrics):
        if not isinstance(metric, Metric):
            _fail("metrics", f"must be objects, not {type(metric).__name__}")
        _word("metric name", metric.name)
        if isinstance(metric.value, bool) or not isinstance(metric.value, int | float):
            _fail(f"metric {metric.name}", f"must be a finite number, not {shown(metric.value)}")
        if abs(metric.value) > _LARGEST or not math.isfinite(metric.value):
            _fail(f"metric {metric.name}", "must be a finite number of at most 19 digits")
        _text(f"metric {metric.name}, dataset,", metric.dataset)
        _text(f"metric {metric.name}, source,", metric.source)


def _check_config(card: ModelCard) -> None:
    if not isinstance(card.config, Mapping):
        _fail("config", f"must be an object, not {type(card.config).__name__}")
    try:
        _check_json(card.config, 0)
    except _NoJson as error:
        raise _Broken(f"{'.'.join(('config', *reversed(error.path)))} {error}") from None


class _NoJson(Exception):
    """A value that JSON or the database cannot hold, and the way to it, from its end."""

    def __init__(self, text: str) -> None:
        self.path: list[str] = []
        super().__init__(text)


def _check_json(value: Any, depth: int) -> None:
    """Refuse what cannot be written as JSON in UTF-8 and read again."""
    if isinstance(value, str):
        if not value.isascii() and (half := _HALF.search(value)):
            raise _NoJson(f"holds {half[0]!a}, which is half of a character")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _NoJson(f"holds {value!r}, which JSON cannot")
    elif isinstance(value, int):
        if not -_LARGEST <= value <= _LARGEST:
            raise _NoJson("holds a number of more than 63 bits")
    elif isinstance(value, Mapping | list | tuple):
        _check_parts(value, depth + 1)
    elif value is not None:
        raise _NoJson(f"holds a value of type {type(value).__name__}, which JSON cannot")


def _check_parts(value: Mapping[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> None:
    if depth > DEEPEST:
        raise _NoJson(f"is more than {DEEPEST} levels deep")
    if not isinstance(value, Mapping):
        for item in value:
            _check_json(item, depth)
        return
    for key, item in value.items():
        if not isinstance(key, str) or (not key.isascii() and _HALF.search(key)):
            raise _NoJson(f"has a key that is no string of whole characters: {ascii(key)[:80]}")
        try:
            _check_json(item, depth)
        except _NoJson as error:
            error.path.append(key)
            raise


def _check_origins(card: ModelCard) -> None:
    from zoo.cards import Source, WeightFile

    for source in _items("sources", card.sources):
        if not isinstance(source, Source):
            _fail("sources", f"must be objects, not {type(source).__name__}")
        _check_uri("source", source.uri)
        _check_bytes(source.uri, source.sha256, source.size)
    folded: dict[str, str] = {}
    for file in _items("files", card.files):
        if not isinstance(file, WeightFile):
            _fail("files", f"must be objects, not {type(file).__name__}")
        lower = _folded(_word("file path", file.path))
        if other := folded.get(lower):
            _fail("files", f"{other!r} and {file.path!r} differ only by case")
        folded[lower] = file.path
        _check_bytes(file.path, file.sha256, file.size)
        for uri in _items(f"file {file.path!r}, origin,", file.origin) or _fail("files", "need an origin URI each"):
            _check_uri(f"file {file.path!r}, origin", uri)


@functools.lru_cache(maxsize=1024)
def _folded(path: str) -> str:
    """A checked path in lower case; there are few different ones."""
    from zoo.cards import check_file_path

    try:
        return check_file_path(path).lower()
    except BadCard as error:
        raise _Broken(error.cause) from error


def _check_uri(field: str, uri: Any) -> None:
    if not _URI.fullmatch(_word(field, uri, LONGEST_URI)):
        _fail(field, f"{uri!r} is not a URI")


def _check_bytes(where: str, sha256: Any, size: Any) -> None:
    if sha256 is not None and not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise _Broken(f"sha256 of {where!r} must be 64 hex digits")
    if size is not None:
        _count(f"size of {where!r}", size)
