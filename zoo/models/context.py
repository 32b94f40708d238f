"""What loaders get from the core: no random initialisation, and weights mapped in with every name met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from zoo.errors import WeightsMismatch
from zoo.models.places import Places
from zoo.models.unfilled import Unfilled, unfilled

__all__ = ["Context"]


class Context:
    """The `zoo.plugin.LoadContext` of one load.

    Args:
        device: where the module will run.
        dtype: the floating-point type it will have.
        cache: the checkpoint's folder for derived files.
        model: its name, for messages.
    """

    def __init__(self, *, device: torch.device, dtype: torch.dtype, cache: Path, model: str) -> None:
        self.device = device
        self.dtype = dtype
        self._cache = cache
        self._model = model
        self._met: set[int] = set()

    @contextmanager
    def no_init(self) -> Iterator[None]:
        """Build modules whose parameters have no memory until `assign` gives them a file's; buffers are computed."""
        with unfilled():
            yield

    def cache(self, name: str) -> Path:
        """A folder, made if absent, for what can be derived from this checkpoint again."""
        path = self._cache / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def assign(
        self,
        module: torch.nn.Module,
        tensors: Mapping[str, torch.Tensor],
        *,
        rename: Callable[[str], str | None] | None = None,
        ignore: Iterable[str] = (),
    ) -> None:
        """Map tensors into a module; see `zoo.plugin.LoadContext.assign`."""
        named = _renamed(tensors, rename)
        # Without torch's detour for types of tensors, each look at an unfilled one would be a call of its method.
        with torch._C.DisableTorchFunctionSubclass():
            places = Places(module)
            _fill_tied(named, places.tied)
            self._compare(places.tensors, named, frozenset(ignore))
            _fill_counters(named, places.tensors)
            places.put({name: self._fitted(named[name]) for name in places.tensors if name in named})
            self._met |= {id(parameter) for parameter in module.parameters()}

    def unmet(self, module: torch.nn.Module) -> list[str]:
        """Names of what no `assign` has met and has no numbers: they would be uninitialised memory."""
        lacking = [
            name
            for name, parameter in module.named_parameters()
            if id(parameter) not in self._met or isinstance(parameter, Unfilled)
        ]
        return lacking + [name for name, buffer in module.named_buffers() if buffer.is_meta]

    def _fitted(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self.device, self.dtype if tensor.is_floating_point() else tensor.dtype)

    def _compare(
        self, wanted: Mapping[str, torch.Tensor], named: Mapping[str, torch.Tensor], ignore: frozenset[str]
    ) -> None:
        missing = sorted(wanted.keys() - named.keys() - ignore)
        extra = sorted(named.keys() - wanted.keys() - ignore)
        odd = [
            f"{name} {tuple(named[name].shape)} instead of {tuple(wanted[name].shape)}"
            for name in sorted(wanted.keys() & named.keys())
            if wanted[name].shape != named[name].shape
        ]
        parts = [_listed("missing", missing), _listed("extra", extra), _listed("of another shape", odd)]
        if missing or extra or odd:
            raise WeightsMismatch(
                f"the weights of {self._model} do not fit its architecture: {'; '.join(p for p in parts if p)}",
                "The file belongs to another architecture or version; nothing was loaded.",
            )


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return f"{len(names)} {what} ({shown})"


def _renamed(
    tensors: Mapping[str, torch.Tensor], rename: Callable[[str], str | None] | None
) -> dict[str, torch.Tensor]:
    if rename is None:
        return dict(tensors)
    made: dict[str, torch.Tensor] = {}
    for old, tensor in tensors.items():
        new = rename(old)
        if new is None:
            continue
        if new in made:
            raise WeightsMismatch(f"two tensors of the file are both mapped to {new}")
        made[new] = tensor
    return made


def _fill_tied(named: dict[str, torch.Tensor], tied: list[list[str]]) -> None:
    """Let a tied parameter that the file holds under one name stand for its other names too."""
    for names in tied:
        present = [name for name in names if name in named]
        if present:
            named.update({name: named[present[0]] for name in names if name not in named})


def _fill_counters(named: dict[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> None:
    """Give buffers that the file may lack numbers where building left none: timm's pruned networks copy the device of
    their weights."""
    for name, tensor in wanted.items():
        if name not in named and tensor.is_meta and not isinstance(tensor, torch.nn.Parameter):
            named[name] = torch.zeros(tensor.shape, dtype=tensor.dtype)
