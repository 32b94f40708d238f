"""Running inputs of several shapes without padding them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["by_shape"]


def by_shape(run: Callable[[Tensor], Tensor], inputs: Sequence[Tensor]) -> list[Tensor]:
    """`run`'s output for each input, in order: inputs of one shape are stacked into one batch, others are run apart."""
    groups: dict[torch.Size, list[int]] = {}
    for index, tensor in enumerate(inputs):
        groups.setdefault(tensor.shape, []).append(index)
    made: dict[int, Tensor] = {}
    for indices in groups.values():
        made |= dict(zip(indices, run(torch.stack([inputs[index] for index in indices])), strict=True))
    return [made[index] for index in range(len(inputs))]
