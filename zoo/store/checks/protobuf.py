"""ONNX models and TensorFlow graphs: a light walk over their protocol buffers, without the packages that own them.

Sources: https://protobuf.dev/programming-guides/encoding/ for the wire format; the field numbers are those of
`onnx/onnx.proto3` (https://github.com/onnx/onnx) and `tensorflow/core/framework/graph.proto`.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import IntegrityError, UnsafeFile

__all__ = ["check_onnx", "is_graph_def", "is_onnx"]

Buffer = bytes | mmap.mmap
Field = tuple[int, int, int, int]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_FIELDS = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}
_GRAPH_DEF_FIELDS = {1, 2, 3, 4}
_DEPTH = 100
# Which messages can lie in which field, down to the tensors: message -> {field: message}.
_ONNX = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},
}


def is_onnx(path: Path) -> bool:
    """Whether a file is, field by field to its end, an ONNX model with a graph."""
    fields = _top(path)
    return fields is not None and 7 in fields and fields <= _MODEL_FIELDS


def is_graph_def(path: Path) -> bool:
    """Whether a file is, field by field to its end, a TensorFlow graph: nodes with a name and an operation."""
    fields = _top(path)
    if fields is None or 1 not in fields or not fields <= _GRAPH_DEF_FIELDS:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        first = next((f for f in _fields(data, 0, len(data)) if f[0] == 1 and f[1] == _BYTES), None)
        try:
            return first is not None and {1, 2} <= {f[0] for f in _fields(data, first[2], first[3])}
        except ValueError:
            return False


def check_onnx(path: Path, name: str) -> None:
    """Refuse a model whose tensors lie in other files outside its own folder.

    Raises:
        IntegrityError: not an ONNX model, or cut short.
        UnsafeFile: external data with an absolute path or `..`.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for location in _locations(data, "model", 0, len(data), 0):
                parts = location.replace("\\", "/").split("/")
                if ".." in parts or not parts[0] or ":" in location or "\0" in location:
                    raise UnsafeFile(f"{name} would read its tensors from {location!r}", "Do not use this file.")
    except ValueError as error:
        raise IntegrityError(f"{name} is not a sound ONNX model: {error}", "Download it again.") from error


def _top(path: Path) -> set[int] | None:
    """The field numbers of the outermost message, or None when the file is not one to its end."""
    if not path.stat().st_size:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return {field[0] for field in _fields(data, 0, len(data))}
        except ValueError:
            return None


def _fields(data: Buffer, start: int, end: int) -> Iterator[Field]:
    """Yield `(number, wire type, begin, end)` of a message's fields; raises ValueError where it is malformed."""
    at = start
    while at < end:
        key, at = _varint(data, at, end)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            begin = at
            _, at = _varint(data, at, end)
        elif kind in {_FIXED64, _FIXED32}:
            begin, at = at, at + (8 if kind == _FIXED64 else 4)
        elif kind == _BYTES:
            length, begin = _varint(data, at, end)
            at = begin + length
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
        if number == 0 or at > end:
            raise ValueError(f"a field at byte {begin} does not fit")
        yield number, kind, begin, at


def _varint(data: Buffer, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError(f"a number at byte {at} does not end")


def _locations(data: Buffer, message: str, start: int, end: int, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        raise ValueError("graphs are nested too deeply")
    inner = _ONNX[message]
    for number, kind, begin, stop in _fields(data, start, end):
        if kind != _BYTES or number not in inner:
            continue
        if inner[number] == "external":
            yield from _location(data, begin, stop)
        else:
            yield from _locations(data, inner[number], begin, stop, depth + 1)


def _location(data: Buffer, start: int, end: int) -> Iterator[str]:
    entry = {number: data[begin:stop] for number, kind, begin, stop in _fields(data, start, end) if kind == _BYTES}
    if entry.get(1) == b"location":
        yield entry.get(2, b"").decode("utf-8", "replace")
