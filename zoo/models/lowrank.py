"""Low-rank adapters, as peft writes them, merged into a module when it is loaded.

Hu et al., "LoRA: low-rank adaptation of large language models", arXiv:2106.09685. peft itself takes seconds to import;
adding `B @ A * alpha / r` to a weight does not need it.
"""

from __future__ import annotations

import json
import math
from typing import Any

import torch

from zoo.errors import IntegrityError, UnsupportedFormat, WeightsMismatch
from zoo.plugin import ADAPTER_FILE, Checkpoint

__all__ = ["ADAPTER_CONFIG", "PREFIX", "merge"]

ADAPTER_CONFIG = "adapter_config.json"
PREFIX = "base_model.model."
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"
# What changes the arithmetic beyond B @ A * alpha / r.
_FOREIGN = ("use_dora", "use_qalora", "alora_invocation_tokens", "alpha_pattern", "rank_pattern", "lora_bias")


def merge(module: torch.nn.Module, checkpoint: Checkpoint) -> None:
    """Add a checkpoint's low-rank adapters to the module's weights; nothing where it has none.

    The weights are replaced, not written to: they may be mapped from a file.

    Raises:
        UnsupportedFormat: the adapters are of another kind than LoRA on linear layers.
        WeightsMismatch: they are not for this module.
        IntegrityError: the file is corrupt, or half of a pair is missing.
    """
    if not checkpoint.has(ADAPTER_FILE):
        return
    scale = _scale(checkpoint)
    tensors = checkpoint.read_tensors(checkpoint.file(ADAPTER_FILE))
    halves = {name.removesuffix(ending) for name in tensors for ending in (_DOWN, _UP) if name.endswith(ending)}
    known = {half + ending for half in halves for ending in (_DOWN, _UP)}
    if known != tensors.keys():
        odd = ", ".join(sorted(known ^ tensors.keys())[:5])
        raise IntegrityError(f"{checkpoint.card.id}: {ADAPTER_FILE} holds other than pairs of low-rank weights: {odd}")
    with torch.no_grad():
        for half in sorted(halves):
            change = (tensors[half + _UP].float() @ tensors[half + _DOWN].float()) * scale
            _add(module, half.removeprefix(PREFIX), change, checkpoint.card.id)


def _scale(checkpoint: Checkpoint) -> float:
    config = checkpoint.read_json(ADAPTER_CONFIG)
    model = checkpoint.card.id
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise UnsupportedFormat(f"{model}: its low-rank adapters are not LoRA's", "Merge them with the peft library.")
    if foreign := [name for name in _FOREIGN if config.get(name)]:
        raise UnsupportedFormat(
            f"{model}: its low-rank adapters use {', '.join(foreign)}", "Merge them with the peft library."
        )
    try:
        rank, alpha = int(config["r"]), float(config["lora_alpha"])
        return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise IntegrityError(f"{model}: {ADAPTER_CONFIG} lacks rank or alpha: {json.dumps(str(error))}") from error


def _add(module: torch.nn.Module, name: str, change: torch.Tensor, model: str) -> None:
    try:
        layer: Any = module.get_submodule(name)
        weight = layer.weight
    except AttributeError as error:
        raise WeightsMismatch(f"{model}: there is no layer {name} for its low-rank adapter") from error
    if type(layer).__name__ == "Conv1D":  # GPT-2's linear layers hold their weight the other way round
        change = change.T
    elif not isinstance(layer, torch.nn.Linear):
        raise UnsupportedFormat(f"{model}: {name} is no linear layer, and has a low-rank adapter")
    if change.shape != weight.shape:
        raise WeightsMismatch(
            f"{model}: the low-rank adapter of {name} is {tuple(change.shape)}, the weight {tuple(weight.shape)}"
        )
    made = (weight.float() + change.to(weight.device)).to(weight.dtype)
    layer.weight = torch.nn.Parameter(made, requires_grad=False)
