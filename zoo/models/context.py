"""What loaders get from the core: no random initialisation, and weights mapped in with every name met."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from zoo.errors import WeightsMismatch

__all__ = ["Context"]

# By name: libraries put functions of their own in the place of torch.nn.init's while they build (transformers 5 does).
_RANDOM = frozenset(
    f"{name}_"
    for name in (
        *("uniform", "normal", "random", "bernoulli", "exponential", "log_normal", "cauchy", "geometric", "erfinv"),
        *("trunc_normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
        *("orthogonal", "sparse"),
    )
)


class _SkipRandom(TorchFunctionMode):
    """Turns random fills into no-ops: the memory they would fill is about to be replaced by the file's."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type[Any]],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in _RANDOM:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _guard_redrawing() -> None:
    """Let torch's `trunc_normal_` return at once under `_SkipRandom`.

    It draws again until every number lies within bounds (`torch.nn.init._no_grad_trunc_normal_`); memory that is not
    drawn at all may never get there. It is a plain function that no mode sees, so it is wrapped, once.
    """
    plain = torch.nn.init._no_grad_trunc_normal_
    if getattr(plain, "skips_for_zoo", False):
        return

    @functools.wraps(plain)
    def guarded(tensor: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
        modes = torch.overrides._get_current_function_mode_stack()  # type: ignore[no-untyped-call]
        return tensor if any(isinstance(mode, _SkipRandom) for mode in modes) else plain(tensor, *args, **options)

    guarded.skips_for_zoo = True  # type: ignore[attr-defined]
    torch.nn.init._no_grad_trunc_normal_ = guarded


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
        """Build modules without spending time on random initialisation."""
        _guard_redrawing()
        with _SkipRandom():
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
        wanted = module.state_dict()
        tied = _tied(module)
        _fill_tied(named, tied)
        self._compare(wanted, named, frozenset(ignore))
        state = OrderedDict((name, self._fitted(named[name])) for name in wanted if name in named)
        # Modules look up their own version here (torchvision's MNASNet refuses to load without it).
        state._metadata = wanted._metadata  # type: ignore[attr-defined]
        module.load_state_dict(state, strict=False, assign=True)
        _tie(module, tied)
        self._met |= {id(parameter) for parameter in module.parameters()}

    def unmet(self, module: torch.nn.Module) -> list[str]:
        """Names of the parameters that no `assign` has met: they would be uninitialised memory."""
        return [name for name, parameter in module.named_parameters() if id(parameter) not in self._met]

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


def _tied(module: torch.nn.Module) -> list[list[str]]:
    """Groups of names under which the module holds one and the same parameter."""
    groups: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        groups.setdefault(id(parameter), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _fill_tied(named: dict[str, torch.Tensor], tied: list[list[str]]) -> None:
    """Let a tied parameter that the file holds under one name stand for its other names too."""
    for names in tied:
        present = [name for name in names if name in named]
        if present:
            named.update({name: named[present[0]] for name in names if name not in named})


def _tie(module: torch.nn.Module, tied: list[list[str]]) -> None:
    """Make tied names one parameter again after each was assigned on its own."""
    for first, *others in tied:
        parameter = module.get_parameter(first)
        for name in others:
            owner, _, leaf = name.rpartition(".")
            setattr(module.get_submodule(owner), leaf, parameter)
