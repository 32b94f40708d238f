"""New class layers for old ones, and what else has to be known of a detector's layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["class_layers", "grouped", "head_last", "hold_statistics", "low_rank_places", "renewed", "resized"]

# A part with more than this share of all parameters is taken apart, if it has layers.
_SHARE = 0.25
_FEW = 8
_SPREAD = 0.01
_ATTENTION = re.compile(r"attn|attention", re.IGNORECASE)


def renewed(start: Tensor, count: int, kept: Mapping[int, Tensor]) -> Tensor:
    """Rows (count, …) for new classes, in the place of a layer's rows for old ones.

    Args:
        start: (…), with what each new class begins; a little noise (.01) from torch's generator tells them apart.
        count: of rows.
        kept: by their places, rows that go on as they are: the background, "no object".
    """
    made = start.repeat(count, *[1] * start.ndim)
    made += _SPREAD * torch.randn(made.shape, dtype=made.dtype, device=made.device)
    for place, row in kept.items():
        made[place] = row
    return made


def resized(layer: Any, weight: Tensor, bias: Tensor | None) -> None:
    """Give a linear or convolutional layer, or an embedding, weights for another number of outputs, where it stands.

    Parameters are taken as they are, so that layers can go on sharing them.
    """
    layer.weight = weight if isinstance(weight, nn.Parameter) else nn.Parameter(weight)
    if bias is not None:
        layer.bias = bias if isinstance(bias, nn.Parameter) else nn.Parameter(bias)
    for name in ("out_features", "out_channels", "num_embeddings"):
        if hasattr(layer, name):
            setattr(layer, name, len(weight))
    if getattr(layer, "padding_idx", None) is not None:
        layer.padding_idx = len(weight) - 1


def class_layers(one: nn.Module, other: nn.Module) -> list[str]:
    """Names of the layers in which modules for different numbers of classes differ."""
    wanted = other.state_dict()
    odd = [name for name, tensor in one.state_dict().items() if tensor.shape != wanted[name].shape]
    return list(dict.fromkeys(name.rpartition(".")[0] for name in odd))


def grouped(module: nn.Module) -> list[list[str]]:
    """The module's parts in the order of their definition; large ones are taken apart into their layers."""
    return [[name] for name in _parts(module, "", _count(module))]


def _parts(module: nn.Module, prefix: str, total: int) -> Iterator[str]:
    for child, part in module.named_children():
        name = f"{prefix}{child}"
        layered = any(isinstance(inner, nn.Sequential | nn.ModuleList) for inner in part.modules())
        if layered and _count(part) > _SHARE * total:
            yield from _parts(part, f"{name}.", total)
        elif _count(part):
            yield name


def _count(part: nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())


def head_last(groups: Sequence[Sequence[str]], head: Sequence[str]) -> list[list[str]]:
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


def low_rank_places(module: nn.Module, run: Callable[[], Any], head: Sequence[str]) -> list[str]:
    """Names of the attention's linear layers that a forward pass calls, for low-rank adapters.

    Hu et al., "LoRA" (arXiv:2106.09685).

    Args:
        module: the whole.
        run: one forward pass.
        head: names of the head's parts, which are trained as they are.
    """
    heads = tuple(f"{name}." for name in head)
    layers = {
        name: part
        for name, part in module.named_modules()
        if type(part) is nn.Linear and _ATTENTION.search(name) and not f"{name}.".startswith(heads)
    }
    seen: set[str] = set()

    def watch(name: str) -> Callable[..., None]:
        return lambda *_: seen.add(name)

    handles = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers.items()]
    training = module.training
    try:
        with torch.inference_mode():
            module.eval()
            run()
    finally:
        module.train(training)
        for handle in handles:
            handle.remove()
    return [name for name in layers if name in seen]
