"""`load`: the whole path from a name to a model that runs, readable from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption, DeviceError, MissingPlugin, UnknownTask, WeightsMismatch
from zoo.models.context import Context
from zoo.models.engine import Engine
from zoo.models.model import Model
from zoo.plugin import Checkpoint, Loader, Runner

if TYPE_CHECKING:
    import torch

    from zoo.cards import ModelCard
    from zoo.devices import Lease
    from zoo.registry import Pulled, Registry

__all__ = ["load", "open_model"]

DTYPES = ("float32", "float16", "bfloat16", "float64")


def load(
    registry: Registry,
    ref: str,
    *,
    task: str | None = None,
    device: str = "auto",
    dtype: str | torch.dtype = "auto",
    revision: str | None = None,
    batch: int | None = None,
) -> Model:
    """Load a model for a task; see `zoo.load`."""
    pulled = registry.obtain(ref, revision=revision)
    task = _task(pulled.card, task)
    runner = _runner(registry, pulled.card, task)
    return open_model(registry, pulled, task, runner, device=device, dtype=dtype, batch=batch)


def open_model(
    registry: Registry,
    pulled: Pulled,
    task: str,
    runner: Callable[[Checkpoint], Runner],
    *,
    device: str = "auto",
    dtype: str | torch.dtype = "auto",
    batch: int | None = None,
) -> Model:
    """Load a pulled model to be run by any runner: the part of `load` that fine-tuning shares."""
    wanted = _dtype(dtype)
    card, manifest = pulled.card, pulled.manifest
    loader = registry.plugins.loader(card.loader)()
    checkpoint = Checkpoint(card=card, path=pulled.path, revision=manifest.revision)
    lease = registry.devices.lease(card.id, manifest.size, device)
    try:
        checkpoint, module = _build(registry, loader, checkpoint, lease, wanted)
        engine = _engine(module, runner(checkpoint), lease, wanted, batch)
    except BaseException:
        registry.devices.release(lease)
        raise
    return Model(
        card=card,
        revision=manifest.revision,
        task=task,
        engine=engine,
        device=lease.device,
        dtype=wanted,
        provenance=registry.provenance(card, manifest),
        release=lambda: registry.devices.release(lease),
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


def _build(
    registry: Registry, loader: Loader, checkpoint: Checkpoint, lease: Lease, dtype: torch.dtype
) -> tuple[Checkpoint, Any]:
    """Run the loader, then make sure that no parameter was left as uninitialised memory."""
    import torch

    context = Context(
        device=torch.device(lease.device),
        dtype=dtype,
        cache=registry.cache / "derived" / checkpoint.revision,
        model=checkpoint.card.id,
    )
    try:
        checkpoint = loader.convert(checkpoint, context)
        module = loader.load(checkpoint, context)
    except torch.OutOfMemoryError as error:
        raise DeviceError(f"{checkpoint.card.id} does not fit on {lease.device}", "Use --device cpu.") from error
    if not isinstance(module, torch.nn.Module):
        module.to(lease.device)
        return checkpoint, module
    if unmet := context.unmet(module):
        raise WeightsMismatch(
            f"{checkpoint.card.id}: {len(unmet)} parameters are not in the file ({', '.join(unmet[:5])})",
            f"This is a fault of the loader {checkpoint.card.loader!r}; report it to its plugin.",
        )
    return checkpoint, module.to(lease.device).eval()


def _engine(module: Any, runner: Any, lease: Lease, dtype: torch.dtype, batch: int | None) -> Engine:
    import torch

    if isinstance(module, torch.nn.Module):
        return Engine(module, runner, device=torch.device(lease.device), dtype=dtype, batch=batch)
    return Engine(module, runner, batch=batch)


def _task(card: ModelCard, task: str | None) -> str:
    if task is None or task in card.all_tasks:
        return task or card.task
    raise UnknownTask(f"{card.id} is not made for {task}", f"It does: {', '.join(card.all_tasks)}.")


def _dtype(given: str | torch.dtype) -> torch.dtype:
    """The floating-point type to load in; `auto` is float32 for now, exact everywhere."""
    import torch

    if isinstance(given, torch.dtype):
        return given
    if given == "auto":
        return torch.float32
    if given not in DTYPES:
        raise BadOption(f"there is no floating-point type {given!r}", f"Use auto, {', '.join(DTYPES)}.")
    made: torch.dtype = getattr(torch, given)
    return made
