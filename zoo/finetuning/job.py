"""What a fine-tuning run is asked for, what it works on, and what comes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zoo.errors import BadInput, BadOption, nearest

if TYPE_CHECKING:
    from zoo.data import LabelledData, Split
    from zoo.evaluation import Predictions
    from zoo.plugin import FineTuner, Target, Trained
    from zoo.registry import Pulled, Registry

__all__ = ["METHODS", "Job", "Learnt", "Report", "Settings", "Step", "settings_of", "silent"]

METHODS = ("auto", "probe", "head", "lora", "full")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a fine-tuning run is asked for; plain values, so that a run's record can hold and repeat them.

    None stands for what suits the method, the model and the data; the run's record says what was taken.

    Attributes:
        task, kind: what is learnt, and in which form (`zoo.tasks.LEARNT`).
        name: of the new model.
        method: `auto`, `probe`, `head`, `lora` or `full`.
        test_size, validation_size: shares held out, where the data does not say which rows.
        limit, shots: use only so many examples, or so many of each class.
        seed: of split, folds, new layers, order and augmentation.
        columns: a table's columns by role: `text`, `label`, `second`, `mask`, `split`.
        device, batch: where, and how many inputs at once; the batch of an optimiser's step is `batch * accumulate`.
        epochs, max_steps, max_seconds: how long; the first that is reached ends the training.
        learning_rate, weight_decay, warmup, schedule: AdamW's (warmup as a share of all steps; `cosine`, `linear` or
            `constant`).
        clip: the largest norm of gradients.
        accumulate, checkpointing: less memory for more time.
        precision: `auto`, `float32`, `bfloat16` or `float16`, for the computations of training.
        patience: epochs without a better validation score after which training stops; 0 never stops.
        layer_decay: by how much the rate falls from a layer to the one below it, for `full`.
        unfreeze: epochs until all layers learn, from the head downwards, for `full`; 0 from the start.
        layers: how many groups of layers `head` trains, the head being the first.
        augment: whether inputs are varied while learning.
        smoothing: label smoothing.
        balance: weigh classes by the inverse of their frequency.
        rank, alpha, dropout, merge: of low-rank adapters; `merge` stores merged weights in the place of the small file.
        save_seconds: how often the state of training is saved, beside the end of each epoch.
        tensorboard: write its logs into the run's folder.
        tune: how many trials a search for hyperparameters makes.
        base_data: data of the base's own task, on which forgetting is measured.
    """

    task: str | None = None
    kind: str | None = None
    name: str | None = None
    method: str = "auto"
    test_size: float = 0.2
    validation_size: float = 0.1
    limit: int | None = None
    shots: int | None = None
    seed: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    device: str = "auto"
    batch: int | None = None
    epochs: int | None = None
    max_steps: int | None = None
    max_seconds: float | None = None
    learning_rate: float | None = None
    weight_decay: float = 0.01
    warmup: float = 0.1
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    clip: float = 1.0
    accumulate: int = 1
    checkpointing: bool = False
    precision: str = "auto"
    patience: int | None = None
    layer_decay: float | None = None
    unfreeze: int = 0
    layers: int = 1
    augment: bool = True
    smoothing: float = 0.0
    balance: bool = False
    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.05
    merge: bool = False
    save_seconds: float = 60.0
    tensorboard: bool = False
    tune: int | None = None
    base_data: str | None = None

    def checked(self) -> Settings:
        """The settings; raises `BadOption` for a value that makes no sense."""
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise BadOption(f"{name} = {value} makes no sense", f"Give a number from {low:g} to {high:g}.")
        for name, able in _CHOICES.items():
            if getattr(self, name) not in able:
                raise BadOption(f"there is no {name} {getattr(self, name)!r}", f"Use one of: {', '.join(able)}.")
        return self

    def to_dict(self) -> dict[str, Any]:
        """JSON form: the settings that differ from their defaults, and the seed."""
        found = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        plain = Settings()
        return {n: v for n, v in found.items() if n == "seed" or v != getattr(plain, n)}


