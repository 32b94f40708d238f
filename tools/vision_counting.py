"""Count parameters, bytes and multiply-accumulates of a module on the meta device, where tensors hold no memory.

A multiply-accumulate is two of the operations that `torch.utils.flop_counter.FlopCounterMode` counts, for one input in
evaluation mode. Counted are matrix products, convolutions and attention; element-wise steps, normalisation, pooling,
softmax, interpolation and biases are not, in the FlopCounterMode nor here.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from zoo_vision.blank import on_meta

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Counted", "count", "in_processes"]

PROCESSES = 2


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Of one module.

    Attributes:
        parameters: numbers that training changes.
        size: bytes of all tensors of its float32 state dict (counters of batch normalisation are int64).
        macs: multiply-accumulates of one input, None when they cannot be counted.
        reason: why not.
    """

    parameters: int
    size: int
    macs: int | None = None
    reason: str | None = None


def count(build: Callable[[], nn.Module], shape: Sequence[int] | None, *, computes: bool = False) -> Counted:
    """Build a module on the meta device, and run it there on one input of `shape`, which is without the batch.

    Without a shape, multiply-accumulates are left out; `computes` as of `on_meta`.
    """
    import torch

    # Without gradients: the counter follows modules by hooks on the gradient functions of their inputs, and fails
    # where an input is a parameter or a view of one (class tokens of distilled PiT, the latent of SigLIP's pooling).
    module = on_meta(build, computes=computes).requires_grad_(False)
    with torch.device("meta"):
        parameters = sum(parameter.numel() for parameter in module.parameters())
        size = sum(tensor.numel() * tensor.element_size() for tensor in module.state_dict().values())
        try:
            macs = None if shape is None else _macs(module, torch.empty(1, *shape))
        except (RuntimeError, TypeError, ValueError, AttributeError, AssertionError) as error:
            reason = f"cannot be counted: {type(error).__name__}: {str(error).strip().splitlines()[0][:120]}"
            return Counted(parameters=parameters, size=size, reason=reason)
    return Counted(parameters=parameters, size=size, macs=macs)


def _macs(module: nn.Module, batch: Any) -> int:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # one kernel for all of an attention layer, opaque to the counter
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            module(batch)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return int(counter.get_total_flops()) // 2


def in_processes(work: Callable[[Any], Any], items: Sequence[Any], what: str) -> Iterator[Any]:
    """`work` of each item in the items' order, in two processes, with a line of progress on the error stream."""
    with get_context("spawn").Pool(PROCESSES, initializer=_prepare) as pool:
        for done, made in enumerate(pool.imap(work, items, chunksize=4), 1):
            if done % 100 == 0 or done == len(items):
                print(f"{what}: {done} of {len(items)}", file=sys.stderr, flush=True)
            yield made


def _prepare() -> None:
    import torch

    warnings.simplefilter("ignore")
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // PROCESSES))
