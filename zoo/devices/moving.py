"""Modules on the move: to a device and away from it, and the caches that this leaves behind."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from typing import Any

from zoo.devices.faults import kind
from zoo.errors import DeviceError

__all__ = ["bring", "clear", "movable", "take_away"]


def movable(module: Any) -> bool:
    """Whether a module, or an engine's object, can be moved to another device."""
    return callable(getattr(module, "to", None))


def bring(module: Any, device: str, owner: str) -> Any:
    """The module on a device, tried again with empty caches when there seems to be no room.

    Raises:
        DeviceError: the device has no room for it in truth.
    """
    try:
        return _moved(module, device)
    except Exception as error:  # engines have errors of their own; what is not about memory goes on
        if kind(error) != "memory":
            raise
    clear([device], cycles=True)
    try:
        return _moved(module, device)
    except Exception as error:  # as above
        if kind(error) != "memory":
            raise
        raise DeviceError(
            f"{device} has no room for {owner}, although its budget has",
            "Another program uses it: wait, set a lower ZOO_DEVICE_BUDGET, or name another device.",
        ) from error


def take_away(module: Any) -> Any:
    """The module on the CPU; None where it, or its device, fails to give it."""
    try:
        return _moved(module, "cpu")
    except Exception:  # whoever needs the room is not to fail for another model's fault; it is made again when used
        return None


def clear(devices: Iterable[str], *, cycles: bool = False) -> None:
    """Give the memory of modules that are gone back to the devices: allocators keep it otherwise.

    Args:
        devices: where they were.
        cycles: first look for modules in cycles of references, which is slow. Of timm's and transformers' modules only
            those with accelerate's hooks, which are spread, were found to be in any.
    """
    if cycles:
        gc.collect()
    torch = sys.modules.get("torch")
    for name in {device.partition(":")[0] for device in devices} & {"cuda", "xpu", "mps"}:
        backend = getattr(torch, name, None)
        if backend is not None and (name == "mps" or backend.is_initialized()):
            backend.empty_cache()


def _moved(module: Any, device: str) -> Any:
    """Torch modules move in place; an engine's object may give another one."""
    moved = module.to(device)
    return module if moved is None else moved
