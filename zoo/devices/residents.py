"""The modules that a manager keeps, and what they take of each device. No locks, no torch: pure book-keeping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from zoo.devices.claims import Claim, Placement

__all__ = ["Hold", "Ledger", "Make", "Resident", "State"]

State = Literal["loading", "here", "leaving", "moved to cpu", "dropped", "gone"]
Make = Callable[[Claim, Placement], Any]


@dataclass(eq=False, kw_only=True)
class Resident:
    """One module that the manager keeps for all who hold it.

    Attributes:
        claim, placement: what it wants, and where it lies when it runs.
        make: makes the module.
        state: `loading` while it is made or comes back, `leaving` while it is moved away, `gone` when it is forgotten.
        made: whether making it for the first time has ended.
        module: None while it is not there.
        taken: bytes of weights on each device now.
        holders, pins, busy: leases; those of them that keep it where it is; turns in progress.
        uses, order: turns so far; a number that grows with every turn of any resident.
        since, used: when it was loaded, and used last, in seconds since 1970.
        why: the reason why it is gone.
    """

    claim: Claim
    placement: Placement
    make: Make
    state: State = "loading"
    made: bool = False
    module: Any = None
    taken: dict[str, int] = field(default_factory=dict)
    holders: int = 0
    pins: int = 0
    busy: int = 0
    uses: int = 0
    order: int = 0
    since: float = field(default_factory=time.time)
    used: float = field(default_factory=time.time)
    why: str = ""

    @property
    def in_transit(self) -> bool:
        """Whether a thread is making or moving it."""
        return self.state in {"loading", "leaving"}

    @property
    def evictable(self) -> bool:
        """Whether it can be moved away at once."""
        return not self.pins and not self.busy and self.state in {"here", "moved to cpu"}

    def to_dict(self) -> dict[str, Any]:
        """Its facts, as `zoo ps --json` prints them; `idle_s` is 0 in a turn."""
        now = time.time()
        return {
            "model": self.claim.owner,
            "device": self.placement.device,
            "devices": dict(self.taken),
            "weights": self.claim.weights,
            "activation": self.claim.activation,
            "state": self.state,
            "pinned": self.pins > 0,
            "holders": self.holders,
            "uses": self.uses,
            "idle_s": 0.0 if self.busy else round(max(0.0, now - self.used), 3),
            "since": self.since,
            "used": now if self.busy else self.used,
        }


@dataclass(eq=False)
class Hold:
    """What a lease has of a resident."""

    resident: Resident
    pins: int = 0
    alive: bool = True


class Ledger:
    """All residents, and the room that they leave."""

    def __init__(self) -> None:
        self.residents: list[Resident] = []
        self._turns = 0

    def used(self, device: str) -> int:
        """Bytes taken on a device: all weights, and the largest activations, as one turn runs at a time."""
        return self.weights(device) + self._activation(device, self.residents)

    def weights(self, device: str) -> int:
        """Bytes of weights on a device."""
        return sum(resident.taken.get(device, 0) for resident in self.residents)

    def fits(self, memory: Mapping[str, int], claim: Claim, budgets: Mapping[str, int]) -> bool:
        """Whether there is room now."""
        return not self.short(memory, claim, budgets)

    def short(self, memory: Mapping[str, int], claim: Claim, budgets: Mapping[str, int]) -> list[str]:
        """The devices on which there is too little room now."""
        return [device for device in memory if self._over(device, memory[device], claim, budgets, self.residents)]

    def could_fit(self, memory: Mapping[str, int], claim: Claim, budgets: Mapping[str, int], waits: bool) -> bool:
        """Whether there would be room with everything moved away that may be."""
        staying = list(self.staying(waits))
        return not any(self._over(device, memory[device], claim, budgets, staying) for device in memory)

    def room(self, device: str, claim: Claim, budget: int, waits: bool) -> int:
        """Bytes of weights that a claim could get on a device with everything moved away that may be."""
        staying = list(self.staying(waits))
        activation = max(claim.activation, self._activation(device, staying))
        return max(0, budget - activation - sum(resident.taken.get(device, 0) for resident in staying))

    def staying(self, waits: bool) -> Iterator[Resident]:
        """Residents that cannot be moved away: pinned, or, for one who must not wait, busy or in transit."""
        return (r for r in self.residents if r.pins or not (waits or r.evictable))

    def like(self, claims: Mapping[str, Claim], several: bool) -> Resident | None:
        """A resident with the same key where it is wanted; one that is spread only where that is asked for."""
        for resident in self.residents:
            place = resident.placement
            wanted = claims.get(place.device)
            same = wanted is not None and wanted.key == resident.claim.key
            if same and (several or not place.spread) and claims.keys() >= set(place.devices):
                return resident
        return None

    def victim(self, devices: Iterable[str], but: Resident | None = None) -> Resident | None:
        """The least recently used resident on any of these devices that can be moved away at once."""
        wanted = set(devices)
        found = [r for r in self.residents if r.evictable and wanted & r.taken.keys() and r is not but]
        return min(found, key=lambda resident: resident.order, default=None)

    def touch(self, resident: Resident) -> None:
        """Mark a resident as the most recently used one."""
        self._turns += 1
        resident.order = self._turns
        resident.used = time.time()

    @staticmethod
    def _over(device: str, size: int, claim: Claim, budgets: Mapping[str, int], residents: Iterable[Resident]) -> bool:
        residents = list(residents)
        activation = max(claim.activation, Ledger._activation(device, residents))
        weights = sum(resident.taken.get(device, 0) for resident in residents)
        return weights + size + activation > budgets.get(device, 0)

    @staticmethod
    def _activation(device: str, residents: Iterable[Resident]) -> int:
        """The largest activations among those that run on a device: turns there come one after another."""
        running = (r for r in residents if device in r.placement.memory and device in r.taken)
        return max((resident.claim.activation for resident in running), default=0)
