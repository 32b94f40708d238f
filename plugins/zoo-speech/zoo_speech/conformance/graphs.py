"""Writing ONNX graphs, without the ONNX package: the few fields of the protocol buffer that a small graph needs.

Field numbers are those of `onnx.proto3` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["graph", "node", "value"]

_IR_VERSION, _OPSET = 8, 13
_TYPES = {"float32": 1, "int64": 7}
_INT, _INTS, _STRING = 2, 7, 3  # of an attribute's types


def graph(
    nodes: Sequence[bytes],
    weights: Mapping[str, Any],
    inputs: Sequence[bytes] = (),
    outputs: Sequence[bytes] = (),
) -> bytes:
    """A model of `node`s, from `value`s to `value`s, with the arrays that they use by name."""
    parts = [_field(1, one) for one in nodes] + [_field(2, "graph")]
    parts += [_field(5, _tensor(name, array)) for name, array in weights.items()]
    parts += [_field(11, one) for one in inputs] + [_field(12, one) for one in outputs]
    opset = _field(1, "") + _field(2, _OPSET)
    return _field(1, _IR_VERSION) + _field(7, b"".join(parts)) + _field(8, opset)


def node(kind: str, inputs: Sequence[str], output: str, **attributes: int | str | Sequence[int]) -> bytes:
    """An operation: its inputs by name, with an empty name for one that is not given, and what it makes."""
    made = b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, kind)
    return made + b"".join(_field(5, _attribute(name, given)) for name, given in attributes.items())


def value(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    """What goes into the graph or comes out of it; a word stands for a size that is not fixed."""
    sizes = b"".join(_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, _TYPES[dtype]) + _field(2, sizes)))


def _tensor(name: str, array: Any) -> bytes:
    sizes = b"".join(_field(1, size) for size in array.shape)
    return sizes + _field(2, _TYPES[array.dtype.name]) + _field(8, name) + _field(9, array.tobytes())


def _attribute(name: str, given: int | str | Sequence[int]) -> bytes:
    if isinstance(given, int):
        return _field(1, name) + _field(3, given) + _field(20, _INT)
    if isinstance(given, str):
        return _field(1, name) + _field(4, given) + _field(20, _STRING)
    return _field(1, name) + b"".join(_field(8, one) for one in given) + _field(20, _INTS)


def _field(number: int, content: bytes | str | int) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    data = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])
