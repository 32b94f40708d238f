"""What a plugin supplies so that its models can be adapted: what is learnt, and how a loader's modules are trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zoo.plugin.contracts import Checkpoint
from zoo.tasks import TargetKind

if TYPE_CHECKING:
    import random

    import torch

__all__ = ["FineTuner", "Head", "Target", "Trained"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is to be learnt.

    Attributes:
        kind: the form of the labels; `zoo.tasks.TargetKind`.
        labels: the classes, in the order of the module's outputs; one name for a regression; empty where there are
            none.
    """

    kind: TargetKind
    labels: tuple[str, ...] = ()

    @property
    def config(self) -> dict[str, Any]:
        """What a card's `config` says of a head for this target: labels and transformers' `problem_type`."""
        if not self.labels:
            return {}
        made: dict[str, Any] = {"labels": list(self.labels), "num_classes": len(self.labels)}
        return made | ({"problem_type": _PROBLEMS[self.kind]} if self.kind in _PROBLEMS else {})


_PROBLEMS = {
    "single": "single_label_classification",
    "multi": "multi_label_classification",
    "regression": "regression",
}


@dataclass(frozen=True, kw_only=True)
class Head:
    """A new linear head, as it is stored beside the unchanged weights of its base.

    Attributes:
        tensors: of `head.safetensors`, named as the loader's module names them.
        config: what changes in the card's `config`, at least `Target.config`.
    """

    tensors: Mapping[str, torch.Tensor]
    config: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What an adapter wrote of a trained module; the new model's files are these and what it keeps of its base's.

    Attributes:
        files: names of the files in the folder that was given to `save`.
        drop: names of the base's files that the new model does not share, beside those that `files` replaces.
        config: what changes in the card's `config`, at least `Target.config`; None removes a key.
        card: what else changes on the card: `loader`, `architecture`, …
    """

    files: tuple[str, ...]
    drop: tuple[str, ...] = ()
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    card: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class FineTuner:
    """How a loader's modules are trained for a task.

    The core reads the data, splits it, schedules, trains, evaluates, records, registers and reports; an adapter says
    what is special about its modules. For `probe`: `features` and `head`. For `head`, `lora` and `full`: `trainable`,
    `encode`, `batch`, `loss`, `layers`, and `save`; all that is random takes its numbers from what it is given.

    Attributes:
        kinds: the forms of labels that it learns.
        methods: of `probe`, `head`, `lora` and `full`, those that it supports.
        rate: the usual learning rate of each gradient method, for AdamW.
    """

    kinds: ClassVar[tuple[TargetKind, ...]] = ("single",)
    methods: ClassVar[tuple[str, ...]] = ("probe",)
    rate: ClassVar[Mapping[str, float]] = {"head": 1e-3, "lora": 2e-4, "full": 5e-5}

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint

    def features(self, module: Any, batch: Any) -> torch.Tensor:
        """Features (batch, dimensions) that the head sees, for a batch as the task's runner collates it."""
        raise TypeError(f"{type(self).__name__} does not define features()")

    def head(self, weight: torch.Tensor, bias: torch.Tensor, target: Target) -> Head:
        """The head `features @ weight.T + bias`, weight (outputs, dimensions), bias (outputs,), one row a label."""
        raise TypeError(f"{type(self).__name__} does not define head()")

    def trainable(self, module: Any, target: Target) -> torch.nn.Module:
        """The module to be trained, with a new head for the target where the task needs one.

        Args:
            module: what the loader made, in float32 with memory of its own: it may be changed.
            target: what is to be learnt. The head's first values come from torch's generator, which is seeded.

        Returns:
            a module whose parts are named as in the module that the loader makes of the files that `save` writes.
        """
        raise TypeError(f"{type(self).__name__} does not define trainable()")

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> Any:
        """One example of an input and its label (`zoo.data.Split`), ready for `batch`.

        Args:
            value, label: as read.
            target: what is to be learnt.
            draw: numbers for augmentation; None for evaluation, which has none.

        Raises:
            BadData: the input cannot be used.
        """
        raise TypeError(f"{type(self).__name__} does not define encode()")

    def batch(self, examples: Sequence[Any], target: Target) -> dict[str, Any]:
        """Examples as one batch of tensors by name, on the CPU, with whatever `loss` needs of the labels."""
        raise TypeError(f"{type(self).__name__} does not define batch()")

    def loss(self, module: Any, batch: Mapping[str, Any], target: Target) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean loss of a batch (a scalar that has gradients), and the outputs (batch, …) that it is of.

        For classes and numbers the outputs are logits (batch, outputs); for texts, the sum of losses and the count of
        predicted tokens, (batch, 2), of each example. For boxes, transcripts and masks nothing is read from them while
        training, where the loss decides; the task's runner is measured at the end.
        """
        raise TypeError(f"{type(self).__name__} does not define loss()")

    def layers(self, module: torch.nn.Module) -> Sequence[Sequence[str]]:
        """Names of the module's parts in groups from the input to the output; the last group is the head.

        `head` trains the last groups, `full` gives lower groups smaller rates or unfreezes them later. A name stands
        for all parameters below it; parameters that no group names belong to the first.
        """
        raise TypeError(f"{type(self).__name__} does not define layers()")

    def lora(self, module: torch.nn.Module) -> Sequence[str]:
        """Full names of the linear layers that low-rank adapters are put on; empty where there are none."""
        return ()

    def save(self, module: torch.nn.Module, target: Target, folder: Path, *, method: str) -> Trained:
        """Write what was learnt as files from which the loader makes the module again.

        Args:
            module: what `trainable` returned, trained, in evaluation mode, on the CPU.
            target: what was learnt.
            folder: an empty folder to write to.
            method: `full`: all weights. `head` and `lora`: only the new head, as `head.safetensors`, where there is
                one; low-rank adapters are the core's. (Where `head` trained more than the head, the core says `full`.)
        """
        raise TypeError(f"{type(self).__name__} does not define save()")
