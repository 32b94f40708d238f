"""How a model is to run: where, in which precision, by which engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption, nearest

if TYPE_CHECKING:
    import torch

__all__ = ["DTYPES", "Wanted"]

DTYPES = ("float32", "float16", "bfloat16", "float64")
AUTOCAST = ("bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the caller of `zoo.load` asked for.

    Attributes:
        device: `auto`, a device, several with commas between them, or a sequence of devices to spread over.
        dtype: of the weights; `auto` is what the device computes well and the model bears.
        batch: inputs run at once; found by measuring when None.
        pin: never move the model away while it is held.
        compile: run it through `torch.compile`.
        autocast: compute in this type where torch holds that safe, with the weights as they are.
        engine: `auto` is torch, and with `quantize` the engine that measures best; `torch`, `onnxruntime`.
        quantize: `int8`, measured against the original first.
        samples: inputs on which engine and quantisation are measured; the zoo's own when empty.

    Raises:
        BadOption: a value that does not exist, or two that exclude each other.
    """

    device: str | Sequence[str] = "auto"
    dtype: str | torch.dtype = "auto"
    batch: int | None = None
    pin: bool = False
    compile: bool = False
    autocast: str | None = None
    engine: str = "auto"
    quantize: str | None = None
    samples: Sequence[Any] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.dtype, str) and self.dtype != "auto":
            _one_of("floating-point type", self.dtype, ("auto", *DTYPES))
        if self.autocast is not None:
            _one_of("type for autocast", self.autocast, AUTOCAST)
        if self.batch is not None and self.batch < 1:
            raise BadOption(f"a batch of {self.batch} makes no sense", "Give 1 or more.")
        if isinstance(self.samples, str):
            raise BadOption("samples is one text, and a list of inputs is wanted", "Give samples=[…].")
        self.check("cpu")
        if self.converts and (self.compile or self.autocast):
            word = "compile" if self.compile else "autocast"
            raise BadOption(f"{word} is torch's own, and {self._converting} leaves torch", f"Leave out {word}.")

    def check(self, device: str) -> None:
        """Raise `BadOption` or `MissingDependency` where engine and precision cannot be had on a device."""
        if self.engine != "auto" or self.quantize is not None:
            from zoo.models.precision.wanted import check

            check(self.engine, self.quantize, device)

    @property
    def converts(self) -> bool:
        """Whether another engine than torch runs the model in the end, or with other weights."""
        return self.engine == "onnxruntime" or self.quantize is not None

    @property
    def devices(self) -> str | tuple[str, ...]:
        """`auto`, one device, or several."""
        parts = self.device.split(",") if isinstance(self.device, str) else list(self.device)
        names = tuple(part.strip() for part in parts)
        if self.converts and names == ("auto",):
            return "cpu"  # other engines and int8 are for the CPU
        return names[0] if len(names) == 1 else names

    @property
    def variant(self) -> tuple[Any, ...]:
        """What makes the module another one than that of the same weights loaded plainly."""
        return (self.engine, self.quantize, bool(self.samples)) if self.converts else ()

    @property
    def _converting(self) -> str:
        return f"quantize={self.quantize!r}" if self.quantize else f"engine={self.engine!r}"


def _one_of(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        near = nearest(given, known, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise BadOption(f"there is no {what} {given!r}", f"{hint}Use {', '.join(known)}.")
