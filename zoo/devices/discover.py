"""Which devices are there, and how much memory have they?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Device", "discover"]


@dataclass(frozen=True, kw_only=True)
class Device:
    """One device: `name` as torch writes it (`cpu`, `cuda:0`, `mps`, `xpu:0`), memory in bytes."""

    name: str
    description: str
    total: int
    free: int


def discover() -> tuple[Device, ...]:
    """All devices, the fastest kind first, the CPU last; imports torch."""
    import torch

    found: list[Device] = []
    for kind in ("cuda", "xpu"):
        module = getattr(torch, kind)
        if module.is_available():
            found += [_accelerator(kind, index) for index in range(module.device_count())]
    if torch.backends.mps.is_available():
        total = int(torch.mps.recommended_max_memory())
        used = int(torch.mps.driver_allocated_memory())
        found.append(Device(name="mps", description="Apple GPU", total=total, free=total - used))
    return (*found, _cpu())


def _accelerator(kind: str, index: int) -> Device:
    import torch

    module = getattr(torch, kind)
    free, total = module.mem_get_info(index)
    return Device(name=f"{kind}:{index}", description=module.get_device_name(index), total=int(total), free=int(free))


def _cpu() -> Device:
    """The CPU with the memory that this process may use: the container's limit, where it is below the host's."""
    import psutil

    memory = psutil.virtual_memory()
    total, free = int(memory.total), int(memory.available)
    limit, used = _container_memory()
    if limit is not None and limit < total:
        total, free = limit, max(0, min(free, limit - used))
    return Device(name="cpu", description=f"{psutil.cpu_count() or 1} cores", total=total, free=free)


def _container_memory() -> tuple[int | None, int]:
    """Limit and use in bytes by control group version 2, else 1; `(None, 0)` where there is no limit."""
    root = Path("/sys/fs/cgroup")
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            text = (root / limit).read_text().strip()
            if text.isdecimal():
                return int(text), int((root / used).read_text())
        except OSError:
            continue
    return None, 0
