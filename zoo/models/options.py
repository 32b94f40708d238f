"""Options of runners: read from keywords or from `name=value` text, checked against their declaration."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

from zoo.errors import BadOption, nearest

__all__ = ["describe_options", "parse_settings", "read_options"]

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def parse_settings(items: list[str]) -> dict[str, str]:
    """`["top_k=3"]` as `{"top_k": "3"}`; raises `BadOption` for an item without `=`."""
    made: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise BadOption(f"{item!r} is not a setting", "Write --set name=value.")
        made[name.strip().replace("-", "_")] = value
    return made


def read_options(kind: type[Any], given: Mapping[str, Any]) -> Any:
    """An instance of a runner's `Options` with some values given, as text or already of their type.

    Raises:
        BadOption: an unknown name (with the nearest), or a value of another type.
    """
    hints = typing.get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind)]
    for name in given:
        if name not in known:
            near = nearest(name, known) or known
            raise BadOption(
                f"there is no option {name!r}", f"Known: {', '.join(near)}." if near else "It has no options."
            )
    return kind(**{name: _convert(name, value, hints[name]) for name, value in given.items()})


def describe_options(kind: type[Any]) -> list[dict[str, Any]]:
    """`{"name", "type", "default", "help"}` of each option."""
    hints = typing.get_type_hints(kind)
    return [
        {
            "name": field.name,
            "type": _written(hints[field.name]),
            "default": field.default,
            "help": field.metadata.get("help", ""),
        }
        for field in dataclasses.fields(kind)
    ]


def _written(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return " | ".join(repr(word) for word in typing.get_args(hint))
    return hint.__name__ if isinstance(hint, type) else str(hint)


def _convert(name: str, value: Any, hint: Any) -> Any:
    """The value in the option's type; text is read, other values must be of it already."""
    if typing.get_origin(hint) is typing.Literal:
        return _one_of(name, value, typing.get_args(hint))
    allowed = _alternatives(hint)
    if value is None and type(None) in allowed:
        return None
    made = _from_text(name, value, allowed) if isinstance(value, str) else _from_value(name, value, allowed)
    if isinstance(made, float) and not math.isfinite(made):
        raise _wrong(name, value, allowed)
    return made


def _one_of(name: str, value: Any, words: tuple[Any, ...]) -> Any:
    if value not in words:
        raise BadOption(f"option {name}={value!r} is none of {', '.join(str(word) for word in words)}")
    return value


def _alternatives(hint: Any) -> list[type[Any]]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return [part for arg in typing.get_args(hint) for part in _alternatives(arg)]
    return [typing.get_origin(hint) or hint]


def _from_value(name: str, value: Any, allowed: list[type[Any]]) -> Any:
    if isinstance(value, bool) and bool not in allowed:
        raise _wrong(name, value, allowed)
    if isinstance(value, int) and float in allowed and int not in allowed:
        return float(value)
    if not isinstance(value, tuple(allowed)):
        raise _wrong(name, value, allowed)
    return value


def _from_text(name: str, text: str, allowed: list[type[Any]]) -> Any:
    if type(None) in allowed and text.lower() in {"none", "auto", ""}:
        return None
    if bool in allowed and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        if kind in allowed:
            try:
                return kind(text)
            except ValueError:
                continue
    if str in allowed:
        return text
    raise _wrong(name, text, allowed)


def _wrong(name: str, value: Any, allowed: list[type[Any]]) -> BadOption:
    wanted = " or ".join(kind.__name__ for kind in allowed if kind is not type(None))
    return BadOption(f"option {name}={value!r} is not a {wanted}")