_RANGES: tuple[tuple[str, float, float], ...] = (
    ("seed", 0, 2**32 - 1),
    ("test_size", 0.001, 0.999),
    ("validation_size", 0, 0.999),
    ("limit", 2, 10**12),
    ("shots", 1, 10**9),
    ("batch", 1, 10**6),
    ("epochs", 1, 10**6),
    ("max_steps", 1, 10**12),
    ("max_seconds", 1, 10**9),
    ("learning_rate", 1e-9, 100),
    ("weight_decay", 0, 10),
    ("warmup", 0, 1),
    ("clip", 1e-6, 10**9),
    ("accumulate", 1, 10**6),
    ("patience", 0, 10**6),
    ("layer_decay", 0.01, 1),
    ("unfreeze", 0, 10**6),
    ("layers", 1, 10**4),
    ("smoothing", 0, 0.99),
    ("rank", 1, 4096),
    ("alpha", 1e-6, 10**6),
    ("dropout", 0, 0.99),
    ("save_seconds", 0, 10**9),
    ("tune", 1, 10**6),
)
_CHOICES: dict[str, tuple[str, ...]] = {
    "method": METHODS,
    "precision": ("auto", "float32", "bfloat16", "float16"),
    "schedule": ("cosine", "linear", "constant"),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far a training is, as its progress is told.

    Attributes:
        step, steps: done, and to be done in all.
        epoch: done, with fractions.
        epochs: to be done.
        loss: of the last steps, or None before the first.
        metric: the validation score's name and value, or None before the first.
        speed: examples per second.
        left: seconds, by the speed so far.
    """

    step: int
    steps: int
    epoch: float
    epochs: float
    loss: float | None = None
    metric: tuple[str, float] | None = None
    speed: float | None = None
    left: float | None = None


def settings_of(given: Mapping[str, Any]) -> Settings:
    """Settings by name; raises `BadOption` for a name that there is not."""
    known = [field.name for field in dataclasses.fields(Settings)]
    if odd := [name for name in given if name not in known]:
        near = nearest(odd[0], known, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise BadOption(f"there is no setting {odd[0]!r}", f"{hint}There are: {', '.join(known)}.")
    return Settings(**given).checked()


# Told of progress: what is done ("features", "fitting", "training", "evaluating"), by how much it went on, of how much;
# for "training" also where it stands.
Report = Callable[[str, int, int | None, "Step | None"], None]


def silent(what: str, done: int, total: int | None, step: Step | None) -> None:
    """A `Report` for which nobody listens."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run's inputs: the base as pulled, the data as split, what is learnt, and how.

    Attributes:
        registry: the zoo.
        pulled: the base.
        task: what the new model will do.
        target: what is learnt.
        adapter: how the base's modules are trained.
        method: the one that is used: never `auto`.
        name: of the new model.
        data: read and split.
        settings: as asked for, with what was found by a search in their place.
        run: id of the run.
        folder: of the run.
        record: of the run, as written so far; `save(changes)` writes it.
    """

    registry: Registry
    pulled: Pulled
    task: str
    target: Target
    adapter: type[FineTuner]
    method: str
    name: str
    data: LabelledData
    settings: Settings
    run: str
    folder: Path
    save: Callable[[Mapping[str, Any]], None] = lambda changes: None

    @property
    def held_out(self) -> Split:
        """The part that is looked at once, at the end."""
        if self.data.test is None:
            raise BadInput("there is no held-out part", "Split the data first.")
        return self.data.test


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What a method learnt.

    Attributes:
        write: writes the new model's files into an empty folder.
        chosen: hyperparameters that were found or filled in, as the record keeps them.
        validation: scores on the validation part (or of cross-validation) by name; the first is the one that counted.
        higher_is_better: of that one.
        held_out: predictions of the held-out part, where the method has them at hand.
        curves: what `curves.jsonl` holds, summarised.
        timing: seconds, steps, examples per second.
        notes: what the user should know, one sentence each.
    """

    write: Callable[[Path], Trained]
    chosen: Mapping[str, Any]
    validation: Mapping[str, float]
    higher_is_better: bool = True
    held_out: Predictions | None = None
    curves: Mapping[str, Any] = field(default_factory=dict)
    timing: Mapping[str, float] = field(default_factory=dict)
    notes: Sequence[str] = ()
