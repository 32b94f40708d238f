"""What a module of any library is made of: layers from input to output, and linear layers that are really called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "called_linears",
    "class_layers",
    "fresh",
    "grouped",
    "head_last",
    "hold_statistics",
    "low_rank_places",
    "share_of",
]

# A part with more than this share of all parameters is taken apart, if it has layers.
_SHARE = 0.25
_ATTENTION = re.compile(r"attn|attention", re.IGNORECASE)
_POSITIONS = re.compile(r"cpb|rel_pos|pos_mlp|position")
_OUTPUT = re.compile(r"(^|\.)(proj|out_proj|to_out|output\.dense|o_proj|projection)(\.\d+)?$")
# Fewer pictures than this say too little of the statistics of a layer.
_FEW = 8
_HEAD_SPREAD = 0.01


def grouped(module: nn.Module) -> list[list[str]]:
    """The module's parts in the order of their definition; large ones are taken apart into their layers."""
    total = share_of(module)
    return [[name] for name in _parts(module, "", total)]


def _parts(module: nn.Module, prefix: str, total: int) -> Iterator[str]:
    for child, part in module.named_children():
        name = f"{prefix}{child}"
        if _divisible(part) and share_of(part) > _SHARE * total:
            yield from _parts(part, f"{name}.", total)
        elif share_of(part):
            yield name


def _divisible(part: nn.Module) -> bool:
    return any(isinstance(inner, nn.Sequential | nn.ModuleList) for inner in part.modules())


def share_of(part: nn.Module) -> int:
    """How many numbers the parameters of a part are."""
    return sum(parameter.numel() for parameter in part.parameters())


def head_last(module: nn.Module, groups: Sequence[Sequence[str]], head: Sequence[str]) -> list[list[str]]:
    """The groups without the parts of the head, which become the last group."""
    mine = tuple(f"{name}." for name in head)
    made = [[name for name in group if not f"{name}.".startswith(mine)] for group in groups]
    return [*(group for group in made if group), list(head)]


def hold_statistics(module: nn.Module, pictures: int) -> None:
    """Let batch normalisation use its running statistics where it is not trained, or the batch is below 8 pictures.

    A frozen layer whose statistics move is not frozen, and statistics of a few pictures are worse than those of the
    base. It lasts until the module is put into training mode again.
    """
    if not module.training:
        return
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            learns = part.weight is not None and part.weight.requires_grad
            if pictures < _FEW or not learns:
                part.eval()


def class_layers(one: nn.Module, other: nn.Module) -> list[str]:
    """Names of the layers in which modules for different numbers of classes differ."""
    wanted = other.state_dict()
    odd = [name for name, tensor in one.state_dict().items() if tensor.shape != wanted[name].shape]
    return list(dict.fromkeys(name.rpartition(".")[0] for name in odd))


def fresh(layer: nn.Module) -> nn.Module:
    """The layer with memory and first values: normal with a spread of .01, the bias 0."""
    made = layer.to_empty(device="cpu")
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            else:
                parameter.normal_(0.0, _HEAD_SPREAD)
    return made.requires_grad_(True)


def low_rank_places(module: nn.Module, run: Callable[[], Any], head: Sequence[str]) -> list[str]:
    """Names of the linear layers that low-rank adapters are put on; empty for networks of convolutions.

    Those of the attention, as of Hu et al., "LoRA" (arXiv:2106.09685). Some architectures use the weights of their
    attention without calling the layer, where an adapter would do nothing; then all layers over tokens are taken.

    Args:
        module: the whole.
        run: one forward pass.
        head: names of the head's parts, which are trained as they are.
    """
    heads = tuple(f"{name}." for name in head)
    called = [
        name for name in called_linears(module, run) if not f"{name}.".startswith(heads) and not _POSITIONS.search(name)
    ]
    attention = [name for name in called if _ATTENTION.search(name)]
    asking = [name for name in attention if not _OUTPUT.search(name)]
    return attention if asking else called


def called_linears(module: nn.Module, run: Callable[[], Any]) -> list[str]:
    """Names of the linear layers that a forward pass calls with tokens (batch, …, dimensions), in order of definition.

    Layers over pooled vectors (squeeze and excitation) are left out.
    """
    layers = {name: part for name, part in module.named_modules() if type(part) is nn.Linear}
    seen: set[str] = set()
    training = module.training
    with _watched(layers, seen), torch.inference_mode():
        module.eval()
        run()
    module.train(training)
    return [name for name in layers if name in seen]


@contextmanager
def _watched(layers: Mapping[str, nn.Module], seen: set[str]) -> Iterator[None]:
    def watch(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def note(_: nn.Module, given: tuple[Any, ...]) -> None:
            if given and given[0].ndim > 2:
                seen.add(name)

        return note

    handles = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
