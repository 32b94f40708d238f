"""How each method prepares a module: what is frozen, what is put in, and in which files the result is stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import BadOption
from zoo.finetuning.training import lowrank
from zoo.finetuning.training.learner import groups_of
from zoo.models.lowrank import ADAPTER_CONFIG
from zoo.plugin import ADAPTER_FILE

if TYPE_CHECKING:
    from zoo.finetuning.job import Job
    from zoo.plugin import FineTuner, Trained

__all__ = ["awake", "prepare", "save_compute", "write"]


def prepare(job: Job, adapter: FineTuner, module: Any) -> tuple[torch.nn.Module, dict[str, int]]:
    """The module to be trained, with all frozen that the method leaves alone, and each parameter's group of layers.

    Raises:
        BadOption: the model has nothing for the method to train.
    """
    made = adapter.trainable(module, job.target)
    layers = [tuple(names) for names in adapter.layers(made)]
    if job.method == "lora":
        names = tuple(adapter.lora(made))
        if not names:
            raise BadOption(
                f"{job.pulled.card.id} has no layers for low-rank adapters", "Use --method head or --method full."
            )
        lowrank.inject(made, names, job.settings)
        _learn(made, layers[-1:] if job.target.labels else [], freeze=False)
    elif job.method == "head":
        _learn(made, layers[-job.settings.layers :], freeze=True)
    else:
        made.requires_grad_(True)
    if job.target.kind == "regression":
        _begin_at_mean(made, layers[-1], job.data.train.labels)
    if not any(p.requires_grad for p in made.parameters()):
        raise BadOption(f"{job.pulled.card.id} has nothing that --method {job.method} trains", "Use --method full.")
    return made, groups_of(made, layers)


def _begin_at_mean(module: torch.nn.Module, head: Sequence[str], numbers: Sequence[float]) -> None:
    """Let a new head for a number begin with the mean of the data, from where it has less far to go."""
    for name, value in module.named_parameters():
        if value.numel() == 1 and name.endswith("bias") and any(name.startswith(f"{part}.") for part in head):
            with torch.no_grad():
                value.fill_(sum(numbers) / len(numbers))


def awake(groups: dict[str, int], epoch: int, epochs: int) -> set[str]:
    """The parameters that learn in an epoch when all do after `epochs`, the head first (gradual unfreezing).

    Howard & Ruder, "Universal language model fine-tuning", arXiv:1801.06146, section 3.3.
    """
    last = max(groups.values(), default=0)
    lowest = 0 if epoch >= epochs else last - (last * epoch) // epochs
    return {name for name, group in groups.items() if group >= lowest}


def save_compute(module: torch.nn.Module) -> bool:
    """Have activations computed again in the backward pass in place of keeping them; False where nothing can do it."""
    for part in module.modules():
        for name, key in (
            ("activation_checkpointing_enable", "activation_checkpointing_kwargs"),
            ("gradient_checkpointing_enable", "gradient_checkpointing_kwargs"),  # transformers before 5.20
        ):
            if callable(enable := getattr(part, name, None)):
                enable(**{key: {"use_reentrant": False}})
                return True
        if callable(enable := getattr(part, "set_grad_checkpointing", None)):  # timm's models
            enable(True)
            return True
    return False


def write(job: Job, adapter: FineTuner, module: torch.nn.Module, folder: Path) -> Trained:
    """Write the trained module's files; see `zoo.plugin.Trained`."""
    adapted = adapter.checkpoint.has(ADAPTER_FILE)  # the base's own adapters are in the weights since it was loaded
    if job.method == "lora" and not (job.settings.merge or adapted):
        return lowrank.write(job, adapter, module, folder)
    if job.method == "head" and job.settings.layers == 1:
        return adapter.save(module, job.target, folder, method="head")
    if job.method == "lora":
        lowrank.merge(module)
    saved = adapter.save(module, job.target, folder, method="full")
    return dataclasses.replace(saved, drop=(*saved.drop, ADAPTER_FILE, ADAPTER_CONFIG)) if adapted else saved


def _learn(module: torch.nn.Module, layers: Sequence[Sequence[str]], *, freeze: bool) -> None:
    """Let the parameters below these names learn; the others rest, or stay as they are."""
    if freeze:
        module.requires_grad_(False)
    names = [name for group in layers for name in group]
    for parameter, value in module.named_parameters():
        if any(parameter == name or parameter.startswith(f"{name}.") or not name for name in names):
            value.requires_grad_(True)
