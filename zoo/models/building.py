"""Make a checkpoint's module on the devices that the manager gives it."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from zoo.devices import Claim, Placement
from zoo.devices.dtypes import best_dtype
from zoo.devices.faults import kind, lost
from zoo.errors import DeviceError, WeightsMismatch
from zoo.manifests import revision_of
from zoo.models.context import Context
from zoo.models.lowrank import ADAPTER_CONFIG, merge
from zoo.models.wanted import Wanted
from zoo.plugin import ADAPTER_FILE, HEAD_FILE, Checkpoint, Runner

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.devices import Device
    from zoo.registry import Pulled, Registry

__all__ = ["Builder"]

# What a forward needs beside the weights until the first batch was measured: a share of them, and at least this.
ACTIVATION_SHARE = 0.2
ACTIVATION_LEAST = 16 * 1024**2


class Builder:
    """What the device manager asks about one model: what it takes on a device, and to be made there.

    Args:
        registry, pulled: the zoo, and the model in it.
        task, runner: what it is loaded for, and the task's inference wrapper.
        wanted: how it is to run.
    """

    def __init__(
        self, registry: Registry, pulled: Pulled, task: str, runner: Callable[[Checkpoint], Runner], wanted: Wanted
    ) -> None:
        self._card = pulled.card
        self._task = task
        self._wanted = wanted
        self._derived = registry.cache / "derived" / pulled.manifest.revision
        self._size = pulled.manifest.size
        self._loader = registry.plugins.loader(pulled.card.loader)()
        given = Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision)
        self._given = given
        shared = registry.cache / "derived" / _base_key(pulled)
        context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=shared, model=pulled.card.id)
        self._checkpoint = self._loader.convert(given, context)
        self.runner = runner(self._checkpoint)

    def dtype(self, device: str) -> torch.dtype:
        """The floating-point type of the weights on a device."""
        given = self._wanted.dtype
        if isinstance(given, torch.dtype):
            return given
        if self._wanted.converts:
            return torch.float32
        able = [name for name in self._loader.dtypes if name in self.runner.dtypes]
        name = best_dtype(device, able) if given == "auto" else given
        made: torch.dtype = getattr(torch, name)
        return made

    def claim(self, device: Device) -> Claim:
        """What the model takes on a device; the same key there is the same module."""
        self._wanted.check(device.name)
        dtype = self.dtype(device.name)
        card, variant = self._card, self._wanted.variant
        # Other engines are measured and cut to a task's runner; torch's module serves all tasks alike.
        task = self._task if self._wanted.converts else None
        weights = self._weights(dtype)
        return Claim(
            owner=card.id,
            key=(card.id, self._checkpoint.revision, card.loader, dtype, task, *variant),
            weights=weights,
            activation=max(ACTIVATION_LEAST, int(weights * ACTIVATION_SHARE)),
        )

    def _weights(self, dtype: torch.dtype) -> int:
        """Bytes of all tensors in a type, by the files' headers; by their sizes where they are of another format."""
        found = self._stored
        if found is None:
            return self._size
        floating, other = found
        return floating * dtype.itemsize + other

    @functools.cached_property
    def _stored(self) -> tuple[int, int] | None:
        """Floating-point numbers, and bytes of all others, in the checkpoint's safetensors files."""
        paths = sorted(self._checkpoint.path.glob("*.safetensors"))
        if not paths:
            return None
        counts = [_counted(path) for path in paths]
        return sum(floating for floating, _ in counts), sum(other for _, other in counts)

    def make(self, claim: Claim, placement: Placement) -> Any:
        """The module in evaluation mode, where the placement says.

        Raises:
            DeviceError: the device has less memory than it seemed to have.
            WeightsMismatch: a parameter was not in the file.
        """
        try:
            module = self._made(placement)
            return self._finished(module)
        except Exception as error:  # drivers and engines raise of all kinds; what is no device's fault goes on
            found = kind(error)
            if found == "lost" and placement.device != "cpu":
                raise lost(error, placement.device) from error
            if found != "memory":
                raise
            raise DeviceError(
                f"{self._card.id} does not fit on {placement.device}",
                f"`zoo fit {self._card.id}` says where it would.",
            ) from error

    def _made(self, placement: Placement) -> Any:
        target = torch.device("cpu" if placement.spread else placement.device)
        context = self._context(target, self.dtype(placement.device))
        module = self._loader.load(self._checkpoint, context)
        if not isinstance(module, torch.nn.Module):
            if placement.spread:
                raise DeviceError(
                    f"{self._card.id} does not run on torch, so it cannot be spread over devices", "Name one device."
                )
            module.to(placement.device)
            return module
        if unmet := context.unmet(module):
            raise WeightsMismatch(
                f"{self._card.id}: {len(unmet)} parameters are not in the file ({', '.join(unmet[:5])})",
                f"This is a fault of the loader {self._card.loader!r}; report it to its plugin.",
            )
        merge(module, self._given)  # a loader that converts knows nothing of what lies beside its files
        if placement.spread:
            from zoo.models.spread import spread

            return spread(module.eval(), placement.memory)
        return _settled(module, target)

    def _finished(self, module: Any) -> Any:
        """The module as the wanted engine runs it."""
        wanted = self._wanted
        if wanted.converts:
            from zoo.models.precision import prepare

            run, report = prepare(
                module,
                self.runner,
                task=self._task,
                card=self._card,
                engine=wanted.engine,
                quantize=wanted.quantize,
                cache=self._derived,
                samples=list(wanted.samples) or None,
            )
            run.report = report
            return run
        return module

    def _context(self, device: torch.device, dtype: torch.dtype) -> Context:
        return Context(device=device, dtype=dtype, cache=self._derived, model=self._card.id)

    def takes_tensors(self, module: Any) -> bool:
        """Whether batches are tensors, which are to be moved to the module's device."""
        return self._wanted.converts or isinstance(module, torch.nn.Module)


def _base_key(pulled: Pulled) -> str:
    """What a conversion is kept under: models that only add a head or adapters to the same files share it."""
    added = {HEAD_FILE, ADAPTER_FILE, ADAPTER_CONFIG}
    return revision_of(file.arrived for file in pulled.manifest.files if file.path not in added)


def _settled(module: torch.nn.Module, device: torch.device) -> torch.nn.Module:
    """The module on a device, in evaluation mode; loaders leave most so, and one look saves torch's two walks."""
    parts = list(module.modules())
    tensors = (t for part in parts for t in (*part._parameters.values(), *part._buffers.values()) if t is not None)
    # Tensors that a module holds in other ways than these, as quantised ones do, are its own `to`'s to move.
    if device.type != "cpu" or any(tensor.device != device for tensor in tensors):
        module.to(device)
    return module.eval() if any(part.training for part in parts) else module


def _counted(path: Path) -> tuple[int, int]:
    """Floating-point numbers and bytes of everything else in a safetensors file, by its header alone."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        text = file.read(min(length, size))
    try:
        return _summed(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # unsound: the loader is about to say so
        return 0, size


def _summed(header: dict[str, Any]) -> tuple[int, int]:
    floating = other = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] in {"F64", "F32", "F16", "BF16"}:
            floating += math.prod(entry["shape"])
        else:
            start, end = entry["data_offsets"]
            other += end - start
    return floating, other
