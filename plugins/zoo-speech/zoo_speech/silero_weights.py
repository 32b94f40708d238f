"""Reading the weights out of an ONNX file without its graph: the protocol buffer's fields, and nothing else.

Field numbers are those of `onnx.proto3` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3): a ModelProto has
its graph in field 7, a GraphProto its initializers in field 5, a TensorProto its shape in 1, its type in 2, its name in
8, and its numbers, little-endian, in 9 (`raw_data`). The `onnx` package is not needed, and no node is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zoo.errors import IntegrityError, UnsupportedFormat

__all__ = ["read_initializers"]

_GRAPH, _INITIALIZER = 7, 5
_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9
_FLOAT = 1
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_LONGEST_VARINT = 10

Value = int | memoryview


def read_initializers(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The float32 arrays that an ONNX file carries, by name; arrays of other types are left out.

    Raises:
        IntegrityError: cut off, damaged, or no ONNX file at all.
        UnsupportedFormat: the numbers are not in the file itself.
    """
    try:
        model = memoryview(path.read_bytes())
        graph = [part for number, part in _fields(model) if number == _GRAPH and isinstance(part, memoryview)]
        parts = [part for one in graph for number, part in _fields(one) if number == _INITIALIZER]
        made = dict(found for part in parts if (found := _tensor(part)) is not None)
    except (IndexError, ValueError) as error:
        raise IntegrityError(f"{path.name} is not a sound ONNX file: {error}", "Pull the model again.") from error
    if not made:
        raise IntegrityError(f"{path.name} holds no weights", "Pull the model again.")
    return made


def _fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """`(field number, value)` of a message, in the file's order."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            length, at = _varint(data, at)
        elif kind in {_EIGHT_BYTES, _FOUR_BYTES}:
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"a field of the wire type {kind}")
        if at + length > len(data):
            raise ValueError(f"{length} bytes are announced and {len(data) - at} are there")
        yield key >> 3, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    made = 0
    for shift in range(_LONGEST_VARINT):
        byte = data[at + shift]
        made |= (byte & 0x7F) << (7 * shift)
        if not byte & 0x80:
            return made, at + shift + 1
    raise ValueError("a number of more than ten bytes")


def _tensor(message: Value) -> tuple[str, npt.NDArray[np.float32]] | None:
    """The name and the numbers of a TensorProto; None where they are not float32."""
    if not isinstance(message, memoryview):
        raise ValueError("an initializer that is no message")
    shape: list[int] = []
    fields: dict[int, Value] = {}
    for number, value in _fields(message):
        if number == _DIMS:  # packed, or one field a dimension
            shape += [value] if isinstance(value, int) else _packed(value)
        else:
            fields[number] = value
    name, raw = fields.get(_NAME), fields.get(_RAW)
    if fields.get(_TYPE) != _FLOAT or not isinstance(name, memoryview):
        return None
    label = bytes(name).decode()
    if not isinstance(raw, memoryview):
        raise UnsupportedFormat(f"the numbers of {label} are not in the ONNX file itself")
    if len(raw) != 4 * math.prod(shape):
        raise ValueError(f"{label} of shape {shape} has {len(raw)} bytes")
    return label, np.frombuffer(raw, dtype="<f4").reshape(shape).copy()


def _packed(data: memoryview) -> list[int]:
    made, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        made.append(value)
    return made
