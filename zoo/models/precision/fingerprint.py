"""Names for weights and samples, by which what was kept of others is told apart."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from zoo.errors import BadOption

__all__ = ["of_samples", "of_weights"]

LOOKS = 64  # values of a tensor, evenly spread, its first and last among them


def of_weights(module: torch.nn.Module) -> str:
    """A name for a module's parameters and buffers: their names, shapes and types, and some values of each.

    Not all values: this runs at each load, and is to take milliseconds. Other training, or another seed, changes all
    values of a tensor; a change of a few single values is not seen.
    """
    found = hashlib.sha256()
    for name, tensor in chain(module.named_parameters(), module.named_buffers()):
        _add(found, f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        count = min(tensor.numel(), LOOKS)
        places = torch.arange(count) * (tensor.numel() - 1) // max(count - 1, 1)
        rows = _bytes(tensor).view(tensor.numel(), tensor.element_size())
        _add(found, rows[places].numpy().tobytes())
    return found.hexdigest()


def of_samples(samples: Sequence[Any]) -> str:
    """A name for a user's samples: texts, files (by path, size and time of change), pictures, arrays, and such in
    lists, tuples and dicts.

    Raises:
        BadOption: something else, of which two could not be told apart.
    """
    found = hashlib.sha256()
    for part in chain.from_iterable(map(_parts, samples)):
        _add(found, part)
    return found.hexdigest()


def _add(found: Any, data: bytes) -> None:
    found.update(len(data).to_bytes(8, "little"))
    found.update(data)


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    """Its bytes in one row, of any type: not all types can be indexed, and numpy does not know all."""
    return tensor.detach().cpu().flatten().view(torch.uint8)


def _parts(value: Any) -> Iterator[bytes]:
    """What tells a value from others, in order."""
    yield type(value).__name__.encode()
    if value is None or isinstance(value, bool | int | float | bytes):
        yield repr(value).encode()
    elif isinstance(value, str | os.PathLike):
        yield repr(os.fspath(value)).encode()
        yield from _file(value)
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(_parts, ([*value], [*value.values()])))
    elif isinstance(value, list | tuple):
        yield str(len(value)).encode()
        yield from chain.from_iterable(map(_parts, value))
    else:
        yield from _numbers(value)


def _file(value: str | os.PathLike[str]) -> Iterator[bytes]:
    """Size and time of change, where there is such a file."""
    try:
        facts = Path(value).stat()
    except (OSError, ValueError):  # a text is no path, and may be too long for one
        return
    if stat.S_ISREG(facts.st_mode):
        yield f"{facts.st_size} {facts.st_mtime_ns}".encode()


def _numbers(value: Any) -> Iterator[bytes]:
    """The shape, type and data of a tensor, an array or a picture (with its mode and palette)."""
    import numpy as np

    if isinstance(value, torch.Tensor):
        yield f"{tuple(value.shape)} {value.dtype}".encode()
        yield _bytes(value).numpy().tobytes()
        return
    array = np.asarray(value) if hasattr(value, "__array_interface__") else None
    if array is None or array.dtype.hasobject:
        raise BadOption(
            f"samples of the kind {type(value).__name__} cannot be told apart",
            "Give paths, texts, pictures or arrays.",
        )
    yield f"{array.shape} {array.dtype.str} {getattr(value, 'mode', '')}".encode()
    yield array.tobytes()
    if hasattr(value, "getpalette"):
        yield bytes(value.getpalette() or b"")
