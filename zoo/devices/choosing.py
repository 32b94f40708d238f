"""On which device does a model go? And if on none, why?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from zoo.devices.budget import canonical
from zoo.devices.claims import Claim, Placement, written
from zoo.devices.discover import Device
from zoo.devices.residents import Ledger
from zoo.errors import DeviceError, nearest

__all__ = ["candidates", "choose", "no_room"]


def candidates(found: Sequence[Device], wanted: str | Sequence[str]) -> list[Device]:
    """The devices that were asked for, in the order to try them.

    Raises:
        DeviceError: one of them is not here.
    """
    if wanted == "auto":
        return list(found)
    names = [wanted] if isinstance(wanted, str) else list(dict.fromkeys(wanted))
    known = {device.name: device for device in found}
    for name in names or [""]:
        if canonical(name) not in known:
            near = nearest(name, known, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise DeviceError(f"there is no device {name!r} here", f"{hint}Use auto, {', '.join(known)}.")
    return [known[canonical(name)] for name in names]


def choose(
    devices: Sequence[Device],
    claims: Mapping[str, Claim],
    ledger: Ledger,
    budgets: Mapping[str, int],
    *,
    spread: bool,
    waits: bool,
) -> Placement | None:
    """The first device with room, or with room once others have left; a slower kind only when no faster one has any.

    A model that is too large for every device of a kind is spread over them; too large for all kinds, over all devices.
    """
    for _, same in itertools.groupby(devices, key=lambda device: device.kind):
        group = list(same)
        if name := _first(group, claims, ledger, budgets, waits):
            return Placement(memory={name: claims[name].weights})
        if spread and (placement := _spread(group, claims, ledger, budgets, waits)):
            return placement
    return _spread(devices, claims, ledger, budgets, waits) if spread else None


def _first(
    devices: Sequence[Device], claims: Mapping[str, Claim], ledger: Ledger, budgets: Mapping[str, int], waits: bool
) -> str | None:
    """The first device with room now, else the first that would have room if others left."""
    wanted = {device.name: {device.name: claims[device.name].weights} for device in devices}
    now = (name for name, memory in wanted.items() if ledger.fits(memory, claims[name], budgets))
    then = (name for name, memory in wanted.items() if ledger.could_fit(memory, claims[name], budgets, waits))
    return next(now, None) or next(then, None)


def _spread(
    devices: Sequence[Device], claims: Mapping[str, Claim], ledger: Ledger, budgets: Mapping[str, int], waits: bool
) -> Placement | None:
    """Over several devices, filled in order, and a part of one more where there is one, as layers cannot be cut."""
    rooms = {d.name: ledger.room(d.name, claims[d.name], budgets[d.name], waits) for d in devices}
    rooms = {name: room for name, room in rooms.items() if room}
    weights = claims[next(iter(rooms))].weights if len(rooms) > 1 else 0
    memory: dict[str, int] = {}
    for name, room in rooms.items():
        if sum(memory.values()) < weights:
            memory[name] = min(room, weights)
        else:
            memory[name] = min(room, weights // 4)
            break
    return Placement(memory=memory) if len(memory) > 1 and sum(memory.values()) >= weights else None


def no_room(
    devices: Sequence[str],
    claims: Mapping[str, Claim],
    ledger: Ledger,
    budgets: Mapping[str, int],
    *,
    waits: bool,
) -> DeviceError:
    """The error of a model that has room nowhere: what it needs, what there is, and who has it."""
    claim = claims[devices[0]]
    needs = f"weights {written(claim.weights)}, activations {written(claim.activation)}"
    rooms = "; ".join(_room(name, ledger, budgets[name], waits) for name in devices)
    return DeviceError(
        f"{claim.owner} needs {written(claim.need)} ({needs}), and {rooms}",
        f"`zoo fit {claim.owner}` says what would fit: a smaller type (dtype='bfloat16'), another device, or a higher "
        "ZOO_DEVICE_BUDGET.",
    )


def _room(name: str, ledger: Ledger, budget: int, waits: bool) -> str:
    text = f"models may take {written(budget)} on {name}"
    holding = [resident for resident in ledger.staying(waits) if resident.taken.get(name)]
    if not holding:
        return text
    owners = ", ".join(f"{r.claim.owner} ({'pinned' if r.pins else 'in use'})" for r in holding)
    return f"{text}, of which {written(sum(r.taken[name] for r in holding))} are held by {owners}"
