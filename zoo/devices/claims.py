"""What a model wants of a device, and what it is given."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

__all__ = ["Claim", "Placement", "written"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a model wants on one device.

    Attributes:
        owner: the model's name, for messages.
        key: loaded twice with the same key on the same device is one resident.
        weights: bytes of its parameters and buffers.
        activation: bytes that a turn takes beside them; an estimate until it was measured.
    """

    owner: str
    key: Hashable
    weights: int
    activation: int = 0

    @property
    def need(self) -> int:
        """Bytes that a device must have for it to run there."""
        return self.weights + self.activation


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a resident lies.

    Attributes:
        memory: bytes of weights that it may take on each device, in the order in which they are filled.
    """

    memory: Mapping[str, int]

    @property
    def device(self) -> str:
        """The first device: where inputs go."""
        return next(iter(self.memory))

    @property
    def devices(self) -> tuple[str, ...]:
        """All its devices."""
        return tuple(self.memory)

    @property
    def spread(self) -> bool:
        """Whether it lies on more than one device."""
        return len(self.memory) > 1


def written(size: int) -> str:
    """Bytes for a message: `1.5 GB`."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"
