"""What kind of failure an error from a device is: memory that ran out, a device that is lost, or neither.

The libraries tell these in many ways. What each raises was read in the installed versions (torch 2.15's
`c10/util/Exception.h` and the texts in its libraries, onnxruntime 1.31) and, where this needs no accelerator, provoked:

==============  =======================================================================================================
torch, any      `torch.OutOfMemoryError`, from the caching allocators of CUDA and XPU
torch, CUDA     `torch.AcceleratorError` with the CUDA runtime's number in `error_code`; `RuntimeError` of cuBLAS, cuDNN
torch, MPS      `RuntimeError`: "MPS backend out of memory", "Invalid buffer size"
torch, XPU      `RuntimeError`: "level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"
torch, CPU      `RuntimeError`: "DefaultCPUAllocator: can't allocate memory" ("not enough memory" on Windows)
onnxruntime     its own `Fail` or `RuntimeException`, which are no `RuntimeError`; `DeviceReset`
Python, numpy   `MemoryError`; `OSError` with ENOMEM when a file cannot be mapped
==============  =======================================================================================================
"""

from __future__ import annotations

import errno
from typing import Literal

from zoo.errors import DeviceError, ZooError

__all__ = ["Kind", "kind", "lost"]

Kind = Literal["memory", "lost"]

# cudaError_t of the CUDA runtime API: cudaErrorMemoryAllocation.
MEMORY_CODES = frozenset({2})
# After these a process cannot use the device again: old driver, devices unavailable, no device, invalid device,
# uncorrectable ECC or NVLink, illegal address, context destroyed, device-side assert, hardware stack error, illegal
# instruction, misaligned address, invalid address space, invalid program counter, launch failure.
LOST_CODES = frozenset({35, 46, 100, 101, 214, 220, 700, 709, 710, 714, 715, 716, 717, 718, 719})

MEMORY_TEXTS = (
    "out of memory",
    "t allocate memory",  # can't, cannot: DefaultCPUAllocator, mmap
    "not enough memory",
    "insufficient memory",  # Metal
    "invalid buffer size",  # Metal: one tensor larger than the device may hold
    "failed to allocate memory",  # onnxruntime's arena
    "bad_alloc",
    "bad allocation",
    "_status_alloc_failed",  # cuBLAS, cuDNN, cuSOLVER, cuSPARSE
    "out_of_device_memory",
    "out_of_host_memory",
    "out_of_resources",
)
LOST_TEXTS = (
    "device-side assert",
    "illegal memory access",
    "unspecified launch failure",
    "uncorrectable ecc",
    "uncorrectable nvlink",
    "busy or unavailable",
    "misaligned address",
    "no cuda-capable device",
    "found no nvidia driver",
    "driver version is insufficient",
    "invalid device ordinal",
    "gpu is lost",
    "device_lost",
    "device lost",
    "device removed",
    "device hung",
)


def kind(error: BaseException) -> Kind | None:
    """What went wrong on the device, or None when the error is of another kind.

    Returns:
        `memory`: there was no room; the same work in smaller pieces, or elsewhere, may succeed.
        `lost`: this process cannot use the device any more, whatever it tries.
    """
    names = {f"{base.__module__}.{base.__qualname__}" for base in type(error).__mro__}
    if isinstance(error, MemoryError) or "torch.OutOfMemoryError" in names:
        return "memory"
    if isinstance(error, OSError):
        return "memory" if error.errno == errno.ENOMEM else None
    if "torch.AcceleratorError" in names and (found := _by_code(getattr(error, "error_code", None))):
        return found
    runtime = any(name.startswith("onnxruntime.") for name in names)
    if runtime and type(error).__name__ == "DeviceReset":
        return "lost"
    return _by_text(str(error)) if runtime or isinstance(error, RuntimeError) else None


def lost(error: BaseException, device: str) -> ZooError:
    """The error to show when `device` is lost: what the library said in one line, and what to do."""
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return DeviceError(
        f"{device} cannot be used any more by this process: {said}",
        "Start the program again, then look at `zoo devices`; `--device cpu` runs without it.",
    )


def _by_code(code: object) -> Kind | None:
    if code in MEMORY_CODES:
        return "memory"
    return "lost" if code in LOST_CODES else None


def _by_text(text: str) -> Kind | None:
    text = text.lower()
    if any(part in text for part in LOST_TEXTS):  # first: an assertion's text may speak of memory
        return "lost"
    return "memory" if any(part in text for part in MEMORY_TEXTS) else None
