"""Reading the constants of a frozen TensorFlow graph, without TensorFlow.

A `GraphDef` is a protocol-buffer message. Only five of its messages matter here, and their wire format is simple
enough to read where it lies, so that nothing is copied and nothing in the file can run. Field numbers are those of
TensorFlow's `graph.proto`, `node_def.proto`, `attr_value.proto`, `tensor.proto` and `tensor_shape.proto`.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zoo.errors import IntegrityError

__all__ = ["read_constants"]

_GRAPH_NODE = 1
_NODE_NAME, _NODE_OP, _NODE_ATTR = 1, 2, 5
_ATTR_KEY, _ATTR_VALUE, _VALUE_TENSOR = 1, 2, 8
_TENSOR_DTYPE, _TENSOR_SHAPE, _TENSOR_CONTENT, _TENSOR_FLOATS = 1, 2, 4, 5
_SHAPE_DIM, _DIM_SIZE = 2, 1
_DT_FLOAT = 1
_MOST = 1 << 28  # values of one constant: a gigabyte
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Constants = dict[str, npt.NDArray[np.float32]]


def read_constants(path: Path) -> Constants:
    """The float32 constants of a frozen graph by node name, read-only, mapped from the file (not copied).

    Raises:
        IntegrityError: the file is no frozen graph, or is cut off or damaged.
    """
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        made = _constants(memoryview(mapped))
    except (ValueError, OSError) as error:
        raise IntegrityError(
            f"{path.name} is not a sound TensorFlow graph: {error}", "Remove the model and pull it again."
        ) from error
    if not made:
        raise IntegrityError(f"{path.name} holds no weights: it is not a frozen TensorFlow graph")
    return made


def _constants(data: memoryview) -> Constants:
    made: Constants = {}
    for number, node in _fields(data):
        if number != _GRAPH_NODE:
            continue
        name, tensor = _constant(_message(node))
        if tensor is None:
            continue
        if name in made:
            raise ValueError(f"two constants are called {name!r}")
        made[name] = tensor
    return made


def _constant(node: memoryview) -> tuple[str, npt.NDArray[np.float32] | None]:
    """A node's name, and its value when it is a float constant."""
    name, kind, value = "", b"", None
    for number, field in _fields(node):
        if number == _NODE_NAME:
            name = bytes(_message(field)).decode()
        elif number == _NODE_OP:
            kind = bytes(_message(field))
        elif number == _NODE_ATTR:
            entry = dict(_fields(_message(field)))
            if bytes(_message(entry.get(_ATTR_KEY))) == b"value":
                value = dict(_fields(_message(entry.get(_ATTR_VALUE)))).get(_VALUE_TENSOR)
    if kind != b"Const" or value is None:
        return name, None
    return name, _tensor(name, _message(value))


def _tensor(name: str, message: memoryview) -> npt.NDArray[np.float32] | None:
    """A `TensorProto` of floats: raw bytes, or listed values of which the last stands for all further ones."""
    fields = list(_fields(message))
    single = dict(fields)
    if single.get(_TENSOR_DTYPE) != _DT_FLOAT:
        return None
    shape = _shape(single.get(_TENSOR_SHAPE, memoryview(b"")))
    count = math.prod(shape)
    content = _message(single.get(_TENSOR_CONTENT, memoryview(b"")))
    if len(content):
        if len(content) != 4 * count:
            raise ValueError(f"{name} has {len(content)} bytes, its shape {shape} needs {4 * count}")
        return np.frombuffer(content, "<f4").reshape(shape)
    listed = np.frombuffer(b"".join(_message(value) for number, value in fields if number == _TENSOR_FLOATS), "<f4")
    if len(listed) > count or (count and not len(listed)):
        raise ValueError(f"{name} lists {len(listed)} values for its shape {shape}")
    if len(listed) == 1:
        return np.broadcast_to(listed[0], shape)
    return np.pad(listed, (0, count - len(listed)), mode="edge").reshape(shape) if count else listed.reshape(shape)


def _shape(value: int | memoryview) -> tuple[int, ...]:
    sizes = [dict(_fields(_message(dim))).get(_DIM_SIZE, 0) for n, dim in _fields(_message(value)) if n == _SHAPE_DIM]
    shape = tuple(size for size in sizes if isinstance(size, int))
    if len(shape) != len(sizes) or len(shape) > 8 or math.prod(shape) > _MOST:
        raise ValueError("a tensor has an absurd shape")
    return shape


def _message(value: int | memoryview | None) -> memoryview:
    if not isinstance(value, memoryview):
        raise ValueError("a field has another type than the format says")
    return value


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: `(number, value)`, an int for a varint and bytes for everything else."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in {_FIXED32, _FIXED64}:
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"unknown wire type {wire}")
        if size > len(data) - at:
            raise ValueError(f"a field of {size} bytes reaches beyond the end")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("the file is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number is longer than ten bytes")
