"""A module to be trained: in full precision, with memory of its own, shared with nobody."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from zoo.models.building import Builder
from zoo.models.wanted import Wanted
from zoo.plugin import Runner

if TYPE_CHECKING:
    from zoo.devices import Claim, Device, Lease, Placement
    from zoo.registry import Pulled, Registry

__all__ = ["own_lease", "own_module"]


@contextmanager
def own_lease(
    registry: Registry, pulled: Pulled, task: str, *, device: str = "auto", owner: str, activation: int = 0
) -> Iterator[Lease]:
    """The lease of a pulled model's module, as its loader makes it, for one holder alone, in float32; pinned.

    Its parameters and buffers are copies: the files that others have mapped are not written to. What is not torch's own
    (an ONNX session) is handed out as it is.

    Args:
        registry, pulled, task: the model, and what for.
        device: `auto` or one device.
        owner: for messages and `zoo ps`.
        activation: bytes that training takes beside the weights, where they are known.

    Raises:
        DeviceError: no such device, or too little memory within the budget.
    """
    builder = Builder(registry, pulled, task, Runner, Wanted(device=device, dtype="float32"))
    key = ("training", owner, secrets.token_hex(8))

    def claim(device: Device) -> Claim:
        made = builder.claim(device)
        return replace(made, owner=owner, key=key, activation=max(made.activation, activation))

    def make(claim: Claim, placement: Placement) -> Any:
        return _own(builder.make(claim, placement))

    lease = registry.devices.lease(device, claim, make, spread=False)
    try:
        lease.pin()
        yield lease
    finally:
        lease.release()


@contextmanager
def own_module(
    registry: Registry, pulled: Pulled, task: str, *, device: str = "auto", owner: str, activation: int = 0
) -> Iterator[Any]:
    """The module of `own_lease`, until the end of the block."""
    with own_lease(registry, pulled, task, device=device, owner=owner, activation=activation) as lease:
        yield lease.module()


def _own(module: Any) -> Any:
    """The module with copies in the place of mapped tensors; ties between parameters stay."""
    if isinstance(module, torch.nn.Module):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.data = parameter.data.clone()
                parameter.requires_grad_(parameter.is_floating_point())
            for buffer in module.buffers():
                buffer.data = buffer.data.clone()
    return module
