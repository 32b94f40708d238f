"""What fine-tuning of transformers' picture models has in common."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import nn

from zoo.errors import UnknownTask
from zoo.plugin import Checkpoint, Target, Trained
from zoo_vision.adapters.keeping import keep_all
from zoo_vision.transformers_loader import TransformersVisionLoader, class_for, name_classes

__all__ = ["CONFIG", "blank", "keep_pretrained", "relabelled"]

CONFIG = "config.json"


def blank(checkpoint: Checkpoint, task: str, labels: tuple[str, ...]) -> nn.Module:
    """The architecture's class for a task and these labels, on the meta device.

    Raises:
        UnknownTask: it has none.
    """
    import transformers

    config = name_classes(TransformersVisionLoader().config(checkpoint), labels)
    if (name := class_for(task, config)) is None:
        raise UnknownTask(
            f"{checkpoint.card.id}: transformers has no {config.model_type} for {task}",
            "Fine-tune another model, such as `google/vit-base-patch16-224`.",
        )
    with torch.device("meta"):
        made: nn.Module = getattr(transformers, name)._from_config(config)
    return made.to("meta")


def relabelled(module: Any, target: Target) -> Any:
    """The module, whose configuration names the target's labels."""
    module.config = name_classes(module.config, target.labels)
    module.config.problem_type = target.config.get("problem_type")
    module.num_labels = len(target.labels)
    return module


def keep_pretrained(module: Any, checkpoint: Checkpoint, target: Target, folder: Path) -> Trained:
    """All weights, with a config.json that names the labels, so that transformers itself can load the folder too."""
    config = relabelled(module, target).config
    config.architectures = [type(module).__name__]
    config.to_json_file(folder / CONFIG)
    made = keep_all(module, checkpoint, folder, target.config, more=(CONFIG,))
    return dataclasses.replace(made, card={"architecture": type(module).__name__})
