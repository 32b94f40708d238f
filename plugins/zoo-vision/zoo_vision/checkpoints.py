"""What the loaders of this plugin share about tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

    from zoo.plugin import Checkpoint

__all__ = ["base_tensors", "counters", "fits"]


def base_tensors(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """All tensors of the model's files by name, without those of `head.safetensors`."""
    made: dict[str, torch.Tensor] = {}
    for path in checkpoint.weight_files():
        made |= checkpoint.read_tensors(path)
    return made


def counters(module: nn.Module) -> list[str]:
    """Names of the step counters of batch normalisation: old files lack them, and evaluation does not use them."""
    return [name for name, _ in module.named_buffers() if name.endswith("num_batches_tracked")]


def fits(module: nn.Module, tensors: Mapping[str, torch.Tensor]) -> bool:
    """Whether names and shapes are the module's, counters aside."""
    skip = set(counters(module))
    wanted = {name: tensor.shape for name, tensor in module.state_dict().items() if name not in skip}
    return wanted == {name: tensor.shape for name, tensor in tensors.items() if name not in skip}
