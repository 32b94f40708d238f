"""Leases: which model has how much of which device."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from zoo.devices.discover import Device, discover
from zoo.errors import DeviceError

__all__ = ["DeviceManager", "Lease"]

# Beside its weights a model needs room for activations; measured shares come with the next version of the manager.
HEADROOM = 1.2


@dataclass(eq=False)
class Lease:
    """A model's claim on a device.

    Attributes:
        owner: the model's name.
        device: as torch writes it.
        size: bytes claimed.
    """

    owner: str
    device: str
    size: int


class DeviceManager:
    """Finds devices and hands out leases on them.

    Args:
        find: what lists the devices; tests give their own.
    """

    def __init__(self, find: Callable[[], tuple[Device, ...]] = discover) -> None:
        self._find = find
        self._leases: list[Lease] = []
        self._lock = threading.Lock()

    def devices(self) -> tuple[Device, ...]:
        """All devices as they are now, the fastest kind first."""
        return self._find()

    def leases(self) -> tuple[Lease, ...]:
        """All leases in force, oldest first."""
        with self._lock:
            return tuple(self._leases)

    def lease(self, owner: str, size: int, device: str = "auto") -> Lease:
        """Claim room for a model of `size` bytes of weights.

        Args:
            owner: the model's name, for messages.
            size: bytes of its weights.
            device: `auto` takes the first device with room; else a name such as `cpu`, `cuda`, `cuda:1`.

        Raises:
            DeviceError: no such device, or not enough memory free.
        """
        need = int(size * HEADROOM)
        with self._lock:
            candidates = self._candidates(device)
            for candidate in candidates:
                if candidate.free >= need:
                    made = Lease(owner=owner, device=candidate.name, size=need)
                    self._leases.append(made)
                    return made
        room = ", ".join(f"{c.name} has {c.free / 1e9:.1f} GB free" for c in candidates)
        raise DeviceError(
            f"{owner} needs {need / 1e9:.1f} GB, and {room}",
            "Unload other models, choose a smaller one, or name another device.",
        )

    def release(self, lease: Lease) -> None:
        """Give a lease back; giving back twice does nothing."""
        with self._lock:
            self._leases = [other for other in self._leases if other is not lease]

    def _candidates(self, wanted: str) -> list[Device]:
        found = self._find()
        if wanted == "auto":
            return list(found)
        name = f"{wanted}:0" if wanted in {"cuda", "xpu"} else wanted
        if fitting := [device for device in found if device.name == name]:
            return fitting
        raise DeviceError(f"there is no device {wanted!r} here", f"Use auto, {', '.join(d.name for d in found)}.")
