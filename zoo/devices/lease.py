"""What the holder of a model has of the device manager."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.devices.claims import Claim, Placement
from zoo.devices.residents import Hold

if TYPE_CHECKING:
    from zoo.devices.manager import DeviceManager

__all__ = ["Fixed", "Lease"]


class Lease:
    """A model's claim on a device, held until it is released; one that is forgotten is released when it is collected.

    All methods may be called from any thread; after `release` those that need the module raise `ZooError`.
    """

    def __init__(self, manager: DeviceManager, hold: Hold) -> None:
        self._manager = manager
        self._hold = hold
        weakref.finalize(self, manager.forgotten, hold).atexit = False

    @property
    def owner(self) -> str:
        """The model's name."""
        return self.claim.owner

    @property
    def claim(self) -> Claim:
        """What it wants, with the largest activations seen."""
        return self._hold.resident.claim

    @property
    def placement(self) -> Placement:
        """Where it lies when it runs."""
        return self._hold.resident.placement

    @property
    def device(self) -> str:
        """Where inputs go."""
        return self.placement.device

    @contextmanager
    def turn(self) -> Iterator[Any]:
        """Wait for the device in its queue, first come, first served, and have the module there until the block ends.

        A module that was moved away comes back first. A turn inside a turn of the same thread does not wait.

        Raises:
            DeviceError: there is no room for it to come back, or its device is gone.
        """
        with self._manager.turn(self._hold) as module:
            yield module

    def module(self) -> Any:
        """The module on its device, brought back if need be; pin it to be sure that it stays there."""
        with self.turn() as module:
            return module

    def pin(self) -> None:
        """Keep it on its device from its next turn on, until as many `unpin()`, or the release."""
        self._manager.pin(self._hold, 1)

    def unpin(self) -> None:
        """Take one `pin()` back; one too many does nothing."""
        self._manager.pin(self._hold, -1)

    def room(self) -> int:
        """Bytes that its activations may take now, on the device with least room, with no other model moved away."""
        return self._manager.room(self._hold)

    def measured(self, activation: int) -> None:
        """Tell how many bytes the activations of a turn took.

        The claim becomes the largest seen, up to what the budget gives the model alone. Others may be evicted for it.
        """
        self._manager.measured(self._hold, activation)

    def release(self) -> None:
        """Give it back: the resident goes with its last lease. Twice does nothing."""
        self._manager.release(self._hold)

    def __repr__(self) -> str:
        return f"<Lease {self.owner} on {self.device}{'' if self._hold.alive else ', released'}>"


class Fixed:
    """One module on one device with no manager: the same surface as a lease has."""

    def __init__(self, module: Any, device: str = "cpu") -> None:
        self._module = module
        self.owner = type(module).__name__
        self.device = device
        self.claim = Claim(owner=self.owner, key=id(module), weights=0)
        self.placement = Placement(memory={device: 0})

    def turn(self) -> contextlib.nullcontext[Any]:
        """The module, at once."""
        return contextlib.nullcontext(self._module)

    def module(self) -> Any:
        """The module."""
        return self._module

    def pin(self) -> None:
        """It never moves anyway."""

    def unpin(self) -> None:
        """It never moves anyway."""

    def room(self) -> int:
        """Bytes that activations may take now: a safe share of what the device has free."""
        from zoo.devices.budget import Budget, canonical
        from zoo.devices.discover import discover

        free = {device.name: Budget().of(device) for device in discover()}
        return free.get(canonical(self.device), 0)

    def measured(self, activation: int) -> None:
        """Nobody has to know."""

    def release(self) -> None:
        """Nothing to give back."""
