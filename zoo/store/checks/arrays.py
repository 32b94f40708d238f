"""NumPy arrays (`.npy`, `.npz`), looked at without numpy. Source: `numpy/lib/format.py`."""

from __future__ import annotations

import ast
import math
import re
import zipfile
from pathlib import Path
from typing import IO, Any

from zoo.errors import IntegrityError, UnsafeFile
from zoo.store.checks import ZIP_ERRORS

__all__ = ["MAGIC", "check_npy", "check_npz"]

MAGIC = b"\x93NUMPY"

_HEADER_LIMIT = 1 << 16
_SIMPLE = re.compile(r"[<>|=]?([biufcSUVmM])(\d+)(?:\[.*\])?")


def check_npy(path: Path, name: str) -> None:
    """Check the header and the size; refuse arrays of Python objects, which are pickles.

    Raises:
        UnsafeFile: an object array.
        IntegrityError: damaged or cut short.
    """
    with path.open("rb") as file:
        _check(file, path.stat().st_size, name)


def check_npz(path: Path, name: str) -> None:
    """Check every array of an archive as `check_npy` does."""
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                with archive.open(info) as file:
                    _check(file, info.file_size, f"{name}/{info.filename}")
    except ZIP_ERRORS as error:
        raise IntegrityError(f"{name} is a damaged archive: {error}", "Download it again.") from error


def _check(file: IO[bytes], size: int, name: str) -> None:
    start = file.read(10)
    wide = start[6:7] in {b"\x02", b"\x03"}
    if start[:6] != MAGIC or start[6:7] not in {b"\x01", b"\x02", b"\x03"}:
        raise _bad(name, "it has no array header")
    count = start[8:10] + (file.read(2) if wide else b"")
    length = int.from_bytes(count, "little")
    if length > _HEADER_LIMIT:
        raise _bad(name, f"its header would have {length} bytes")
    header = _parse(file.read(length), name)
    if _has_objects(header["descr"]):
        raise UnsafeFile(
            f"{name} holds Python objects, which run code when loaded", "Save it as a plain numeric array."
        )
    data = size - 8 - len(count) - length
    itemsize = _itemsize(header["descr"])
    if itemsize is not None and math.prod(header["shape"]) * itemsize != data:
        raise _bad(name, f"an array of shape {header['shape']} does not fill its {data} bytes")


def _parse(raw: bytes, name: str) -> dict[str, Any]:
    try:
        header = ast.literal_eval(raw.decode("utf-8"))
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise _bad(name, f"its header is not readable: {error}") from error
    shape = header.get("shape") if isinstance(header, dict) else None
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape) or "descr" not in header:
        raise _bad(name, "its header lacks the shape or the type")
    return dict(header)


def _has_objects(descr: Any) -> bool:
    if isinstance(descr, str):
        return "O" in descr
    if isinstance(descr, list | tuple):
        # a structured type is a list of (field name, type[, shape]); names may hold any letter
        fields = [field[1] if isinstance(field, tuple) and len(field) > 1 else field for field in descr]
        return any(_has_objects(field) for field in fields if isinstance(field, str | list | tuple))
    return True


def _itemsize(descr: Any) -> int | None:
    match = _SIMPLE.fullmatch(descr) if isinstance(descr, str) else None
    if match is None:
        return None
    return int(match[2]) * (4 if match[1] == "U" else 1)


def _bad(name: str, why: str) -> IntegrityError:
    return IntegrityError(f"{name} is not a sound NumPy array: {why}", "Download it again.")
