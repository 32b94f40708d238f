"""The device manager: which module lies where, and whose turn it is."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from zoo.devices.budget import Budget
from zoo.devices.choosing import candidates, choose, no_room
from zoo.devices.claims import Claim, Placement
from zoo.devices.discover import Device, discover
from zoo.devices.keeper import Keeper
from zoo.devices.lease import Lease
from zoo.devices.residents import Hold, Make, Resident
from zoo.devices.threads import cpu_threads
from zoo.errors import ZooError

__all__ = ["DeviceManager", "shared"]


class DeviceManager:
    """Finds devices, keeps modules on them within a budget, and gives turns. All methods may be called by any thread.

    Whoever wants others to make room waits in the device's queue first, and a thread in a turn waits for nobody
    else's turn, so that no two can wait for each other.

    Args:
        find: what lists the devices; tests give their own.
        budget: how much memory models may take, as in ZOO_DEVICE_BUDGET; None is a safe share of what is free.

    Raises:
        BadInput: the budget cannot be read.
    """

    def __init__(
        self, find: Callable[[], tuple[Device, ...]] = discover, *, budget: Budget | str | None = None
    ) -> None:
        self._keeper = Keeper(find, budget if isinstance(budget, Budget) else Budget.parse(budget))
        self._forgotten: deque[Hold] = deque()
        self._cores: int | None = None

    def devices(self) -> tuple[Device, ...]:
        """All devices as they are now, the fastest kind first."""
        return self._keeper.find()

    def state(self) -> list[dict[str, Any]]:
        """Per device: `device`, `description`, `cores`, and in bytes `total`, `free`, `budget` and `leased`.

        Raises:
            DeviceError: the budget names a device that is not here.
        """
        self._sweep()
        found = self._found()
        with self._keeper.locked() as ledger:
            budgets = self._keeper.budgets(found)
            leased = {device.name: ledger.used(device.name) for device in found}
        return [
            {
                "device": device.name,
                "description": device.description,
                "cores": device.cores,
                "total": device.total,
                "free": device.free,
                "budget": budgets[device.name],
                "leased": leased[device.name],
            }
            for device in found
        ]

    def residents(self) -> list[dict[str, Any]]:
        """Per resident its facts, oldest first; see `zoo.devices.residents.Resident.to_dict`."""
        self._sweep()
        with self._keeper.locked() as ledger:
            return [resident.to_dict() for resident in ledger.residents]

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call `changed` after each change of residents, from whichever thread made it; it should be quick."""
        self._keeper.listeners.append(changed)

    def lease(
        self, wanted: str | Sequence[str], claim: Callable[[Device], Claim], make: Make, *, spread: bool = True
    ) -> Lease:
        """Hold a model: share the resident that is there, or make one where there is room.

        Args:
            wanted: `auto`, a device, or several to choose from and to spread over, in this order.
            claim: what the model wants on a device; asked once for each device.
            make: makes the module, in one thread, while others that want it wait.
            spread: whether a model too large for one device may lie on several; it never does where one is named.

        Raises:
            DeviceError: no such device, or too little memory within the budget.
        """
        self._sweep()
        found = self._found()
        devices = candidates(found, wanted)
        claims = {device.name: claim(device) for device in devices}
        several = spread and (wanted == "auto" or not isinstance(wanted, str))
        while True:
            hold = self._share(claims, several) or self._make(devices, claims, make, several)
            if hold is not None:
                return Lease(self, hold)

    def _found(self) -> tuple[Device, ...]:
        found = self._keeper.find()
        self._keeper.budget.check(found)
        self._cores = next((device.cores for device in found if device.name == "cpu"), None)
        return found

    def _share(self, claims: Mapping[str, Claim], several: bool) -> Hold | None:
        """Hold the resident with the same key; None if there is none, or if making it failed in another thread."""
        with self._keeper.locked() as ledger:
            resident = ledger.like(claims, several)
            if resident is None:
                return None
            hold = self._keeper.hold(resident)
            try:
                while not resident.made:
                    self._keeper.changed.wait()
            except BaseException:
                self._keeper.let_go(hold)
                raise
            return None if resident.state == "gone" else hold

    def _make(self, devices: Sequence[Device], claims: Mapping[str, Claim], make: Make, several: bool) -> Hold | None:
        """Choose a place and make the module there; None if things have changed meanwhile."""
        resident, placement = self._add_if_free(devices, claims, make, several)
        if resident is None:
            with self._keeper.queue.turn(placement.devices) as waits:
                resident = self._add_with_room(placement, claims, make, several, waits)
        if resident is None:
            return None
        self._keeper.arrive(resident)
        return Hold(resident)

    def _add_if_free(
        self, devices: Sequence[Device], claims: Mapping[str, Claim], make: Make, several: bool
    ) -> tuple[Resident | None, Placement]:
        with self._keeper.locked() as ledger:
            budgets = self._keeper.budgets(devices)
            waits = not self._keeper.queue.nested()
            placement = choose(devices, claims, ledger, budgets, spread=several, waits=waits)
            if placement is None:
                raise no_room(list(claims), claims, ledger, budgets, waits=waits)
            claim = claims[placement.device]
            free = ledger.fits(placement.memory, claim, budgets) and ledger.like(claims, several) is None
            return (self._keeper.add(placement, claim, make) if free else None), placement

    def _add_with_room(
        self, placement: Placement, claims: Mapping[str, Claim], make: Make, several: bool, waits: bool
    ) -> Resident | None:
        """In a turn on the devices: let others leave until there is room."""
        claim = claims[placement.device]
        while True:
            with self._keeper.locked() as ledger:
                if ledger.like(claims, several):
                    return None
                job = self._keeper.room_job(placement, claim, waits)
                if job is None:
                    return self._keeper.add(placement, claim, make)
            job()

    # What leases do

    @contextmanager
    def turn(self, hold: Hold) -> Iterator[Any]:
        """See `Lease.turn`."""
        self._sweep()
        resident = hold.resident
        with self._keeper.queue.turn(resident.placement.devices) as waits, self._threads(resident):
            module = self._enter(hold, waits)
            try:
                with self._keeper.watched(resident):
                    yield module
            finally:
                self._keeper.end_turn(resident)

    def _threads(self, resident: Resident) -> AbstractContextManager[None]:
        return cpu_threads(self._cores) if "cpu" in resident.placement.devices else nullcontext()

    def _enter(self, hold: Hold, waits: bool) -> Any:
        resident = hold.resident
        while True:
            with self._keeper.locked() as ledger:
                self._usable(hold)
                if resident.state == "here":
                    resident.busy += 1
                    resident.uses += 1
                    ledger.touch(resident)
                    return resident.module
                job = self._keeper.return_job(resident, waits)
            job()

    def _usable(self, hold: Hold) -> None:
        owner = hold.resident.claim.owner
        if not hold.alive:
            raise ZooError(f"{owner} was released", f"Load it again: zoo.load({owner!r}).")
        if hold.resident.state == "gone":
            raise self._keeper.gone(hold.resident)

    def pin(self, hold: Hold, count: int) -> None:
        """See `Lease.pin`."""
        with self._keeper.locked():
            self._usable(hold)
            change = max(count, -hold.pins)
            hold.pins += change
            hold.resident.pins += change
            self._keeper.tell()

    def room(self, hold: Hold) -> int:
        """See `Lease.room`."""
        found = self._keeper.find()
        with self._keeper.locked() as ledger:
            budgets = self._keeper.budgets(found)
            devices = hold.resident.placement.devices
            return max(0, min(budgets.get(device, 0) - ledger.weights(device) for device in devices))

    def measured(self, hold: Hold, activation: int) -> None:
        """See `Lease.measured`."""
        resident = hold.resident
        if activation <= resident.claim.activation:
            return
        found = self._keeper.find()
        with self._keeper.locked():
            # No more than the budget gives it alone: it has run with it, so it must be able to come back.
            budgets = self._keeper.budgets(found)
            most = min(budgets.get(device, 0) - size for device, size in resident.placement.memory.items())
            largest = max(resident.claim.activation, min(activation, most))
            resident.claim = dataclasses.replace(resident.claim, activation=largest)
            self._keeper.tell()
        nothing = Placement(memory=dict.fromkeys(resident.placement.devices, 0))
        while True:
            with self._keeper.locked() as ledger:
                budgets = self._keeper.budgets(self._keeper.find())
                victim = ledger.victim(ledger.short(nothing.memory, resident.claim, budgets), but=resident)
                if victim is None:
                    return
                job = self._keeper.evict_job(victim, budgets)
            job()

    def release(self, hold: Hold) -> None:
        """See `Lease.release`."""
        with self._keeper.locked():
            self._keeper.let_go(hold)

    def forgotten(self, hold: Hold) -> None:
        """A lease was collected without a release: by any thread at any place, so nothing may be waited for."""
        self._forgotten.append(hold)
        if self._keeper.changed.acquire(blocking=False):
            self._keeper.changed.release()
            self._sweep()

    def _sweep(self) -> None:
        while self._forgotten:
            try:
                self.release(self._forgotten.popleft())
            except IndexError:
                return


_MAKING = threading.Lock()


def shared(budget: str | None = None) -> DeviceManager:
    """This process's manager: one for each budget, as in ZOO_DEVICE_BUDGET."""
    with _MAKING:  # a cache alone may make two when two threads ask at once
        return _shared(budget)


@functools.cache
def _shared(budget: str | None) -> DeviceManager:
    return DeviceManager(budget=budget)
