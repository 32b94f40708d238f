"""Freeing an ONNX graph of the sizes it was exported with, without the ONNX package.

CenterFace's graph is fully convolutional, and yet declares ten pictures of 32 x 32. The declared shapes are left out
here, and weights no longer count as inputs, which lets the runtime fold them. Nothing else is changed. The file is a
protocol-buffer message, as TensorFlow's graphs are; field numbers are those of ONNX's `onnx.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator

from zoo.errors import IntegrityError

__all__ = ["free_sizes"]

_MODEL_GRAPH = 7
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_TENSOR_NAME = 8
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE = 1, 2, 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def free_sizes(model: bytes) -> bytes:
    """The same graph without the shapes of its inputs and outputs.

    Raises:
        IntegrityError: the file is no ONNX graph, or is cut off.
    """
    try:
        made = b"".join(
            _field(number, _graph(value)) if number == _MODEL_GRAPH else raw for number, value, raw in _fields(model)
        )
    except (ValueError, IndexError) as error:
        raise IntegrityError(f"not a sound ONNX graph: {error}", "Remove the model and pull it again.") from error
    return made


def _graph(graph: bytes) -> bytes:
    fields = list(_fields(graph))
    weights = {_part(value, _TENSOR_NAME) for number, value, _ in fields if number == _GRAPH_INITIALIZER}
    made = []
    for number, value, raw in fields:
        if number == _GRAPH_INPUT and _part(value, _VALUE_NAME) in weights:
            continue
        made.append(_field(number, _shapeless(value)) if number in {_GRAPH_INPUT, _GRAPH_OUTPUT} else raw)
    return b"".join(made)


def _shapeless(value: bytes) -> bytes:
    """A `ValueInfoProto` whose tensor has a type of numbers and no shape."""
    return _within(value, (_VALUE_TYPE, _TYPE_TENSOR), _TENSOR_SHAPE)


def _within(message: bytes, path: tuple[int, ...], left_out: int) -> bytes:
    """A message with one field left out of the message that lies at the end of `path`."""
    if not path:
        return b"".join(raw for number, _, raw in _fields(message) if number != left_out)
    return b"".join(
        _field(number, _within(value, path[1:], left_out)) if number == path[0] else raw
        for number, value, raw in _fields(message)
    )


def _part(message: bytes, wanted: int) -> bytes:
    return next((value for number, value, _ in _fields(message) if number == wanted), b"")


def _field(number: int, value: bytes) -> bytes:
    return _written(number << 3 | _BYTES) + _written(len(value)) + value


def _written(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def _fields(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The fields of a message: number, content (of those that have a length), and the whole field as it is written."""
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        wire, size = key & 7, 0
        if wire == _VARINT:
            _, at = _varint(data, at)
        elif wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in {_FIXED32, _FIXED64}:
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"unknown wire type {wire}")
        if size > len(data) - at:
            raise ValueError(f"a field of {size} bytes reaches beyond the end")
        yield key >> 3, data[at : at + size], data[start : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")
