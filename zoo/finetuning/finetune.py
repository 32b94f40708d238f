"""`finetune`: from data and a base model to a new, registered model; readable from top to bottom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cards import ModelCard, check_name
from zoo.catalog.database import utc_now
from zoo.data import LabelledData, read_labelled, split_data
from zoo.errors import BadInput, BadOption, UnknownTask
from zoo.evaluation import classification_metrics
from zoo.finetuning.features import FeatureRunner, cached_features
from zoo.finetuning.job import Job, Learnt, Settings
from zoo.finetuning.probe import fit_probe
from zoo.finetuning.register import recorded, register
from zoo.finetuning.run import Run, new_run_id
from zoo.infer import UNKNOWN
from zoo.models.load import open_model
from zoo.models.wanted import Wanted
from zoo.plugin import Checkpoint, Target
from zoo.tasks import TASKS

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["METHODS", "finetune"]

METHODS = ("auto", "probe")
LEARNABLE = ("image-classification", "text-classification")

Report = Callable[[str, int, int | None], None]


def finetune(
    registry: Registry, ref: str, data: str | Path, *, settings: Settings, report: Report | None = None
) -> Run:
    """Adapt a model to labelled data and register the result; see `zoo.finetune`."""
    report = report or (lambda what, done, total: None)
    if settings.method not in METHODS:
        raise BadOption(f"there is no method {settings.method!r}", f"Use one of: {', '.join(METHODS)}.")
    if not 0 <= settings.seed < 2**32:
        raise BadOption(f"a seed of {settings.seed} makes no sense", "Give a number from 0 to 4294967295.")
    resolved = registry.resolve(ref).card
    if resolved.loader == UNKNOWN:  # only its files say what it is
        resolved = registry.obtain(ref).card
    task = _task(registry, resolved, settings.task)
    name = _name(registry, resolved, data, settings.name)
    read = _read(registry, data, task, settings)

    job = Job(
        registry=registry,
        pulled=registry.obtain(ref),
        task=task,
        name=name,
        data=read,
        settings=settings,
        run=new_run_id(),
        started=utc_now(),
    )
    with recorded(job) as record:
        return register(job, _learn(job, report), record)


def _task(registry: Registry, card: ModelCard, wanted: str | None) -> str:
    """The task to learn: the given one, else the one for which the card's loader has an adapter."""
    able = [t for t in LEARNABLE if (card.loader, t) in registry.plugins.table("zoo_finetuners")]
    if wanted is None and able:
        return card.task if card.task in able else able[0]
    if wanted in able:
        return str(wanted)
    can = f"It can learn: {', '.join(able)}." if able else "`zoo search` lists others."
    raise UnknownTask(f"{card.id} cannot be fine-tuned{f' for {wanted}' if wanted else ''}", can)


def _name(registry: Registry, card: ModelCard, data: str | Path, wanted: str | None) -> str:
    """The new model's name: the given one if it is free, else one made from base and data."""
    if wanted is not None:
        if taken := _taken(registry, check_name(wanted)):
            raise BadInput(f"there is already a model {taken}", f"Choose another --name, or `zoo rm {taken}` first.")
        return wanted
    stem = "".join(c if c.isalnum() or c in "._+-" else "-" for c in Path(data).stem).strip(".-_+") or "data"
    first = f"{card.id.rpartition('/')[2]}-{stem}"[:90]
    tries = (first, *(f"{first}-{number}" for number in range(2, 10_000)))
    return check_name(next(name for name in tries if _taken(registry, name) is None))


def _taken(registry: Registry, name: str) -> str | None:
    """The model that has a name already, in this spelling or with other capitals; or None."""
    from zoo.catalog import hot

    return next((near for near in hot.near(registry.ready(), name) if near.lower() == name.lower()), None)


def _read(registry: Registry, data: str | Path, task: str, settings: Settings) -> LabelledData:
    read = read_labelled(
        data,
        TASKS[task].input,
        text_column=settings.text_column,
        label_column=settings.label_column,
        cache=registry.cache / "datasets",
    )
    return split_data(read, test_size=settings.test_size, seed=settings.seed, limit=settings.limit)


def _learn(job: Job, report: Report) -> Learnt:
    """Features once, the head by cross-validation on the training part, one look at the held-out part."""
    import torch

    registry, pulled, data, settings = job.registry, job.pulled, job.data, job.settings
    loader = pulled.card.loader
    adapter_class = registry.plugins.finetuner(loader, job.task)
    maker = FeatureRunner.maker(registry.plugins.runner(loader, job.task), adapter_class)
    total = len(data.train) + len(job.held_out)
    # Features in full precision: they are few, kept, and the same on every device.
    wanted = Wanted(device=settings.device, dtype="float32", batch=settings.batch)
    with open_model(registry, pulled, job.task, maker, wanted) as model:
        key = [pulled.manifest.revision, job.task, data.fingerprint, settings.seed, settings.limit, settings.test_size]

        def count(number: int) -> None:
            report("features", number, total)

        learnt = cached_features(model, data.train, [*key, "train"], registry.cache, count)
        held = cached_features(model, job.held_out, [*key, "test"], registry.cache, count)
    report("fitting", 0, None)
    probe = fit_probe(learnt, data.train.labels, seed=settings.seed)
    metrics = classification_metrics(job.held_out.labels, probe.predict(held))
    adapter = adapter_class(Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision))
    head = adapter.head(
        torch.from_numpy(probe.weight), torch.from_numpy(probe.bias), Target(kind="single", labels=probe.classes)
    )
    return Learnt(probe=probe, metrics=metrics, head=head)
