"""A few steps of learning, by the core's own classes, and the new model that is made of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard, Source
from zoo.conformance.outcomes import Skip, Unkept
from zoo.data import LabelledData, Split
from zoo.errors import BadOption, MissingDependency, UnknownTask, UnsupportedFormat
from zoo.plugin import FineTuner, Lesson, Trained
from zoo.registry import Pulled

if TYPE_CHECKING:
    import torch

    from zoo.conformance.stage import Stage
    from zoo.finetuning.job import Job
    from zoo.finetuning.training.learner import Learner

__all__ = ["STEPS", "Teaching", "adopted", "methods_of", "teaching"]

STEPS = 3
CLIP = 1.0
_SEED = 0


@dataclasses.dataclass(kw_only=True)
class Teaching:
    """A module that learns one batch.

    Attributes:
        job: as a run's.
        adapter: the plugin's.
        learner: the module with the adapter's loss.
        batch: the one batch.
        groups: of each parameter, the number of its layer.
    """

    job: Job
    adapter: FineTuner
    learner: Learner
    batch: dict[str, Any]
    groups: dict[str, int]

    def learn(self, rate: float, steps: int = STEPS) -> list[float]:
        """The losses of one batch before each step of AdamW and after the last.

        What is random in the module (dropout) is the same in each step, so that the loss is one function of the
        weights and falls along its gradient, if the steps are small enough.

        Raises:
            Unkept: a loss is not a finite number, or has no gradient.
        """
        import torch

        from zoo.finetuning.training.learner import parameter_groups

        module = self.learner.module
        groups = parameter_groups(module, self.groups, rate=rate, decay=1.0, weight_decay=0.0)
        optimiser = torch.optim.AdamW(groups)
        losses = []
        for _ in range(steps):
            loss = self._loss()
            losses.append(loss.item())
            if not loss.requires_grad:
                raise Unkept("the loss has no gradient", "Compute it from the module's outputs, without `detach`.")
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_([p for p in module.parameters() if p.requires_grad], CLIP)
            optimiser.step()
            optimiser.zero_grad()
        with torch.no_grad():
            losses.append(self._loss().item())
        if any(not math.isfinite(value) for value in losses):
            raise Unkept(f"the losses are {_written(losses)}", "Compute them in float32, and divide by no zero.")
        return losses

    def _loss(self) -> torch.Tensor:
        import torch

        torch.manual_seed(_SEED)
        self.learner.train()
        loss, _ = self.learner(self.batch)
        if not isinstance(loss, torch.Tensor) or loss.ndim:
            shape = tuple(loss.shape) if isinstance(loss, torch.Tensor) else type(loss).__name__
            raise Unkept(f"`loss` gives {shape} first", "Give the mean loss, one number, then the outputs.")
        return loss

    def write(self, folder: Path) -> Trained:
        """What was learnt, as files in a folder."""
        from zoo.finetuning.training import methods

        module = self.learner.module
        module.zero_grad(set_to_none=True)
        return methods.write(self.job, self.adapter, module.to("cpu").eval(), folder)


def _written(losses: list[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in losses)


def methods_of(lesson: Lesson, adapter: FineTuner) -> tuple[str, ...]:
    """The methods that are tried with a lesson; raises `Unkept` for one that the adapter does not have."""
    wanted = lesson.methods if lesson.methods is not None else tuple(adapter.methods)
    if odd := [name for name in wanted if name not in adapter.methods]:
        raise Unkept(
            f"the lesson is for {', '.join(odd)}, and the adapter has {', '.join(adapter.methods)}",
            "Mend `Lesson.methods`, or the adapter's `methods`.",
        )
    return wanted


@contextmanager
def teaching(stage: Stage, lesson: Lesson, method: str) -> Iterator[Teaching]:
    """A module of one's own, made ready to learn a lesson by a gradient method; random numbers go on as before.

    Raises:
        Skip: a library is missing, or this model cannot learn so and says it.
    """
    import torch

    from zoo.finetuning.training import methods
    from zoo.finetuning.training.learner import Learner
    from zoo.models.training import own_module

    adapter: FineTuner = stage.adapter()
    job = _job(stage, lesson, method, adapter)
    zoo = stage.zoo()
    with torch.random.fork_rng(devices=[]), own_module(zoo, stage.pulled, job.task, device="cpu", owner="kit") as own:
        torch.manual_seed(_SEED)
        try:
            made, groups = methods.prepare(job, adapter, own)
        except (MissingDependency, UnknownTask, UnsupportedFormat) as error:
            raise Skip(f"{method}: {error.cause}") from error
        except BadOption as error:
            if method != "lora":
                raise
            raise Skip(f"lora: {error.cause}") from error  # not every architecture of a loader has linear layers
        learnable = [name for name, value in made.named_parameters() if value.requires_grad]
        learner = Learner(made, adapter, job.target, learnable, resting=method == "head")
        yield Teaching(job=job, adapter=adapter, learner=learner, batch=_batch(job, adapter), groups=groups)


def _job(stage: Stage, lesson: Lesson, method: str, adapter: FineTuner) -> Job:
    from zoo.finetuning.job import Job, Settings

    inputs, labels = zip(*lesson.examples, strict=True)
    split = Split(inputs=tuple(inputs), labels=tuple(labels))
    data = LabelledData(
        name="conformance",
        task=stage.case.task,
        kind=lesson.target.kind,
        classes=lesson.target.labels,
        train=split,
        fingerprint="conformance",
    )
    return Job(
        registry=stage.registry,
        pulled=stage.pulled,
        task=stage.case.task,
        target=lesson.target,
        adapter=type(adapter),
        method=method,
        name="conformance/learnt",
        data=data,
        settings=Settings(method=method, seed=_SEED),
        run="conformance",
        folder=stage.folder,
    )


def _batch(job: Job, adapter: FineTuner) -> dict[str, Any]:
    """All examples of the lesson as one batch."""
    from zoo.finetuning.training.examples import ROWS, Examples

    examples = Examples(job.data.train, adapter, job.target, seed=_SEED, learning=True)
    batch = examples.collate([examples[0, row] for row in range(len(examples))])
    return {name: value for name, value in batch.items() if name != ROWS}


def adopted(stage: Stage, trained: Trained, folder: Path, name: str) -> Pulled:
    """The new model in the case's zoo: its own files, and the base's that it keeps, as a run registers it."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if there != set(trained.files):
        odd = ", ".join(sorted(there ^ set(trained.files)))
        raise Unkept(f"`save` wrote other files than it names: {odd}", "List all written files in `Trained.files`.")
    zoo, base = stage.shared, stage.pulled
    gone = {*trained.files, *trained.drop}
    card = _card(base.card, stage.case.task, trained, name)
    manifest = zoo.store.adopt(
        card.id,
        base=base.manifest,
        base_files=[file.path for file in base.manifest.files if file.path not in gone],
        files={file: folder / file for file in trained.files},
        origin="run:conformance",
    )
    path = zoo.store.find(card.id, manifest.revision)
    if path is None:  # it was put there a moment ago
        raise FileNotFoundError(card.id)
    return Pulled(card=card, manifest=manifest, path=path)


def _card(base: ModelCard, task: str, trained: Trained, name: str) -> ModelCard:
    config = {**base.config, **trained.config}
    changes: dict[str, Any] = {
        "id": name,
        "task": task,
        "tasks": (),
        "config": {key: value for key, value in config.items() if value is not None},
        "parameters": None,
        "macs": None,
        "size": None,
        "aliases": (),
        "sources": (Source(uri="run:conformance"),),
        "files": (),
        "metrics": (),
        "base": base.id,
        "facts": {},
    }
    return base.replace(**{**changes, **trained.card}).check()
