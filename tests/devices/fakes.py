"""Small worlds: devices with as much memory as a test wants, and models that say what was done to them.

A fake accelerator is a second CPU: torch takes `cpu:1` and computes there as on `cpu`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import torch

from zoo.devices import Claim, Device, DeviceManager, Lease, Placement

WAIT = 20  # seconds after which a test that waits for another thread has failed


def device(name: str, memory: int, free: int | None = None) -> Device:
    return Device(
        name=name,
        description="",
        total=memory,
        free=memory if free is None else free,
        cores=2 if name == "cpu" else None,
    )


class Small(torch.nn.Module):
    """A module that knows where it was moved."""

    def __init__(self) -> None:
        super().__init__()
        self.body = torch.nn.Linear(4, 4)
        self.moves: list[str] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

    def to(self, where: Any, *args: Any, **options: Any) -> Small:
        self.moves.append(str(where))
        return super().to(where, *args, **options)


class World:
    """A manager over fake devices, whose budget is all their memory unless given."""

    def __init__(self, *devices: Device, budget: str | None = "100%") -> None:
        self.found = list(devices)
        self.manager = DeviceManager(lambda: tuple(self.found), budget=budget)
        self.made: list[tuple[str, str]] = []
        self.kept: list[Lease] = []  # a lease that nobody has is released

    def load(
        self,
        name: str,
        weights: int,
        *,
        on: str | list[str] = "auto",
        activation: int = 0,
        make: Callable[[Claim, Placement], Any] | None = None,
        spread: bool = True,
        keep: bool = True,
    ) -> Lease:
        def usual(claim: Claim, placement: Placement) -> Any:
            self.made.append((claim.owner, placement.device))
            return Small()

        lease = self.manager.lease(
            on,
            lambda _: Claim(owner=name, key=name, weights=weights, activation=activation),
            make or usual,
            spread=spread,
        )
        self.kept += [lease] if keep else []
        return lease

    def states(self) -> dict[str, str]:
        return {row["model"]: row["state"] for row in self.manager.residents()}

    def leased(self) -> dict[str, int]:
        return {row["device"]: row["leased"] for row in self.manager.state()}


def use(lease: Lease) -> Any:
    with lease.turn() as module:
        return module


def together(works: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run all at once, each in a thread; the results, or the first error; fails when one does not end."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def run(work: Callable[[], Any]) -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert not any(thread.is_alive() for thread in threads), "threads wait for each other"
    if errors:
        raise errors[0]
    return results
