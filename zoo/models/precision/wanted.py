"""Which engines and precisions there are, and for which modules and devices."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption, MissingDependency

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["ENGINES", "PLAIN", "QUANTIZE", "absent", "check", "check_module", "words"]

ENGINES = ("auto", "torch", "onnxruntime")
QUANTIZE = ("int8",)
NEEDED = ("onnx", "onnxscript", "onnxruntime")

PLAIN = "Load it without engine= and quantize=."


def check(engine: str, quantize: str | None, device: str = "cpu") -> bool:
    """Whether a module has to be prepared for these options; to be asked before anything is loaded.

    Raises:
        BadOption: an unknown engine or precision, or one that does not run on the device.
        MissingDependency: a package is missing.
    """
    if engine not in ENGINES:
        raise BadOption(f"there is no engine {engine!r}", f"Use {', '.join(ENGINES)}.")
    if quantize is not None and quantize not in QUANTIZE:
        raise BadOption(f"there is no precision {quantize!r} to quantise to", f"Use {', '.join(QUANTIZE)}, or none.")
    if quantize is None and engine != "onnxruntime":
        return False
    if device.partition(":")[0] != "cpu":
        raise BadOption(
            f"{words(engine, quantize)} is for the CPU, not for {device}",
            "Use device='cpu', or leave engine= and quantize= out: there dtype='bfloat16' makes it small and fast.",
        )
    missing = absent()
    if missing and engine != "torch":
        raise MissingDependency(
            f"{words(engine, quantize)} needs {', '.join(missing)}", 'Run `pip install "zoo-registry[onnx]"`.'
        )
    return True


def absent() -> list[str]:
    """The packages for onnxruntime that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def check_module(module: Any, card: ModelCard) -> None:
    """Raise `BadOption` for what is no float32 torch module on the CPU."""
    import torch

    if not isinstance(module, torch.nn.Module):
        raise BadOption(f"{card.id} is no torch module: the loader {card.loader!r} has an engine of its own", PLAIN)
    tensors = [*module.parameters(), *module.buffers()]
    odd = {str(tensor.dtype) for tensor in tensors if tensor.is_floating_point() and tensor.dtype != torch.float32}
    if odd:
        raise BadOption(f"{card.id} is in {', '.join(sorted(odd))}", "Load it with dtype='float32'.")
    if any(tensor.device.type != "cpu" for tensor in tensors):
        raise BadOption(f"{card.id} is not on the CPU", "Load it with device='cpu'.")


def words(engine: str, quantize: str | None) -> str:
    """What was asked for, in words."""
    parts = [quantize or "", "" if engine == "auto" else f"on {engine}"]
    return " ".join(part for part in parts if part)
