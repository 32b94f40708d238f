"""Building modules without memory for their weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from torch import nn

__all__ = ["on_meta"]

# What weights and statistics are made of.
_EMPTY = frozenset({torch.empty, torch.full, torch.ones, torch.rand, torch.randn, torch.zeros})


def on_meta(build: Callable[[], nn.Module], *, computes: bool = False) -> nn.Module:
    """What `build` makes, in evaluation mode, with all tensors on torch's meta device: shapes without numbers.

    Args:
        build: makes the module.
        computes: it reads tensors while it builds, as torchvision's RegNet does for its widths; the small ones that
            `arange` and the like make then keep their numbers until the module is built.
    """
    if computes:
        with _Shapes():
            made = build()
        return made.to("meta").eval()
    with torch.device("meta"):
        return build().eval()


class _Shapes(TorchFunctionMode):
    """Makes what weights are made of on the meta device, and leaves other tensors alone."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type[Any]],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        if func in _EMPTY and named.get("device") is None:
            named["device"] = "meta"
        return func(*args, **named)
