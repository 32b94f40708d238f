"""Facts out of a hub's answer. Strings from a hub are anybody's: what is odd is not stated, what is hostile refused."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zoo.cards import NOT_STATED, Metric, check_name
from zoo.errors import BadRef
from zoo.hubfeed.loadable import LeftOut
from zoo.licences import spdx

__all__ = [
    "MALFORMED",
    "base",
    "commit",
    "count",
    "created",
    "data",
    "identifier",
    "languages",
    "licence",
    "metrics",
    "paper",
    "size",
    "text",
    "word",
    "words",
]

MALFORMED = "with malformed facts"
LONGEST = 200  # of one string, in characters
MOST = 1000  # items of one list
LARGEST = 10**15  # of a count
MOST_METRICS = 20

_WORD = re.compile(r"[\w][\w.+/:-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*|multilingual|code")
_ARXIV = re.compile(r"arxiv:(\d{4}\.\d{4,5})")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})T[\d:.]+Z?")
# The day on which the hub began to note when a repository was made; older ones all have it.
_FIRST_DAY = "2022-03-02"
_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2,
    "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
}  # fmt: skip


def text(value: Any) -> str | None:
    """A string without surrounding blanks, None for anything else; control characters or too much of it is hostile."""
    if not isinstance(value, str):
        return None
    if len(value) > LONGEST or not value.isprintable():
        raise LeftOut(MALFORMED)
    return value.strip() or None


def word(value: Any) -> str | None:
    """A string that is one word: letters, digits and `. _ + - / :`."""
    found = text(value)
    return found if found and _WORD.fullmatch(found) else None


def words(value: Any, pattern: re.Pattern[str] = _WORD) -> tuple[str, ...]:
    """The words among one string or a list of anything, sorted."""
    found = [item for item in map(text, _listed(value)) if item and pattern.fullmatch(item)]
    return tuple(sorted(set(found)))


def languages(value: Any) -> tuple[str, ...]:
    """Language codes, and the hub's `multilingual` and `code`."""
    return words(value, _LANGUAGE)


def _listed(value: Any) -> Iterable[Any]:
    if not isinstance(value, list):
        return (value,)
    if len(value) > MOST:
        raise LeftOut(MALFORMED)
    return value


def identifier(value: Any) -> str:
    """A model's id, `owner/name`."""
    if not isinstance(value, str) or len(value) > LONGEST:
        raise LeftOut("without an id that the zoo can use")
    try:
        return check_name(value)
    except BadRef as error:
        raise LeftOut("without an id that the zoo can use") from error


def commit(value: Any) -> str | None:
    """The sha of a commit."""
    return value if isinstance(value, str) and _COMMIT.fullmatch(value) else None


def count(value: Any) -> int | None:
    """A number of things; what is no number is not stated, and what is absurd refused."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise LeftOut(MALFORMED)
    return value


def created(value: Any) -> str | None:
    """The day on which a repository was made, `YYYY-MM-DD`; None for those older than the hub's own notes."""
    match = _DAY.fullmatch(text(value) or "")
    return match[1] if match and match[1] != _FIRST_DAY else None


def data(value: Any) -> Mapping[str, Any]:
    """An object; anything else counts as an empty one."""
    return value if isinstance(value, Mapping) else {}


def licence(card: Mapping[str, Any]) -> str:
    """The licence that a repository's own page states: an SPDX identifier where its word is one."""
    stated = text(card.get("license"))
    if stated and stated.lower() == "other":
        stated = text(card.get("license_name")) or stated
    return spdx(stated) if stated and _WORD.fullmatch(stated) else NOT_STATED


def base(card: Mapping[str, Any], own: str) -> str | None:
    """The one model that a repository says it was made from."""
    stated = card.get("base_model")
    found = text(stated[0] if isinstance(stated, list) and len(stated) == 1 else stated)
    try:
        return check_name(found) if found and found != own else None
    except BadRef:
        return None


def paper(tags: Any) -> str | None:
    """The arXiv address of the one paper that a repository is tagged with."""
    found = {match[1] for tag in _listed(tags) if isinstance(tag, str) and (match := _ARXIV.fullmatch(tag))}
    return f"https://arxiv.org/abs/{found.pop()}" if len(found) == 1 else None


def size(counts: Any) -> int | None:
    """Bytes of weights from the numbers of their values by type, `{"F32": 22713728}`; None where a type is unknown."""
    found = {name: count(value) for name, value in data(counts).items()}
    if not found or any(name not in _BYTES or number is None for name, number in found.items()):
        return None
    return sum(_BYTES[name] * (number or 0) for name, number in found.items())


def metrics(index: Any, source: str) -> tuple[Metric, ...]:
    """The scores of a repository's model index, as it reports them itself."""
    results = [result for model in _listed(index) for result in _listed(data(model).get("results"))]
    made = [metric for result in results for metric in _metrics(data(result), source)]
    return tuple(made[:MOST_METRICS])


def _metrics(result: Mapping[str, Any], source: str) -> Iterator[Metric]:
    dataset = data(result.get("dataset"))
    named = text(dataset.get("name")) or text(dataset.get("type")) or NOT_STATED
    for metric in _listed(result.get("metrics")):
        if found := _metric(data(metric), named, source):
            yield found


def _metric(metric: Mapping[str, Any], dataset: str, source: str) -> Metric | None:
    name, value = word(metric.get("type")), metric.get("value")
    if name is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise LeftOut(MALFORMED)
    return Metric(name=name.lower(), value=float(value), dataset=dataset, source=source)
