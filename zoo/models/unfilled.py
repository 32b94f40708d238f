"""Building modules whose parameters have shapes and no numbers, because a file's are about to replace them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.utils._pytree import tree_map_only

__all__ = ["Unfilled", "unfilled"]

# What writes numbers into a tensor and nothing else, of `torch.Tensor` and of `torch.nn.init`, by name: libraries put
# functions of their own in the place of torch.nn.init's while they build (transformers 5 does).
_FILLS = frozenset(
    f"{name}_"
    for name in (
        *("uniform", "normal", "random", "bernoulli", "exponential", "log_normal", "cauchy", "geometric", "erfinv"),
        *("trunc_normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
        *("orthogonal", "sparse", "zero", "zeros", "ones", "fill", "constant", "eye", "dirac", "fill_diagonal"),
        *("copy", "add", "sub", "mul", "div", "pow", "sqrt", "exp", "log", "neg", "clamp", "clamp_min", "clamp_max"),
        *("masked_fill", "index_fill", "index_copy", "tril", "triu", "addcmul", "addcdiv", "lerp", "round", "floor"),
    )
)
_ITEM = torch.Tensor.__setitem__
_CPU = torch.device("cpu")
_DEVICE = torch.Tensor.device.__get__
_DATA = torch.Tensor.data.__set__  # type: ignore[attr-defined]


class Unfilled(torch.Tensor):
    """A tensor with a shape and a type, and no memory; filling it, or a view of it, does nothing and costs nothing.

    As a parameter it stands in its module until a file's tensor takes its place. `torch.nn.init` and all that works in
    place (BEiT divides its weights by the square root of their depth, for example) leaves it as it is. What is computed
    from one is another.

    Asked for its `device`, it names the processor, on which the parameter would lie: architectures compute buffers on
    the device of a parameter (Swin its masks), and those must have numbers. torch itself sees the meta device.
    """

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Iterable[type[Any]],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        filled = args[0] if args else (kwargs or {}).get("tensor")  # torch.nn.init's functions hand on keywords only
        if isinstance(filled, Unfilled):
            if func == _DEVICE:
                return _CPU
            if func.__name__ in _FILLS:
                return filled
            if func == _ITEM or (func == _DATA and args[1].shape == filled.shape):
                return None
        with torch._C.DisableTorchFunctionSubclass():
            try:
                made = func(*args, **(kwargs or {}))
            except RuntimeError:  # the meta device and another in one operation: so is what such modules compute
                args, kwargs = tree_map_only(torch.Tensor, _on_meta, (args, dict(kwargs or {})))
                made = func(*args, **kwargs)
        if type(made) is torch.Tensor:
            return _as_unfilled(made)
        return tree_map_only(torch.Tensor, _as_unfilled, made) if type(made) in {tuple, list} else made

    def __deepcopy__(self, memo: dict[int, Any]) -> Unfilled:
        if id(self) not in memo:
            memo[id(self)] = _made(self, parameter=isinstance(self, nn.Parameter))
        return memo[id(self)]  # type: ignore[no-any-return]


def _on_meta(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.is_meta else torch.empty_like(tensor, device="meta")


def _as_unfilled(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.as_subclass(Unfilled) if type(tensor) is torch.Tensor and tensor.is_meta else tensor


def _made(like: torch.Tensor, *, parameter: bool) -> Unfilled:
    with torch._C.DisableTorchFunctionSubclass():
        shape = torch.empty_strided(like.shape, like.stride(), dtype=like.dtype, device="meta")
        made: Unfilled = torch.Tensor._make_subclass(Unfilled, shape, like.requires_grad)
        if parameter:
            made._is_param = True  # by which `isinstance(made, nn.Parameter)` holds for types of tensors
    return made


class _Building(threading.local):
    """Whether this thread builds a module whose parameters a file will replace."""

    depth = 0


_BUILDING = _Building()


def _register(module: nn.Module, name: str, parameter: nn.Parameter | None) -> Any:
    """Put an `Unfilled` in a parameter's place, the same one wherever a module shares the parameter."""
    if parameter is None or not _BUILDING.depth or isinstance(parameter, Unfilled):
        return None
    if isinstance(parameter, nn.UninitializedParameter):
        return None
    twin: Unfilled | None = getattr(parameter, "_zoo_unfilled", None)
    if twin is None:
        twin = _made(parameter, parameter=True)
        parameter._zoo_unfilled = twin  # type: ignore[attr-defined]
    return twin


# torch calls it whenever a parameter enters a module; in threads that do not build under `unfilled` it does nothing.
# It is registered once and for good: torch iterates over its hooks while other threads build modules.
register_module_parameter_registration_hook(_register)


def _spare(kind: Any) -> None:
    """Let a layer with `Unfilled` parameters skip asking for random numbers, which would do nothing, step by step."""
    plain = kind.reset_parameters

    @functools.wraps(plain)
    def reset_parameters(self: nn.Module) -> None:
        if not (_BUILDING.depth and isinstance(self._parameters.get("weight"), Unfilled)):
            plain(self)

    kind.reset_parameters = reset_parameters


# They fill their weight and bias and nothing else; it is a fifth of the time that building a BERT takes.
for _kind in (nn.Linear, nn.Embedding, nn.LayerNorm, _ConvNd):
    _spare(_kind)


@contextmanager
def unfilled() -> Iterator[None]:
    """Modules that this thread builds inside get `Unfilled` parameters; buffers are computed as ever."""
    _BUILDING.depth += 1
    try:
        yield
    finally:
        _BUILDING.depth -= 1
