"""Films made of numbers, and networks filled with numbers."""

from __future__ import annotations

from typing import Any

__all__ = ["fill", "films"]


def films() -> list[Any]:
    """Three films, arrays (frames, height, width, 3): as short as a clip, longer, and of another size."""
    import numpy as np

    numbers = np.random.default_rng(0)
    sizes = ((4, 48, 64), (9, 48, 64), (6, 64, 48))
    return [numbers.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


def fill(module: Any, size: tuple[int, ...]) -> None:
    """Random weights, the same whatever version of a library built the module, with statistics of pictures.

    Without statistics in its batch normalisation a deep network would give much the same for all pictures.

    Args:
        module: whatever takes pictures (batch, 3, height, width), or films with their frames before the height.
        size: what comes after the colours.
    """
    import torch
    from torch.nn.functional import interpolate

    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(8, 3, *(min(side, 4) for side in size), generator=generator)  # neighbours are alike
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, parameter[0].numel() ** -0.5, generator=generator)
            elif name.endswith("bias"):
                parameter.zero_()
        for layer in module.modules():
            if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
                layer.weight.fill_(1)
                layer.momentum = 1.0
        module.train()(interpolate(coarse, size))
    module.eval()
