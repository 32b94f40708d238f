"""Which floating-point type a device is good at: what `dtype="auto"` and mixed precision take.

The reasons, with their sources, are in `docs/explanation/devices.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["autocast_dtype", "best_dtype", "natives"]

BFLOAT16_SINCE = (8, 0)  # CUDA compute capability: Ampere
FLOAT16_SINCE = (7, 0)  # Volta: tensor cores; before it, half precision is slower than single on most cards


def natives(device: str) -> tuple[str, ...]:
    """The floating-point types that a device computes at full speed without emulation, the best first.

    float32 is always the last. The device is asked through torch, so it must be there.
    """
    kind = device.partition(":")[0]
    if kind == "cuda":
        return _cuda(device)
    if kind == "xpu":
        return _xpu(device)
    return ("float16", "float32") if kind == "mps" else ("float32",)


def best_dtype(device: str, allowed: Sequence[str], *, natives: Callable[[str], tuple[str, ...]] = natives) -> str:
    """The type in which a model is loaded on `device` when the user asks for none.

    Args:
        device: such as `cpu`, `cuda:0`, `mps`.
        allowed: the types in which the model gives good results (`Loader.dtypes`), the safest first.
        natives: what the device is good at; to be replaced where no such device is.

    Returns:
        The device's best type among those allowed; the first one allowed where it is good at none of them.
    """
    return next((name for name in natives(device) if name in allowed), next(iter(allowed), "float32"))


def autocast_dtype(device: str, *, natives: Callable[[str], tuple[str, ...]] = natives) -> str:
    """The 16-bit type of mixed precision on `device`: what it computes natively, else torch's own choice for its kind.

    On the CPU this is bfloat16, which is faster than float32 only on processors with instructions for it.
    """
    found = next((name for name in natives(device) if name != "float32"), None)
    if found is None:
        return "bfloat16" if device.partition(":")[0] == "cpu" else "float16"
    return found


def _cuda(device: str) -> tuple[str, ...]:
    """By compute capability: `torch.cuda.is_bf16_supported()` also says yes to cards that only emulate bfloat16."""
    import torch

    capability = torch.cuda.get_device_capability(torch.device(device))
    if capability >= BFLOAT16_SINCE:
        return ("bfloat16", "float16", "float32")
    return ("float16", "float32") if capability >= FLOAT16_SINCE else ("float32",)


def _xpu(device: str) -> tuple[str, ...]:
    """By the property that `torch.xpu.is_bf16_supported(including_emulation=False)` reads, of the device asked for."""
    import torch

    properties = torch.xpu.get_device_properties(torch.device(device))
    if properties.has_bfloat16_conversions:
        return ("bfloat16", "float16", "float32")
    return ("float16", "float32") if properties.has_fp16 else ("float32",)
