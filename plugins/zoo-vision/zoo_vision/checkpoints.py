"""What the loaders of this plugin share about tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

    from zoo.plugin import Checkpoint, LoadContext

__all__ = ["base_tensors", "counters", "ready"]


def base_tensors(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """All tensors of the model's files by name, without those of `head.safetensors`."""
    made: dict[str, torch.Tensor] = {}
    for path in checkpoint.weight_files():
        made |= checkpoint.read_tensors(path)
    return made


def counters(module: nn.Module) -> list[str]:
    """Names of the step counters of batch normalisation: old files lack them, and evaluation does not use them."""
    return [name for name, _ in module.named_buffers() if name.endswith("num_batches_tracked")]


def ready(module: nn.Module, context: LoadContext) -> nn.Module:
    """The module in evaluation mode, on the device and in the type of the load; for buffers that building computed."""
    buffers = [buffer for buffer in module.buffers() if buffer.device != context.device or _differs(buffer, context)]
    return (module.to(device=context.device, dtype=context.dtype) if buffers else module).eval()


def _differs(buffer: torch.Tensor, context: LoadContext) -> bool:
    return buffer.is_floating_point() and buffer.dtype != context.dtype
