"""Writing protocol buffers: the few fields of ONNX's and TensorFlow's graphs that a small model needs.

Field numbers are those of `onnx.proto3` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3), and of TensorFlow's
`graph.proto`, `node_def.proto`, `attr_value.proto`, `tensor.proto` and `tensor_shape.proto`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["frozen_graph", "node", "onnx_graph"]

_IR_VERSION, _OPSET, _FLOAT = 8, 13, 1
_INTS = 7  # of an attribute's types


def onnx_graph(
    nodes: Sequence[bytes], weights: Mapping[str, Any], inputs: Sequence[str], outputs: Sequence[str]
) -> bytes:
    """A model of `node`s, with the float32 arrays that they use by name; of inputs and outputs no size is said."""
    parts = [_field(1, one) for one in nodes] + [_field(2, "graph")]
    parts += [_field(5, _array(name, array)) for name, array in weights.items()]
    parts += [_field(11, _floats(name)) for name in inputs] + [_field(12, _floats(name)) for name in outputs]
    opset = _field(1, "") + _field(2, _OPSET)
    return _field(1, _IR_VERSION) + _field(7, b"".join(parts)) + _field(8, opset)


def node(kind: str, inputs: Sequence[str], output: str, **attributes: Sequence[int]) -> bytes:
    """An operation of ONNX: its inputs by name, and what it makes."""
    made = b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, kind)
    for name, given in attributes.items():
        made += _field(5, _field(1, name) + b"".join(_field(8, one) for one in given) + _field(20, _INTS))
    return made


def frozen_graph(constants: Mapping[str, Any]) -> bytes:
    """TensorFlow's graph of an input and of float32 constants by name."""
    entry = _field(1, _field(1, "image_tensor") + _field(2, "Placeholder"))
    return entry + b"".join(_field(1, _constant(name, array)) for name, array in constants.items())


def _constant(name: str, array: Any) -> bytes:
    shape = b"".join(_field(2, _field(1, size)) for size in array.shape)
    tensor = _field(1, _FLOAT) + _field(2, shape) + _field(4, array.tobytes())
    value = _field(1, "value") + _field(2, _field(8, tensor))
    return _field(1, name) + _field(2, "Const") + _field(5, value)


def _array(name: str, array: Any) -> bytes:
    sizes = b"".join(_field(1, size) for size in array.shape)
    return sizes + _field(2, _FLOAT) + _field(8, name) + _field(9, array.tobytes())


def _floats(name: str) -> bytes:
    return _field(1, name) + _field(2, _field(1, _field(1, _FLOAT)))


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
