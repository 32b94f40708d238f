"""Which devices are there, and how much memory have they?"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from zoo.devices.container import cpu_count, memory_limit

__all__ = ["Device", "discover"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Device:
    """One device.

    Attributes:
        name: as torch writes it: `cpu`, `cuda:0`, `mps`, `xpu:0`.
        description: of the hardware.
        total, free: bytes of memory; of the container, where that is less than the machine's.
        cores: processors that this process may use; None for accelerators.
        own: bytes that this process holds already, which `free` lacks.
    """

    name: str
    description: str
    total: int
    free: int
    cores: int | None = None
    own: int = 0

    @property
    def kind(self) -> str:
        """`cpu`, `cuda`, `mps` or `xpu`."""
        return self.name.partition(":")[0]


def discover() -> tuple[Device, ...]:
    """All devices, the fastest kind first, the CPU last; imports torch.

    CUDA_VISIBLE_DEVICES hides devices and splits (MIG) from torch, and so from here. A device whose driver fails when
    it is asked is left out with a `RuntimeWarning`, and the others can be used.
    """
    return (*_several("cuda"), *_several("xpu"), *_asked("mps", _mps), _cpu())


def _several(kind: str) -> Iterator[Device]:
    import torch

    module = getattr(torch, kind)
    count = next(_asked(kind, lambda: module.device_count() if module.is_available() else 0), 0)
    for index in range(count):
        yield from _asked(f"{kind}:{index}", functools.partial(_accelerator, kind, index))


def _asked(name: str, ask: Callable[[], T | None]) -> Iterator[T]:
    try:
        answer = ask()
    except Exception as error:  # drivers raise what they like, and one that is broken must not take the others along
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        warnings.warn(f"{name} is left out, as its driver failed: {reason}", RuntimeWarning, stacklevel=2)
        return
    if answer is not None:
        yield answer


def _accelerator(kind: str, index: int) -> Device:
    import torch

    module = getattr(torch, kind)
    free, total = module.mem_get_info(index)
    return Device(
        name=f"{kind}:{index}",
        description=str(module.get_device_name(index)),
        total=int(total),
        free=int(free),
        own=int(module.memory_reserved(index)),
    )


def _mps() -> Device | None:
    """Apple's GPU; it shares its memory with the CPU, so what is free there bounds it too."""
    import psutil
    import torch

    if not torch.backends.mps.is_available():
        return None
    total = int(torch.mps.recommended_max_memory())
    used = int(torch.mps.driver_allocated_memory())
    free = max(0, min(total - used, int(psutil.virtual_memory().available)))
    return Device(name="mps", description="Apple GPU", total=total, free=free, own=used)


def _cpu() -> Device:
    import psutil

    memory = psutil.virtual_memory()
    total, free = int(memory.total), int(memory.available)
    if limit := memory_limit():
        total, free = min(total, limit[0]), min(free, limit[1])
    cores = cpu_count()
    return Device(name="cpu", description=_processor(), total=total, free=free, cores=cores, own=_anonymous())


def _anonymous() -> int:
    """Memory of this process that is no page of a file: mapped weights stay free in the sense of `Device.free`."""
    import psutil

    info = psutil.Process().memory_info()
    return max(0, int(info.rss) - int(getattr(info, "shared", 0)))


@functools.cache
def _processor() -> str:
    """The processor's name as the system tells it."""
    import platform
    from pathlib import Path

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
