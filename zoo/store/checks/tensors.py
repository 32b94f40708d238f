"""safetensors: an eight-byte length, a JSON header, and the tensors' bytes without gaps.

Source: the format's specification, https://github.com/huggingface/safetensors#format. The library's own reader accepts
duplicate keys and names such as `../../x`; both are refused here.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from zoo.errors import IntegrityError, UnsafeFile

__all__ = ["HEADER_LIMIT", "check_safetensors", "looks_like_safetensors"]

HEADER_LIMIT = 100_000_000

_BITS = {"BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8}
_BITS |= {"I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32}
_BITS |= {"I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}


def looks_like_safetensors(head: bytes) -> bool:
    """Whether the first nine bytes can begin a safetensors file."""
    return len(head) > 8 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= HEADER_LIMIT


def check_safetensors(path: Path, name: str) -> None:
    """Read the header and compare it with itself and with the file's size.

    Raises:
        IntegrityError: damaged, cut short, or inconsistent; names the tensor.
        UnsafeFile: a tensor's name has control characters or leads out of a folder.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 10 or not 2 <= length <= min(HEADER_LIMIT, size - 8):
            raise _bad(name, f"its header would have {length} bytes, and the file has {size}")
        header = _parse(file.read(length), name)
    _check_metadata(header.pop("__metadata__", {}), name)
    spans = sorted(_span(tensor, entry, name) for tensor, entry in header.items())
    _check_layout(spans, size - 8 - length, name)


def _parse(raw: bytes, name: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise _bad(name, f"its header has the key {twice!r} twice")
        return made

    try:
        header = json.loads(raw.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise _bad(name, f"its header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise _bad(name, "its header is not a JSON object")
    return header


def _check_metadata(metadata: Any, name: str) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _bad(name, "its metadata is not a table of texts")


def _span(tensor: str, entry: Any, name: str) -> tuple[int, int, str]:
    if any(ord(c) < 32 or ord(c) == 127 for c in tensor) or tensor.startswith(("/", "\\")) or ".." in tensor.split("/"):
        raise UnsafeFile(f"{name} has a tensor with the dangerous name {tensor!r}", "Do not use this file.")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _bad(name, f"the entry of tensor {tensor!r} is malformed")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _whole_numbers(shape) or not _whole_numbers(offsets) or len(offsets) != 2 or len(shape) > 64:
        raise _bad(name, f"shape or offsets of tensor {tensor!r} are malformed")
    if entry["dtype"] not in _BITS:
        raise _bad(name, f"tensor {tensor!r} has the unknown type {entry['dtype']!r}")
    bits = math.prod(shape) * _BITS[entry["dtype"]]
    if bits % 8 or offsets[1] - offsets[0] != bits // 8:
        raise _bad(
            name, f"tensor {tensor!r} of shape {shape} and type {entry['dtype']} does not fit its offsets {offsets}"
        )
    return offsets[0], offsets[1], tensor


def _whole_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 1 << 63 for value in values)


def _check_layout(spans: list[tuple[int, int, str]], size: int, name: str) -> None:
    at = 0
    for begin, end, tensor in spans:
        if begin != at:
            raise _bad(name, f"tensor {tensor!r} begins at {begin}, the one before it ends at {at}")
        at = end
    if at != size:
        raise _bad(name, f"its tensors need {at} bytes, and it has {size}")


def _bad(name: str, why: str) -> IntegrityError:
    return IntegrityError(f"{name} is not a sound safetensors file: {why}", "Download it again.")
