"""Checks of loading: without the network, again, away from its device, and gone when it is let go."""

from __future__ import annotations

import contextlib
import gc
import sys
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from zoo.conformance.outcomes import Skip, Unkept
from zoo.conformance.sockets import no_sockets

if TYPE_CHECKING:
    from zoo.conformance.stage import Stage
    from zoo.models import Model

__all__ = ["moved", "offline_load", "reloaded", "unloaded"]

MEGABYTE = 1 << 20


def offline_load(stage: Stage) -> str:
    """The model loads and runs with nothing but its files: no socket is opened, nothing is looked up."""
    pulled, inputs = stage.pulled, stage.inputs[:1]
    with no_sockets() as asked:
        model = stage.model
        with contextlib.suppress(Exception):  # whether it runs is told by the check `typed`
            _ = stage.run(model, inputs)
    if asked:
        names = ", ".join(dict.fromkeys(asked[:5]))
        raise Unkept(
            f"loading or running it asks for the network ({names})",
            "Read everything from the checkpoint's folder; turn off what a library looks up by itself.",
        )
    files = len(pulled.manifest.files)
    return f"{pulled.card.id}: {files} file{'s' * (files != 1)}, {_megabytes(pulled.manifest.size)}, no socket"


def reloaded(stage: Stage) -> str:
    """Loaded once more from the same files, in another zoo, it gives the same results."""
    wanted = stage.steady
    with stage.fresh() as (_, model):
        found = stage.differs(stage.run(model, stage.inputs), wanted)
    if found:
        raise Unkept(
            f"loaded again it gives other results: {found}",
            "Take every weight from the file (`context.assign` names what is missing), and seed what is random.",
        )
    return "the same from a second load"


def unloaded(stage: Stage) -> str:
    """After `unload` the module and its parameters are gone, and the device manager counts nothing."""
    _ = stage.results
    zoo = stage.zoo()
    model = stage.load(zoo)
    _ = stage.run(model, stage.inputs[:1])
    watched = _watched(model)
    model.unload()
    del model
    if any(reference() is not None for reference in watched):
        gc.collect()  # what is in a cycle goes now
    left = [reference for reference in watched if reference() is not None]
    held = sum(row["leased"] for row in zoo.devices.state())
    if left:
        raise Unkept(
            f"{len(left)} of {len(watched)} parts (module, parameters) are still in memory after `unload`"
            f"{_holders(left[0]())}",
            "Keep no module in a global, in a class attribute or in a cache.",
        )
    if held or zoo.devices.residents():
        raise Unkept(f"the device manager still counts {held} bytes", "Report this: the lease was not given back.")
    return f"{len(watched)} parts gone, 0 bytes held" if watched else "nothing of it can be watched; 0 bytes held"


def moved(stage: Stage) -> str:
    """Evicted from its device and brought back, it gives the same results; on every device that is here."""
    wanted = stage.steady
    with stage.fresh() as (zoo, model):
        _ = stage.run(model, stage.inputs)
        names = [device.name for device in zoo.devices.devices()]
        need = max(row["weights"] + 2 * row["activation"] for row in zoo.devices.residents())
    for name in names:
        if name == "cpu" or _on_torch(stage):
            _evict(stage, name, need, wanted)
    others = [name for name in names if name != "cpu"]
    if not others:
        return "dropped and made again on the CPU; there is no accelerator here to move it to and from"
    if not _on_torch(stage):
        return "dropped and made again on the CPU; it does not run on torch, so no accelerator was tried"
    return f"evicted and brought back on {', '.join(names)}"


def _evict(stage: Stage, device: str, need: int, wanted: list[Any]) -> None:
    """Make the model leave a device for a claim that takes all of the budget, and use it again."""
    from zoo.devices import Claim, DeviceManager

    budget = need + 256 * MEGABYTE
    every = budget if device == "cpu" else 2 * budget  # so that it can be moved to the CPU, and is not dropped
    manager = DeviceManager(budget=f"{device}={budget}B" if device == "cpu" else f"{device}={budget}B,cpu={every}B")
    with stage.fresh(device=device, devices=manager) as (_, model):
        _same(stage, model, wanted, f"on {device}")
        filler = Claim(owner="conformance", key="conformance", weights=budget)
        manager.lease(device, lambda _: filler, lambda claim, placement: object(), spread=False).release()
        if any(row["state"] == "here" for row in manager.residents()):
            raise Skip(f"{device} has too little free memory to try it")
        _same(stage, model, wanted, f"on {device}, after it had been moved away")


def _same(stage: Stage, model: Model, wanted: list[Any], where: str) -> None:
    if found := stage.differs(stage.run(model, stage.inputs), wanted):
        raise Unkept(
            f"{where} it gives other results: {found}",
            "Keep all tensors in parameters and buffers, and make new ones on the device of the batch.",
        )


def _on_torch(stage: Stage) -> bool:
    import torch

    with stage.model.turn() as module:
        return isinstance(module, torch.nn.Module)


def _watched(model: Model) -> list[Any]:
    """Weak references to the module and its parameters, as far as it has such."""
    with model.turn() as module:
        parts = [module, *(module.parameters() if hasattr(module, "parameters") else ())]
        return list(_references(parts))


def _references(parts: list[Any]) -> Iterator[Any]:
    for part in parts:
        try:
            yield weakref.ref(part)
        except TypeError:  # an engine's object that allows none
            continue


def _holders(part: Any) -> str:
    """Which global names hold something: the usual leak, told by its address."""
    modules = {id(vars(module)): name for name, module in list(sys.modules.items()) if hasattr(module, "__dict__")}
    for referrer in gc.get_referrers(part):
        if id(referrer) in modules:
            name = next((key for key, value in referrer.items() if value is part), "?")
            return f": {modules[id(referrer)]}.{name} holds it"
        for outer in gc.get_referrers(referrer) if isinstance(referrer, list | dict | set | tuple) else ():
            if id(outer) in modules:
                name = next((key for key, value in outer.items() if value is referrer), "?")
                return f": {modules[id(outer)]}.{name} holds it"
    return ""


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
