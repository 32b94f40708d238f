"""What is asked: which model, how it is to run or to be trained, and on what."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from zoo.errors import BadOption, nearest

__all__ = ["METHODS", "Question", "read_bytes"]

# Ways of adapting a model, the lightest first.
METHODS = ("probe", "head", "lora", "full")
DTYPES = ("float32", "bfloat16", "float16", "float64")
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Question:
    """How a model is to run.

    Attributes:
        finetune: one of `METHODS`, or None to run it.
        batch: inputs at once.
        length: of texts, in tokens; by itself the model's longest, 512 at most.
        dtype: of the weights; `auto` is what `zoo.load` would take on the device.
        quantize: `int8` or None.
        checkpointing: training keeps a few activations and computes the others again (gradient checkpointing).
        device: one device alone.
        memory: bytes of a device that is not here, in the place of those that are.

    Raises:
        BadOption: a value that does not exist, or two that exclude each other.
    """

    finetune: str | None = None
    batch: int = 1
    length: int | None = None
    dtype: str = "auto"
    quantize: str | None = None
    checkpointing: bool = False
    device: str | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise BadOption(f"a batch of {self.batch} makes no sense", "Give 1 or more.")
        if self.length is not None and self.length < 1:
            raise BadOption(f"a length of {self.length} tokens makes no sense", "Give 1 or more.")
        if self.finetune is not None:
            _one_of("method of fine-tuning", self.finetune, METHODS)
        _one_of("floating-point type", self.dtype, ("auto", *DTYPES))
        if self.quantize is not None:
            _one_of("quantisation", self.quantize, ("int8",))
            if self.finetune is not None:
                raise BadOption("a quantised model cannot be fine-tuned", "Leave out --quantize.")
            if self.dtype not in {"auto", "float32"}:
                raise BadOption("quantisation starts from float32", "Leave out --dtype.")
        if self.checkpointing and self.finetune not in {"lora", "full"}:
            raise BadOption("--checkpointing is for training", "Give --finetune lora or full too.")
        if self.device is not None and self.memory is not None:
            raise BadOption("--memory asks for a device that is not here", "Leave out --device.")

    def but(self, **changes: Any) -> Question:
        """The same question with some things otherwise."""
        return dataclasses.replace(self, **changes)

    @property
    def trains(self) -> bool:
        """Whether a gradient goes through the model."""
        return self.finetune in {"head", "lora", "full"}


def read_bytes(text: str) -> int:
    """Bytes of `8GB`, `500 MB`, `16GiB`, `8` (gigabytes); raises `BadOption` for anything else."""
    found = _AMOUNT.fullmatch(text)
    unit = (found[2].lower() or "gb") if found else ""
    if found is None or unit not in _UNITS or (made := int(float(found[1]) * _UNITS[unit])) < 1:
        raise BadOption(f"{text!r} is no amount of memory", "Write for example 8GB, 500MB or 16GiB.")
    return made


def _one_of(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        near = nearest(given, known, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise BadOption(f"there is no {what} {given!r}", f"{hint}Use {', '.join(known)}.")
