"""Calls taken apart into tensors and a shape, and put together again: a graph knows tensors only.

A shape is plain JSON: `{"tensor": 0}`, `{"value": 3}`, `{"list": […]}`, `{"tuple": […]}`, `{"dict": {…}}`, and
`{"object": {…}}` for what has attributes, such as the outputs of transformers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch

__all__ = ["Outputs", "Shape", "Unfit", "flatten", "rebuild"]

Shape = dict[str, Any]


class Unfit(Exception):
    """Why a graph cannot take the place of a module; a sentence without its final stop."""


class Outputs(dict[str, Any]):
    """Named outputs that are read by key, by attribute or by number, as transformers' `ModelOutput` are."""

    def __getattr__(self, name: str) -> Any:
        try:
            return dict.__getitem__(self, name)
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, key: Any) -> Any:
        return dict.__getitem__(self, key) if isinstance(key, str) else self.to_tuple()[key]

    def to_tuple(self) -> tuple[Any, ...]:
        """All outputs that there are, without names."""
        return tuple(value for value in self.values() if value is not None)


def flatten(value: Any, *, strict: bool) -> tuple[list[torch.Tensor], Shape]:
    """The tensors of a value in order, and its shape.

    Args:
        value: tensors and plain values in lists, tuples and dicts; also dataclasses and named tuples.
        strict: raise `Unfit` for anything else; otherwise it is left out, as None.
    """
    tensors: list[torch.Tensor] = []
    return tensors, _shape(value, tensors, strict)


def _shape(value: Any, tensors: list[torch.Tensor], strict: bool) -> Shape:
    if isinstance(value, torch.Tensor):
        tensors.append(value)
        return {"tensor": len(tensors) - 1}
    if value is None or isinstance(value, bool | int | float | str):
        return {"value": value}
    if (named := _attributes(value)) is not None:
        return {"object": {name: _shape(item, tensors, strict) for name, item in named.items()}}
    if isinstance(value, Mapping):
        return {"dict": {str(name): _shape(value[name], tensors, strict) for name in sorted(value)}}
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_shape(item, tensors, strict) for item in value]}
    if strict:
        raise Unfit(f"its runner calls it with {type(value).__name__}, which is no tensor")
    return {"value": None}


def _attributes(value: Any) -> dict[str, Any] | None:
    """The named parts of a dataclass (transformers' outputs are some) or of a named tuple; None for others."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        made: dict[str, Any] = value._asdict()
        return made
    return None


def rebuild(shape: Mapping[str, Any], tensors: Sequence[torch.Tensor]) -> Any:
    """The value that a shape and its tensors stand for; objects become `Outputs`."""
    ((kind, inner),) = shape.items()
    if kind == "tensor":
        return tensors[inner]
    if kind == "value":
        return inner
    if kind in {"list", "tuple"}:
        made = [rebuild(item, tensors) for item in inner]
        return made if kind == "list" else tuple(made)
    named = {name: rebuild(item, tensors) for name, item in inner.items()}
    return Outputs(named) if kind == "object" else named
