"""The parts of an encoder of sound: its layers in order, and the linear layers that a forward pass really calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

__all__ = ["called", "layer_groups", "layer_list"]


def layer_list(module: nn.Module, inside: str) -> str:
    """The full name of the list of layers that holds most parameters below a part; the part itself without one."""
    lists = {
        f"{inside}.{name}": sum(parameter.numel() for parameter in part.parameters())
        for name, part in module.get_submodule(inside).named_modules()
        if isinstance(part, nn.ModuleList)
    }
    return max(lists, key=lambda name: lists[name]) if lists else inside


def layer_groups(module: nn.Module, inside: str) -> list[list[str]]:
    """A part's names from its input to its output: what stands around its layers, then each layer."""
    name = layer_list(module, inside)
    layers = module.get_submodule(name)
    count = len(layers) if isinstance(layers, nn.ModuleList) else 0
    return [[inside], *([f"{name}.{number}"] for number in range(count))]


def called(module: nn.Module, lists: Sequence[str], run: Callable[[], Any]) -> list[str]:
    """Full names of the linear layers below these that a forward pass calls.

    Some architectures use the weights of their attention past the layer (WavLM), where an adapter would do nothing.

    Args:
        module: the whole.
        lists: names of lists of layers.
        run: one forward pass.
    """
    layers = {
        f"{home}.{name}": part
        for home in lists
        for name, part in module.get_submodule(home).named_modules()
        if type(part) is nn.Linear and "rel_pos" not in name  # which weighs places, not sounds
    }
    seen: set[int] = set()
    handles = [part.register_forward_pre_hook(lambda one, given: seen.add(id(one))) for part in layers.values()]
    training = module.training
    try:
        with torch.inference_mode():
            module.eval()
            run()
    finally:
        module.train(training)
        for handle in handles:
            handle.remove()
    return [name for name, part in layers.items() if id(part) in seen]
