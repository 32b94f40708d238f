"""What an input is, whatever it is called: sha256 of its content."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from zoo.data.boxes import LabelledBox
from zoo.errors import BadData

__all__ = ["hashes_of", "label_key"]

THREADS = 4  # hashing and reading leave the interpreter's lock; more would only compete for the disk


def hashes_of(values: Sequence[Any]) -> tuple[str, ...]:
    """The sha256 (64 hex digits) of each value's content.

    Args:
        values: paths (the file's bytes count, not its name), bytes, texts, words, pictures, arrays. A file is read once
            as long as its size and time of change stay the same.

    Raises:
        BadData: a file cannot be read.
    """
    if not any(isinstance(value, Path) for value in values):
        return tuple(_hash(value) for value in values)
    with ThreadPoolExecutor(THREADS) as threads:
        return tuple(threads.map(_hash, values))


def label_key(label: Any) -> Any:
    """A label as JSON that tells it from others: masks by their content, boxes by their numbers, all else as it is."""
    if label is None or isinstance(label, str | float | int):
        return label
    if isinstance(label, tuple | list) and all(isinstance(one, str) for one in label):
        return list(label)
    if isinstance(label, tuple) and all(isinstance(one, LabelledBox) for one in label):
        return [[one.label, *map(float, one.box), one.crowd, one.area] for one in label]
    return _hash(label)


def _hash(value: Any) -> str:
    if isinstance(value, Path):
        return _file(value)
    if isinstance(value, str):
        return _sha(b"text", value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()  # as a file of these bytes
    if isinstance(value, tuple | list):
        return _sha(b"several", *(_hash(one).encode() for one in value))
    if hasattr(value, "tobytes") and hasattr(value, "mode"):  # a Pillow image
        return _sha(b"image", repr((value.mode, value.size)).encode(), value.tobytes())
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if hasattr(value, "tobytes") and hasattr(value, "dtype"):
        return _sha(b"array", repr((str(value.dtype), value.shape)).encode(), value.tobytes())
    return _sha(b"other", repr(value).encode())


def _sha(*pieces: bytes) -> str:
    made = hashlib.sha256()
    for piece in pieces:
        made.update(len(piece).to_bytes(8, "big"))
        made.update(piece)
    return made.hexdigest()


def _file(path: Path) -> str:
    try:
        stat = path.stat()
        return _file_as_it_is(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror or error}") from error


@functools.lru_cache(maxsize=1 << 17)
def _file_as_it_is(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
