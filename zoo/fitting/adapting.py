"""What is trained by which method: which parameters get gradients, and what is added to the module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from zoo.errors import BadOption

__all__ = ["RANK", "feature_count", "keep_less", "prepare"]

RANK = 8
_ATTENTION = re.compile(r"att(entio)?n", re.IGNORECASE)


def prepare(module: nn.Module, method: str, name: str) -> list[nn.Parameter]:
    """Make a module on the meta device ready to be trained by a method; returns the parameters that are trained.

    Args:
        module: it is changed.
        method: `head`, `lora` or `full`.
        name: of the model, for messages.

    Raises:
        BadOption: the method has nothing to train in this module.
    """
    for parameter in module.parameters():
        parameter.requires_grad_(method == "full" and parameter.is_floating_point())
    if method == "lora":
        _adapt(module)
    elif method == "head":
        for parameter in _head(module):
            parameter.requires_grad_()
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not trained:
        what = "attention projections, which LoRA adapts" if method == "lora" else "parameters to train"
        raise BadOption(f"{name} has no {what}", "Use --finetune probe, head or full.")
    return trained


def feature_count(module: nn.Module) -> int:
    """How many numbers the head sees of one input."""
    for parameter in _head(module):
        if parameter.dim() >= 2:
            return int(parameter.shape[1])
    return int(getattr(getattr(module, "config", None), "hidden_size", 0) or 0)


def keep_less(module: Any, name: str) -> None:
    """Turn on gradient checkpointing (https://arxiv.org/abs/1604.06174); raises `BadOption` where there is none."""
    try:
        if hasattr(module, "activation_checkpointing_enable"):
            module.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
            return
        module.set_grad_checkpointing(True)
    except (AttributeError, ValueError, AssertionError) as error:
        raise BadOption(f"{name} has no gradient checkpointing", "Leave out --checkpointing.") from error


def _head(module: Any) -> list[nn.Parameter]:
    """The parameters of what makes the task's answer out of features: the last layer, or what is above the body."""
    body = getattr(module, "base_model", None)
    if isinstance(body, nn.Module) and body is not module:
        inside = {id(parameter) for parameter in body.parameters()}
        if found := [parameter for parameter in module.parameters() if id(parameter) not in inside]:
            return found
    classifier = module.get_classifier() if hasattr(module, "get_classifier") else None
    if isinstance(classifier, nn.Module) and (found := list(classifier.parameters())):
        return found
    leaves = [part for part in module.modules() if not any(part.children()) and any(True for _ in part.parameters())]
    return list(leaves[-1].parameters()) if leaves else []


class _Adapted(nn.Module):
    """A frozen projection with a low-rank one beside it (Hu et al., LoRA, arXiv:2106.09685), in float32 as peft's."""

    def __init__(self, base: nn.Module, inputs: int, outputs: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(torch.empty(RANK, inputs, device="meta"))
        self.up = nn.Parameter(torch.empty(outputs, RANK, device="meta"))

    @property
    def weight(self) -> Any:
        """Of the projection: some modules look at its type."""
        return self.base.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.base(x)
        return made + (x.to(self.down.dtype) @ self.down.T @ self.up.T).to(made.dtype)


def _adapt(module: nn.Module) -> None:
    """Put adapters beside the projections of attention."""
    for name, parent, leaf, base in list(_projections(module)):
        if isinstance(base, nn.MultiheadAttention):
            _adapt_whole(base)
            continue
        shape = tuple(base.weight.shape)
        inputs, outputs = (shape[1], shape[0]) if isinstance(base, nn.Linear) else (shape[0], shape[1])
        setattr(parent, leaf, _Adapted(base, inputs, outputs))
        del name


def _projections(module: nn.Module) -> Iterator[tuple[str, nn.Module, str, Any]]:
    """Name, parent, own name and layer of each projection; torch's own attention as a whole, since it hides them."""
    whole: list[str] = []
    for name, part in module.named_modules():
        if any(name.startswith(f"{other}.") for other in whole):
            continue
        parent_name, _, leaf = name.rpartition(".")
        if isinstance(part, nn.MultiheadAttention):
            whole.append(name)
        elif not (_ATTENTION.search(parent_name) and (isinstance(part, nn.Linear) or type(part).__name__ == "Conv1D")):
            continue
        yield name, module.get_submodule(parent_name), leaf, part


def _adapt_whole(attention: nn.MultiheadAttention) -> None:
    """Count adapters of the four projections of torch's attention, and let gradients through beside it."""
    width = attention.embed_dim
    attention.register_parameter("down", nn.Parameter(torch.empty(2 * RANK, width, device="meta")))
    attention.register_parameter("up", nn.Parameter(torch.empty(4 * width, RANK, device="meta")))

    def beside(part: Any, args: Any, output: Any) -> Any:
        first, *rest = output
        x = args[0].to(part.down.dtype)
        return (first + (x @ part.down[:RANK].T @ part.up[:width].T).to(first.dtype), *rest)

    attention.register_forward_hook(beside)
