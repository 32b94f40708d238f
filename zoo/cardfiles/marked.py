"""YAML and JSON as plain values, with the line of each: no types of YAML's own, no references, nothing executed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.errors import BadCard

__all__ = ["Marked", "read_json", "read_yaml"]

Where = tuple[str | int, ...]

_STANDARD = "tag:yaml.org,2002:"
_PLAIN = {f"{_STANDARD}{name}" for name in ("bool", "float", "int", "merge", "null", "str", "timestamp", "value")}
# YAML 1.2's core schema: `no` and `on` are words, and so is a date.
_WORDS: Mapping[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INT = re.compile(r"[-+]?\d+")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?")
_LONGEST_NUMBER = 40


@dataclass(frozen=True)
class Marked:
    """A value and where its parts stand: `lines` is `{path: line}`, a path such as `("metrics", 0, "value")`."""

    value: Any
    lines: Mapping[Where, int] = field(default_factory=dict)

    def line(self, *path: str | int) -> int | None:
        """The line of a part, or of the nearest part around it."""
        for length in range(len(path), -1, -1):
            if found := self.lines.get(path[:length]):
                return found
        return None


def read_json(text: str) -> list[Marked]:
    """The one document of a JSON text; raises `BadCard` with the line."""
    try:
        value = json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise BadCard(f"line {error.lineno}: not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise BadCard(f"not valid JSON: {error}") from error
    try:
        lines = read_yaml(text)[0].lines  # JSON is YAML too, but for its tabs
    except (BadCard, IndexError):
        lines = {}
    return [Marked(value, lines)]


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def read_yaml(text: str) -> list[Marked]:
    """The documents of a YAML text; raises `BadCard` with the line."""
    import yaml  # type: ignore[import-untyped]

    try:
        nodes = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]
        return [_document(node) for node in nodes]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise BadCard(f"{where}not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:  # characters that no YAML may hold
        raise BadCard(f"not valid YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise BadCard("nested too deeply") from error


def _document(node: Any) -> Marked:
    lines: dict[Where, int] = {}
    seen: set[int] = set()
    return Marked(_value(node, (), lines, seen), lines)


def _value(node: Any, path: Where, lines: dict[Where, int], seen: set[int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if id(node) in seen:
        raise BadCard(f"line {line}: a reference (`*name`) is not read here; write the value out")
    seen.add(id(node))
    if node.id == "mapping" and node.tag == f"{_STANDARD}map":
        return _mapping(node, path, lines, seen)
    if node.id == "sequence" and node.tag == f"{_STANDARD}seq":
        return [_value(item, (*path, i), lines, seen) for i, item in enumerate(node.value)]
    if node.id == "scalar" and node.tag in _PLAIN:
        return node.value if node.style else _plain(node.value, line)
    raise BadCard(f"line {line}: the type {node.tag!r} is not read here; write plain values")


def _mapping(node: Any, path: Where, lines: dict[Where, int], seen: set[int]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, inner in node.value:
        line = key.start_mark.line + 1
        if key.id != "scalar":
            raise BadCard(f"line {line}: the name of a field must be a word")
        if key.value in made:
            raise BadCard(f"line {line}: {key.value!r} is there twice")
        lines[*path, key.value] = line
        made[key.value] = _value(inner, (*path, key.value), lines, seen)
    return made


def _plain(text: str, line: int) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if len(text) <= _LONGEST_NUMBER:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                raise BadCard(f"line {line}: {text} is too large a number")
            return number
    return text
