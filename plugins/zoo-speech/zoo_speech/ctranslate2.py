"""Reading CTranslate2's binary model files, version 6, where they lie.

The layout is that of `ModelSpec._serialize` in CTranslate2's `python/ctranslate2/specs/model_spec.py`: a header, the
variables one after the other, and a list of aliases. Numbers are little-endian; text has a 16-bit length that counts
its closing NUL.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import IntegrityError, UnsupportedFormat

__all__ = ["Ct2Model", "read_ctranslate2"]

VERSION = 6
_DTYPES: dict[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("i1"),
    2: np.dtype("<i2"),
    3: np.dtype("<i4"),
    4: np.dtype("<f2"),
}
_BFLOAT16 = 5
_MAX_RANK = 8


@dataclass(frozen=True, kw_only=True)
class Ct2Model:
    """A CTranslate2 model.

    Attributes:
        spec: the name of its architecture, such as `WhisperSpec`.
        revision: of that architecture's specification.
        variables: arrays by name, mapped from the file; scalars have the shape (). Aliases name the same array.
    """

    spec: str
    revision: int
    variables: dict[str, npt.NDArray[Any]]


def read_ctranslate2(path: Path) -> Ct2Model:
    """Map a `model.bin`.

    Raises:
        UnsupportedFormat: another version of the format, or a type that numpy lacks.
        IntegrityError: cut off, damaged, or no such file at all.
    """
    try:
        return _Reader(path).read()
    except (ValueError, OSError, struct.error) as error:
        raise IntegrityError(
            f"{path.name} is not a sound CTranslate2 model: {error}", "Remove the model and pull it again."
        ) from error


class _Reader:
    """A cursor over the mapped file."""

    def __init__(self, path: Path) -> None:
        # Copy on write: torch warns about memory that cannot be written, and the file itself stays as it is.
        self._data = np.memmap(path, dtype=np.uint8, mode="c")
        self._at = 0

    def read(self) -> Ct2Model:
        version = self._number("I")
        if version != VERSION:
            raise UnsupportedFormat(
                f"the file says that it is version {version} of CTranslate2's format, only {VERSION} is read",
                "Convert the model with a recent CTranslate2, or use its transformers form.",
            )
        spec, revision = self._text(), self._number("I")
        variables: dict[str, npt.NDArray[Any]] = {}
        for _ in range(self._number("I")):
            name, array = self._variable()
            if name in variables:
                raise ValueError(f"{name} is in it twice")
            variables[name] = array
        self._aliases(variables)
        if self._at != len(self._data):
            raise ValueError(f"{len(self._data) - self._at} bytes follow its end")
        return Ct2Model(spec=spec, revision=revision, variables=variables)

    def _variable(self) -> tuple[str, npt.NDArray[Any]]:
        name, rank = self._text(), self._number("B")
        if rank > _MAX_RANK:
            raise ValueError(f"{name} has {rank} dimensions")
        shape = tuple(self._number("I") for _ in range(rank))
        kind, size = self._number("B"), self._number("I")
        if kind == _BFLOAT16:
            raise UnsupportedFormat(f"{name} is bfloat16, which is not read", "Use the float16 or float32 model.")
        dtype = _DTYPES.get(kind)
        if dtype is None or size != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} of shape {shape} has type {kind} and {size} bytes, which do not fit")
        return name, self._take(size).view(dtype).reshape(shape)

    def _aliases(self, variables: dict[str, npt.NDArray[Any]]) -> None:
        for _ in range(self._number("I")):
            alias, name = self._text(), self._text()
            if alias in variables or name not in variables:
                raise ValueError(f"alias {alias} of {name} makes no sense")
            variables[alias] = variables[name]

    def _text(self) -> str:
        raw = self._take(self._number("H")).tobytes()
        if not raw.endswith(b"\0"):
            raise ValueError("a name does not end where it should")
        return raw[:-1].decode()

    def _number(self, code: str) -> int:
        (value,) = struct.unpack(f"<{code}", self._take(struct.calcsize(f"<{code}")).tobytes())
        return int(value)

    def _take(self, size: int) -> npt.NDArray[np.uint8]:
        if size > len(self._data) - self._at:
            raise ValueError("it is cut off")
        self._at += size
        return self._data[self._at - size : self._at]
