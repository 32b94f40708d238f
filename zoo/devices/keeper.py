"""The part of the device manager under its lock: who may have which room, who has to go, and what comes back."""

from __future__ import annotations

import functools
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from zoo.devices.budget import Budget
from zoo.devices.choosing import no_room
from zoo.devices.claims import Claim, Placement
from zoo.devices.discover import Device
from zoo.devices.faults import kind, lost
from zoo.devices.moving import bring, clear, movable, take_away
from zoo.devices.queue import Queue
from zoo.devices.residents import Hold, Ledger, Make, Resident
from zoo.errors import DeviceError, ZooError

__all__ = ["Job", "Keeper"]

Job = Callable[[], None]

# A turn changes its resident's facts too, thousands of times in a second: so often listeners are told of turns.
TURNS_TOLD_S = 1.0


class Keeper:
    """Keeps the residents.

    Everything is decided under one lock. Modules are made and moved outside of it, by one thread each, as jobs, while
    the resident is in transit; others that want it wait until `changed` tells them to look again.

    Args:
        find: what lists the devices.
        budget: how much memory models may take.
    """

    def __init__(self, find: Callable[[], tuple[Device, ...]], budget: Budget) -> None:
        self.find = find
        self.budget = budget
        self.ledger = Ledger()
        self.queue = Queue()
        self.changed = threading.Condition(threading.Lock())
        self.listeners: list[Callable[[], None]] = []
        self._untold = False
        self._left: set[str] = set()
        self._cycles = False
        self._told = 0.0

    @contextmanager
    def locked(self) -> Iterator[Ledger]:
        """The ledger to oneself; afterwards memory that modules left is given back, and listeners are told."""
        untold, emptied, cycles = False, set[str](), False
        try:
            with self.changed:
                try:
                    yield self.ledger
                finally:
                    untold, self._untold = self._untold, False
                    emptied, self._left = self._left, set()
                    cycles, self._cycles = self._cycles, False
        finally:
            if emptied:
                clear(emptied, cycles=cycles)
            if untold:
                self._tell_listeners()

    def tell(self) -> None:
        """Under the lock: residents changed."""
        self._untold = True
        self.changed.notify_all()

    def _tell_listeners(self) -> None:
        self._told = time.monotonic()
        for listener in tuple(self.listeners):
            try:
                listener()
            except Exception as error:  # a listener may raise anything, and no model may stop for it
                warnings.warn(f"a listener of the device manager failed: {error}", RuntimeWarning, stacklevel=2)

    def budgets(self, found: Sequence[Device]) -> dict[str, int]:
        """Under the lock: bytes that models may take, per device."""
        return {device.name: self.budget.of(device, self.ledger.used(device.name)) for device in found}

    # Room

    def room_job(self, placement: Placement, claim: Claim, waits: bool) -> Job | None:
        """Under the lock, once there could be room: None if there is, else what to do before looking again.

        It may wait for others to finish; a thread in a turn of its own never does.

        Raises:
            DeviceError: there would be too little room with everything moved away that may be.
        """
        budgets = self.budgets(self.find())
        short = self.ledger.short(placement.memory, claim, budgets)
        if not short:
            return None
        if not self.ledger.could_fit(placement.memory, claim, budgets, waits):
            claims = dict.fromkeys(placement.devices, claim)
            raise no_room(placement.devices, claims, self.ledger, budgets, waits=waits)
        if victim := self.ledger.victim(short):
            return self.evict_job(victim, budgets)
        self.changed.wait()
        return _look_again

    def evict_job(self, victim: Resident, budgets: Mapping[str, int]) -> Job:
        """Under the lock: begin to move a resident away; to the CPU where there is room, else nowhere."""
        home = victim.placement.devices
        size = victim.claim.weights
        nothing = Claim(owner=victim.claim.owner, key=None, weights=0)
        moves = (
            victim.state == "here"
            and "cpu" not in home
            and len(home) == 1
            and movable(victim.module)
            and self.ledger.fits({"cpu": size}, nothing, budgets)
        )
        victim.state = "leaving"
        if moves:
            victim.taken["cpu"] = size
        self.tell()
        return functools.partial(self._leave, victim, moves)

    def _leave(self, victim: Resident, moves: bool) -> None:
        """Outside the lock: move a resident to the CPU, or drop it."""
        module = None
        try:
            module = take_away(victim.module) if moves else None
        finally:
            with self.locked():
                if module is None:
                    self._drop(victim)
                else:
                    victim.module, victim.state, victim.taken = module, "moved to cpu", {"cpu": victim.claim.weights}
                self._left |= set(victim.placement.devices)
                self._settle(victim)

    # Making, and coming back

    def add(self, placement: Placement, claim: Claim, make: Make) -> Resident:
        """Under the lock: a new resident with one holder, whose module is still to be made by `arrive`."""
        resident = Resident(claim=claim, placement=placement, make=make, taken=dict(placement.memory), holders=1)
        self.ledger.residents.append(resident)
        self.ledger.touch(resident)
        self.tell()
        return resident

    def return_job(self, resident: Resident, waits: bool) -> Job:
        """Under the lock: what to do next for a resident that is not here."""
        if resident.in_transit:
            self.changed.wait()
            return _look_again
        self._still_there(resident)
        if job := self.room_job(resident.placement, resident.claim, waits):
            return job
        resident.state = "loading"
        resident.taken |= resident.placement.memory
        self.tell()
        return functools.partial(self.arrive, resident)

    def arrive(self, resident: Resident) -> None:
        """Outside the lock: make a resident's module, or bring it back from the CPU; its room is taken already."""
        module = None
        try:
            with self.queue.passing(), self.watched(resident):
                if resident.module is None:
                    module = resident.make(resident.claim, resident.placement)
                else:
                    module = bring(resident.module, resident.placement.device, resident.claim.owner)
        finally:
            with self.locked():
                self._arrived(resident, module)

    def _arrived(self, resident: Resident, module: Any) -> None:
        """Under the lock: a module is here, or nothing came of it."""
        if module is not None:
            resident.module, resident.state, resident.taken = module, "here", dict(resident.placement.memory)
        elif resident.made:
            self._drop(resident)
        else:
            self._forget(resident, "it could not be loaded")
        if module is None:
            self._left |= set(resident.placement.devices)
        resident.made = True
        self._settle(resident)

    @contextmanager
    def watched(self, resident: Resident) -> Iterator[None]:
        """Forget all residents of a device whose driver says that it is lost.

        Raises:
            DeviceError: in place of the driver's error.
        """
        try:
            yield
        except Exception as error:  # drivers raise what they like; everything else goes on as it is
            accelerators = set(resident.placement.devices) - {"cpu"}
            if not accelerators or all(kind(each) != "lost" for each in _causes(error)):
                raise
            with self.locked():
                self._lose(accelerators, "its device cannot be used any more")
            if isinstance(error, ZooError):  # it says what to do already
                raise
            raise lost(error, resident.placement.device) from error

    def _still_there(self, resident: Resident) -> None:
        """Under the lock: forget all residents of a device that is not found any more.

        Raises:
            DeviceError: this resident is one of them.
        """
        found = {device.name for device in self.find()}
        if missing := set(resident.placement.devices) - found:
            self._lose(missing, f"its device {min(missing)} is not there any more")
            raise self.gone(resident)

    def _lose(self, devices: set[str], why: str) -> None:
        """Under the lock: forget the residents of devices that are lost; one in transit learns of it by itself."""
        for resident in tuple(self.ledger.residents):
            if devices & set(resident.placement.devices) and not resident.in_transit:
                self._forget(resident, why)

    @staticmethod
    def gone(resident: Resident) -> DeviceError:
        """The error of one who holds a resident that was forgotten."""
        owner = resident.claim.owner
        return DeviceError(
            f"{owner} is lost: {resident.why}",
            f"`zoo devices` lists what is here. Load it again where it can run: zoo.load({owner!r}, device='auto').",
        )

    # Holders

    def hold(self, resident: Resident) -> Hold:
        """Under the lock: one more holder."""
        resident.holders += 1
        self.tell()
        return Hold(resident)

    def let_go(self, hold: Hold) -> None:
        """Under the lock: one holder less; the resident goes with the last. Twice does nothing."""
        if hold.alive:
            hold.alive = False
            hold.resident.holders -= 1
            hold.resident.pins -= hold.pins
            self._settle(hold.resident)

    def _settle(self, resident: Resident) -> None:
        """Under the lock: something ended; forget the resident if nobody holds it, and tell."""
        if not resident.holders and not resident.busy and not resident.in_transit:
            self._forget(resident, "it was released")
        self.tell()

    def end_turn(self, resident: Resident) -> None:
        """A turn is over."""
        with self.locked() as ledger:
            resident.busy -= 1
            ledger.touch(resident)
            if not resident.holders:
                self._settle(resident)
            self._untold |= time.monotonic() - self._told > TURNS_TOLD_S
            self.changed.notify_all()

    def _forget(self, resident: Resident, why: str) -> None:
        if resident in self.ledger.residents:
            self.ledger.residents.remove(resident)
            self._left |= resident.taken.keys() - {"cpu"}
        self._drop(resident)
        resident.state, resident.why = "gone", why
        self.tell()

    def _drop(self, resident: Resident) -> None:
        """Under the lock: let a module go."""
        self._cycles |= resident.placement.spread
        resident.module, resident.state, resident.taken = None, "dropped", {}


def _look_again() -> None:
    """Nothing to do: somebody else did something."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it was raised from."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
