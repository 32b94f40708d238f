"""What a training will do: the settings with every gap filled in, and the learning rate of each step."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption

if TYPE_CHECKING:
    from zoo.finetuning.job import Job
    from zoo.finetuning.training.gang import Gang

__all__ = ["Plan", "make_plan", "share_of_rate", "usual_epochs"]

EPOCHS = {"head": 10, "lora": 5, "full": 5}
MANY_EPOCHS = 40
FEW_STEPS = 120  # a small data set is gone through more often, until there are about so many steps
BATCH = {"text": 8, "mask": 8, "boxes": 8, "transcript": 8}
LAYER_DECAY = 0.9  # from the head downwards; ELECTRA and DeBERTa were tuned with 0.8 to 0.9, BEiT with 0.65 to 0.75
ROWS_OF_CURVE = 200


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A training's numbers.

    Attributes:
        method, kind, seed: as the job says.
        examples: of the training part.
        batch: examples at once in one process; `accumulate` batches of each of `processes` make one step.
        per_epoch, steps: optimiser steps of an epoch and in all.
        rate: of the head; lower groups have less where `layer_decay` is below 1.
        warmup: steps in which the rate rises.
        log_every: steps between two rows of the curves.
    """

    method: str
    kind: str
    seed: int
    examples: int
    epochs: int
    batch: int
    accumulate: int
    processes: int
    per_epoch: int
    steps: int
    rate: float
    layer_decay: float
    weight_decay: float
    clip: float
    schedule: str
    warmup_share: float
    patience: int
    unfreeze: int
    precision: str
    max_seconds: float | None
    log_every: int

    @property
    def chosen(self) -> dict[str, Any]:
        """What the run's record says of it, under the settings' names."""
        found = dataclasses.asdict(self)
        renamed = {"rate": "learning_rate", "warmup_share": "warmup", "steps": "max_steps"}
        dropped = {"method", "kind", "seed", "examples", "per_epoch", "log_every", "max_seconds"}
        return {renamed.get(name, name): value for name, value in found.items() if name not in dropped}

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a training to be continued; the rate may be changed."""
        names = ("method", "kind", "seed", "examples", "batch", "accumulate", "processes", "per_epoch", "precision")
        return {name: getattr(self, name) for name in names}


def make_plan(job: Job, gang: Gang, device: str) -> Plan:
    """Fill in what the settings leave open.

    Raises:
        BadOption: a setting does not fit what is learnt.
    """
    settings, kind, count = job.settings, job.target.kind, len(job.data.train)
    if (settings.smoothing or settings.balance) and kind not in {"single", "multi"}:
        raise BadOption("smoothing and balance are for classes", f"Leave them out: this learns {kind}.")
    batch = settings.batch or _batch(kind, count)
    per_step = batch * settings.accumulate * gang.size
    per_epoch = _steps(count, per_step, gang.size)
    epochs = settings.epochs or _epochs(job.method, per_epoch)
    if settings.max_steps and settings.epochs is None:
        epochs = max(1, math.ceil(settings.max_steps / per_epoch))
    steps = min(epochs * per_epoch, settings.max_steps or epochs * per_epoch)
    decay = settings.layer_decay if settings.layer_decay is not None else LAYER_DECAY
    return Plan(
        method=job.method,
        kind=kind,
        seed=settings.seed,
        examples=count,
        epochs=epochs,
        batch=batch,
        accumulate=settings.accumulate,
        processes=gang.size,
        per_epoch=per_epoch,
        steps=steps,
        rate=settings.learning_rate or job.adapter.rate[job.method],
        layer_decay=decay if job.method == "full" else 1.0,
        weight_decay=settings.weight_decay,
        clip=settings.clip,
        schedule=settings.schedule,
        warmup_share=settings.warmup,
        patience=settings.patience if settings.patience is not None else max(3, epochs // 4),
        unfreeze=settings.unfreeze if job.method == "full" else 0,
        precision=_precision(settings.precision, device),
        max_seconds=settings.max_seconds,
        log_every=max(1, steps // ROWS_OF_CURVE),
    )


def share_of_rate(step: int, steps: int, warmup_share: float, schedule: str) -> float:
    """The share of the learning rate in a step, counted from 0: a straight rise, then cosine, linear or constant.

    Loshchilov & Hutter, "SGDR", arXiv:1608.03983 (half a period of the cosine, without restarts); Goyal et al.,
    arXiv:1706.02677 (warm-up).
    """
    warmup = math.ceil(steps * warmup_share)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if schedule == "constant":
        return 1.0
    done = min(1.0, (step - warmup) / max(1, steps - warmup))
    return 1.0 - done if schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))


def _batch(kind: str, count: int) -> int:
    """The usual batch; smaller for few examples, so that an epoch has some steps."""
    usual = BATCH.get(kind, 32)
    return max(2, min(usual, 1 << math.floor(math.log2(max(2.0, count / 4)))))


def _steps(count: int, per_step: int, processes: int) -> int:
    """Steps of an epoch; a last one of a single example for each process is left out, see `examples.Batches`."""
    whole, rest = divmod(count, per_step)
    return whole + (1 if rest >= 2 * processes or (rest and not whole) else 0)


def usual_epochs(method: str, count: int) -> int:
    """How many epochs a method takes at most for so many examples, at the usual batch."""
    return _epochs(method, math.ceil(count / 32))


def _epochs(method: str, per_epoch: int) -> int:
    return max(EPOCHS[method], min(MANY_EPOCHS, math.ceil(FEW_STEPS / per_epoch)))


def _precision(wanted: str, device: str) -> str:
    """The type of mixed precision; on a CPU, and on Apple's devices, plain single precision unless asked for."""
    from zoo.devices.dtypes import autocast_dtype, natives

    if wanted != "auto":
        return wanted
    if device.partition(":")[0] not in {"cuda", "xpu"} or natives(device) == ("float32",):
        return "float32"
    return autocast_dtype(device)
