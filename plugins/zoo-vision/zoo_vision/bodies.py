"""What a classifier knows before its last layer: pooled features, and which layer that is."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    import torch

__all__ = ["last_layer", "pooled_features", "without"]


def pooled_features(module: Any, batch: torch.Tensor) -> torch.Tensor:
    """A picture's features before the classifier, (batch, dimensions).

    timm: `forward_head(forward_features(batch), pre_logits=True)`; torchvision: the forward pass without the last
    layer.
    """
    made: torch.Tensor
    if hasattr(module, "forward_head"):
        made = module.forward_head(module.forward_features(batch), pre_logits=True)
    else:
        made = without(module, last_layer(module)[0])(batch)
    return made


def last_layer(module: nn.Module) -> tuple[str, nn.Module]:
    """Name and module of the layer that makes a torchvision classifier's scores: the last linear or convolution."""
    found: list[tuple[str, nn.Module]] = [
        item for item in module.named_modules() if isinstance(item[1], nn.Linear | nn.Conv2d)
    ]
    return found[-1]


def without(module: nn.Module, name: str) -> nn.Module:
    """A copy that shares all tensors, with the layer `name` replaced by the identity: it gives that layer's input."""
    first, _, rest = name.partition(".")
    inner = module.get_submodule(first)
    made = copy.copy(module)
    changed = without(inner, rest) if rest else nn.Identity()
    made.__dict__["_modules"] = {**made.__dict__["_modules"], first: changed}
    return made
