"""How much memory models may take: `ZOO_DEVICE_BUDGET`, or a safe share of what is free."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zoo.devices.discover import Device
from zoo.errors import BadInput, DeviceError

__all__ = ["Budget", "canonical"]

# What is left of free memory: on an accelerator for its driver and for fragmentation, on a CPU for everything else that
# runs there, as a machine out of memory is worse than an accelerator out of memory.
SAFE_ACCELERATOR = 0.9
SAFE_CPU = 0.8

_UNITS = {
    "": 1,
    "b": 1,
    **{name: 1000**power for power, name in enumerate(("kb", "mb", "gb", "tb"), 1)},
    **{name: 1000**power for power, name in enumerate(("k", "m", "g", "t"), 1)},
    **{name: 1024**power for power, name in enumerate(("kib", "mib", "gib", "tib"), 1)},
}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*|%)", re.IGNORECASE | re.ASCII)
_EXAMPLE = "Set for example ZOO_DEVICE_BUDGET=8GB, 50% or cpu=4GB,cuda:0=20GB."


@dataclass(frozen=True)
class _Amount:
    """Bytes, or a share of all memory of a device."""

    value: float
    share: bool

    def of(self, device: Device) -> int:
        return min(device.total, int(device.total * self.value) if self.share else int(self.value))


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What models may take of each device.

    Attributes:
        every: of each device that is not named; None is a safe share of what is free.
        named: per device.
    """

    every: _Amount | None = None
    named: Mapping[str, _Amount] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Budget:
        """Read `2GB`, `50%`, `cpu=4GB,cuda:0=20GB`, or both kinds; None and blank text is the safe share.

        Raises:
            BadInput: it is none of these.
        """
        every: _Amount | None = None
        named: dict[str, _Amount] = {}
        for part in (text or "").split(",") if (text or "").strip() else ():
            device, equals, amount = part.rpartition("=")
            name = canonical(device.strip())
            if (equals and (not name or name in named)) or (not equals and every is not None):
                raise BadInput(f"ZOO_DEVICE_BUDGET={text!r}: {part.strip()!r} cannot be read", _EXAMPLE)
            if equals:
                named[name] = _amount(amount.strip(), text)
            else:
                every = _amount(amount.strip(), text)
        return cls(every=every, named=named)

    def of(self, device: Device, held: int = 0) -> int:
        """Bytes that models may take of a device, of which `held` are taken by this process's residents already."""
        amount = self.named.get(device.name, self.every)
        if amount is not None:
            return amount.of(device)
        share = SAFE_CPU if device.kind == "cpu" else SAFE_ACCELERATOR
        return int(share * min(device.total, device.free + min(device.own, held)))

    def check(self, devices: Iterable[Device]) -> None:
        """Raise `DeviceError` when it names a device that is not among these."""
        known = [device.name for device in devices]
        if unknown := [name for name in self.named if name not in known]:
            raise DeviceError(
                f"ZOO_DEVICE_BUDGET names {', '.join(unknown)}, and there is no such device here",
                f"The devices are: {', '.join(known)}.",
            )


def canonical(name: str) -> str:
    """A device's full name: `cuda` is `cuda:0`, `xpu` is `xpu:0`."""
    return f"{name}:0" if name in {"cuda", "xpu"} else name


def _amount(text: str, whole: str | None) -> _Amount:
    found = _AMOUNT.fullmatch(text)
    unit = found[2].lower() if found else ""
    if found is None or (unit != "%" and unit not in _UNITS):
        raise BadInput(f"ZOO_DEVICE_BUDGET={whole!r}: {text!r} is no amount of memory", _EXAMPLE)
    value = float(found[1])
    if unit == "%" and value > 100:
        raise BadInput(f"ZOO_DEVICE_BUDGET={whole!r}: {text!r} is more than all", _EXAMPLE)
    return _Amount(value / 100, share=True) if unit == "%" else _Amount(value * _UNITS[unit], share=False)
