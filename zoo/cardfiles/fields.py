"""The fields of a card as people write them, in the form that `ModelCard.from_dict` reads; faults with their place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from zoo.cardfiles.counts import read_count
from zoo.cardfiles.origins import Placing
from zoo.cards import Licence, Metric, ModelCard, Source, WeightFile
from zoo.errors import BadCard, nearest

__all__ = ["Fault", "shaped"]

Where = tuple[str | int, ...]

_TEXTS = {
    "id", "task", "library", "loader", "architecture", "summary", "published", "family", "paper", "base", "deprecated",
    "replaced_by",
}  # fmt: skip
_COUNTS = {"parameters", "macs", "size", "downloads"}
_WORDS = {"tasks", "tags", "languages", "datasets", "aliases"}
_NEEDED = ("id", "task", "library", "loader", "architecture")
_MAIN = {Licence: "weights", Source: "uri"}


class Fault(Exception):
    """What is wrong with a field, and where it stands."""

    def __init__(self, path: Where, text: str, remedy: str = "") -> None:
        self.path, self.text, self.remedy = path, text, remedy
        super().__init__(text)

    @property
    def where(self) -> str:
        """The field, as `metrics[0].value`."""
        made = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return made.removeprefix(".") or "the card"


def shaped(raw: object, placed: Placing) -> dict[str, Any]:
    """A card's fields, their forms checked.

    A licence may be its expression alone, a source its URI, a list of one word that word, and a count `25.6M`; lists of
    words are sorted. `placed` says what `file:` origins mean.

    Raises:
        Fault: at the first field that has another form.
    """
    if not isinstance(raw, Mapping):
        raise Fault((), f"must be fields with values, not {_kind(raw)}")
    _names(raw, ModelCard, ())
    if missing := [name for name in _NEEDED if raw.get(name) in (None, "")]:
        raise Fault((), f"lacks {', '.join(missing)}")
    made = {name: _field(name, value) for name, value in raw.items() if value is not None}
    made["sources"] = [
        {**source, "uri": _placed(("sources", i, "uri"), source["uri"], placed)}
        for i, source in enumerate(made.get("sources", []))
    ]
    made["files"] = [
        {**file, "origin": [_placed(("files", i, "origin", j), uri, placed) for j, uri in enumerate(file["origin"])]}
        for i, file in enumerate(made.get("files", []))
    ]
    return made


def _placed(path: Where, uri: str, placed: Placing) -> str:
    try:
        return placed(uri) if uri.startswith("file:") else uri
    except BadCard as error:
        raise Fault(path, error.cause, error.remedy) from error


def _names(raw: Mapping[str, Any], kind: type[Any], path: Where) -> None:
    known = [field.name for field in dataclasses.fields(kind)]
    for name in raw:
        if name not in known:
            near = nearest(str(name), known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"There is {', '.join(known)}."
            raise Fault((*path, name), "is no field of a card" if not path else "is no field here", hint)


def _field(name: str, value: Any) -> Any:
    path: Where = (name,)
    if name in _TEXTS:
        return _text(path, value)
    if name in _COUNTS:
        return _count(path, value)
    if name in _WORDS:
        words = [_text((*path, i), item) for i, item in enumerate(_list(value))]
        return list(dict.fromkeys(words)) if name == "tasks" else sorted(set(words))
    if name == "licence":
        return _object(path, value, Licence, _text)
    if name == "config":
        return _mapping(path, value)
    if name == "facts":
        return {key: _text((*path, key), item) for key, item in _mapping(path, value).items()}
    kind = {"sources": Source, "files": WeightFile, "metrics": Metric}[name]
    return [_object((*path, i), item, kind, _part) for i, item in enumerate(_list(value))]


def _part(path: Where, value: Any) -> Any:
    name = path[-1]
    if name == "size":
        return _count(path, value)
    if name == "origin":
        return [_text((*path, i), item) for i, item in enumerate(_list(value))]
    if name == "value":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Fault(path, f"must be a number, not {_kind(value)}")
        return value
    return _text(path, value)


def _object(path: Where, value: Any, kind: type[Any], read: Callable[[Where, Any], Any]) -> dict[str, Any]:
    if isinstance(value, str) and kind in _MAIN:
        value = {_MAIN[kind]: value}
    found = _mapping(path, value)
    _names(found, kind, path)
    made = {name: read((*path, name), item) for name, item in found.items() if item is not None}
    needed = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing := [name for name in needed if name not in made]:
        raise Fault(path, f"lacks {', '.join(missing)}")
    return made


def _mapping(path: Where, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Fault(path, f"must be fields with values, not {_kind(value)}")
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(path: Where, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # a year, or a name of digits alone
    if not isinstance(value, str):
        raise Fault(path, f"must be a text, not {_kind(value)}")
    text = " ".join(value.split())
    if not text.isprintable():
        raise Fault(path, "holds a control character")
    return text


def _count(path: Where, value: Any) -> int:
    if isinstance(value, str) and (count := read_count(value)) is not None:
        value = count
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Fault(path, f"must be a count such as 25600000 or 25.6M, not {value!r}")
    return value


def _kind(value: Any) -> str:
    names = {"NoneType": "nothing", "bool": "yes or no", "dict": "fields", "int": "a number", "float": "a number"}
    return {**names, "list": "a list", "str": "a text"}.get(type(value).__name__, type(value).__name__)
