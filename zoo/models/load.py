"""`load`: the whole path from a name to a model that runs, readable from top to bottom."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import MissingPlugin, UnknownTask
from zoo.models.building import Builder
from zoo.models.engine import Engine
from zoo.models.model import Model
from zoo.models.others import Others
from zoo.models.wanted import Wanted
from zoo.plugin import Checkpoint, Runner

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.registry import Pulled, Registry

__all__ = ["load", "open_model"]


def load(
    registry: Registry, ref: str, *, task: str | None = None, revision: str | None = None, wanted: Wanted
) -> Model:
    """Load a model for a task; see `zoo.load`."""
    pulled = registry.obtain(ref, revision=revision)
    task = _task(pulled.card, task)
    return open_model(registry, pulled, task, _runner(registry, pulled.card, task), wanted)


def open_model(
    registry: Registry, pulled: Pulled, task: str, runner: Callable[[Checkpoint], Runner], wanted: Wanted
) -> Model:
    """Load a pulled model to be run by any runner: the part of `load` that fine-tuning shares."""
    builder = Builder(registry, pulled, task, runner, wanted)
    devices = wanted.devices
    others = Others(registry, devices if isinstance(devices, str) else "auto")
    builder.runner.others = others
    lease = registry.devices.lease(wanted.devices, builder.claim, builder.make)
    try:
        if wanted.pin:
            lease.pin()
        dtype = builder.dtype(lease.device)
        takes_tensors = builder.takes_tensors(lease.module())
        engine = Engine(
            lease,
            builder.runner,
            device=torch.device(lease.device) if takes_tensors else None,
            dtype=dtype if takes_tensors else None,
            batch=wanted.batch,
            autocast=wanted.autocast,
            compile=wanted.compile,
        )
    except BaseException:
        lease.release()
        raise
    return Model(
        card=pulled.card,
        revision=pulled.manifest.revision,
        task=task,
        engine=engine,
        lease=lease,
        dtype=dtype,
        others=others,
        provenance=functools.partial(registry.provenance, pulled.card, pulled.manifest),
    )


class _ModuleOnly(Runner):
    """In place of a runner that no plugin has yet: the module is there to be used, and `predict` says what lacks."""

    def prepare(self, value: Any, options: Any) -> Sequence[Any]:
        card = self.checkpoint.card
        raise MissingPlugin(
            f"no installed plugin runs {card.task} with models of loader {card.loader!r}",
            f"{card.id} is loaded: use its `module` as its library does.",
        )


def _runner(registry: Registry, card: ModelCard, task: str) -> Callable[[Checkpoint], Runner]:
    """The task's runner; where a plugin loads the model and none runs it, one that says so when it is asked to."""
    try:
        made: Callable[[Checkpoint], Runner] = registry.plugins.runner(card.loader, task)
    except MissingPlugin:
        registry.plugins.loader(card.loader)  # raises when nothing loads it either
        return _ModuleOnly
    return made


def _task(card: ModelCard, task: str | None) -> str:
    if task is None or task in card.all_tasks:
        return task or card.task
    raise UnknownTask(f"{card.id} is not made for {task}", f"It does: {', '.join(card.all_tasks)}.")
