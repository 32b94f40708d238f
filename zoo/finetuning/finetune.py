"""`finetune`: from data and a base model to a new, registered model; readable from top to bottom."""

from __future__ import annotations

import functools
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption
from zoo.finetuning.forgetting import base_data
from zoo.finetuning.job import Job, Learnt, Report, Settings, silent
from zoo.finetuning.methods import Choice, choose
from zoo.finetuning.planning import Plan, plan, read_again
from zoo.finetuning.register import register
from zoo.finetuning.together import launch, restarted, speaks
from zoo.finetuning.training.gang import Gang
from zoo.plugin import Target
from zoo.runs.recording import begin, folder_of, new_run_id, reopen, update
from zoo.tasks import LEARNT

if TYPE_CHECKING:
    from zoo.data import Split
    from zoo.finetuning.run import Run
    from zoo.registry import Registry

__all__ = ["finetune", "learn", "resume"]

Tell = Callable[[Mapping[str, Any]], None]


def finetune(
    registry: Registry, ref: str, data: Any, *, settings: Settings, report: Report | None = None
) -> Run | None:
    """Adapt a model to labelled data and register the result; see `zoo.finetune`.

    Args:
        registry, ref, data, settings: the zoo, the base, what to learn from, and how.
        report: is told of progress.

    Returns:
        the run; None in all but the first of several processes that train together.
    """
    settings.checked()
    gang = Gang.join(settings.device)
    if not gang.main:
        _help(registry, gang, data)
        return None

    def work(tell: Tell) -> Run:
        if begun := restarted(registry, gang.restarts):
            return _go_on(registry, begun, data, report or silent, tell)
        planned = plan(registry, ref, data, settings)
        record = _record(planned, _chosen(registry, planned, settings), settings, data, new_run_id())
        with _begun(registry, record):
            tell(_shared(record))
            return _done(_job(registry, planned, settings, record), record, report or silent)

    return _led(gang, work)


def resume(registry: Registry, run: str, *, data: Any = None, report: Report | None = None) -> Run | None:
    """Go on with a run that was stopped, from its last checkpoint; the settings are those that it began with.

    Raises:
        NotFound: no such run.
        BadInput: it is done, or still runs.
        BadData: its data is not what it was.
    """
    gang = Gang.join()
    if not gang.main:
        _help(registry, gang, data)
        return None
    return _led(gang, lambda tell: _go_on(registry, run, data, report or silent, tell))


def _chosen(registry: Registry, planned: Plan, settings: Settings) -> Choice:
    if settings.base_data is not None and planned.pulled.card.task in LEARNT:
        base_data(registry, settings, planned.pulled.card.task)  # what is wrong with it is said before training
    return choose(registry, planned, settings)


def _go_on(registry: Registry, run: str, data: Any, report: Report, tell: Tell) -> Run:
    record = reopen(registry, run)
    with _begun(registry, record):
        job = _job_again(registry, record, data)
        tell(_shared(record))
        return _done(job, record, report)


@contextmanager
def _begun(registry: Registry, record: dict[str, Any]) -> Iterator[None]:
    """The run's record while it runs; an error after which it can go on has a note that says how."""
    try:
        with begin(registry, record):
            yield
    except BaseException as error:
        # With the same options (a learning rate that is too high) it would end the same.
        kept = "checkpoint" in record and not isinstance(error, BadOption)
        safe = isinstance(error, KeyboardInterrupt) or kept
        if safe and "--resume" not in getattr(error, "remedy", ""):
            error.add_note(f"go on: zoo finetune --resume {record['id']}")
        raise


def _done(job: Job, record: dict[str, Any], report: Report) -> Run:
    run = register(job, learn(job, report), record, report)
    for name in ("checkpoints", "trials"):  # what could be gone on from is many times the size of the result
        shutil.rmtree(job.folder / name, ignore_errors=True)
    return run


def learn(job: Job, report: Report) -> Learnt:
    """What the job's method learns; with a search before it where one is asked for."""
    if job.settings.tune is not None:
        from zoo.finetuning.tuning import search

        return search(job, learn, report)
    if job.method == "probe":
        from zoo.finetuning.frozen import learn_probe

        return learn_probe(job, report)
    from zoo.finetuning.training import train

    return train(job, report)


def _led(gang: Gang, work: Callable[[Tell], Run]) -> Run:
    """Do the first process's work; the others, which wait to be told what it is, are let go if there is none."""
    told: list[Mapping[str, Any]] = []

    def tell(record: Mapping[str, Any]) -> None:
        told.append(record)
        gang.share(record)

    try:
        return work(tell)
    except BaseException as error:
        speaks(error)  # before the others lose their connection and wonder
        if not told:
            gang.share(None)
        raise
    finally:
        gang.leave()


def _help(registry: Registry, gang: Gang, data: Any) -> None:
    """What the other processes do: train along with the first one, which plans, writes, registers, and tells errors."""
    try:
        record = gang.share(None)
        if record is not None:
            learn(_job_again(registry, record, data), silent)
    except BaseException as error:
        speaks(error, wait=True)
        raise
    finally:
        gang.leave()


def _job(registry: Registry, planned: Plan, settings: Settings, record: dict[str, Any]) -> Job:
    return Job(
        registry=registry,
        pulled=planned.pulled,
        task=planned.task,
        target=planned.target,
        adapter=planned.adapter,
        method=record["method"],
        name=planned.name,
        data=planned.data,
        settings=settings,
        run=record["id"],
        folder=folder_of(registry, record["id"]),
        save=functools.partial(_save, registry, record),
    )


def _job_again(registry: Registry, record: dict[str, Any], data: Any) -> Job:
    """The job of a run from its record."""
    settings = Settings(**record["hyperparameters"])
    base = registry.obtain(record["base"], revision=record["base_revision"])
    target = Target(kind=record["target"]["kind"], labels=tuple(record["target"]["labels"]))
    return Job(
        registry=registry,
        pulled=base,
        task=record["task"],
        target=target,
        adapter=registry.plugins.finetuner(base.card.loader, record["task"]),
        method=record["method"],
        name=record["model"],
        data=read_again(registry, record, settings, data),
        settings=settings,
        run=record["id"],
        folder=folder_of(registry, record["id"]),
        save=functools.partial(_save, registry, record),
    )


def _save(registry: Registry, record: dict[str, Any], changes: Mapping[str, Any]) -> None:
    record |= changes
    update(registry, record)


def _shared(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the other processes need of the record."""
    names = ("id", "model", "base", "base_revision", "task", "method", "target", "hyperparameters", "data")
    return {name: record[name] for name in names}


def _record(planned: Plan, choice: Choice, settings: Settings, data: Any, run: str) -> dict[str, Any]:
    read, pulled = planned.data, planned.pulled
    parts = {"train": read.train, "validation": read.validation, "test": read.test}
    return {
        "id": run,
        "kind": "finetune",
        "model": planned.name,
        "base": pulled.card.id,
        "base_revision": pulled.manifest.revision,
        "task": planned.task,
        "method": choice.method,
        "why": choice.why,
        "target": {"kind": planned.target.kind, "labels": list(planned.target.labels)},
        "hyperparameters": settings.to_dict(),
        "seed": settings.seed,
        **({"launch": started} if (started := launch()) else {}),
        "data": {
            "name": read.name,
            "source": _source(data),
            "recipe": dict(read.recipe),
            "fingerprint": read.fingerprint,
            "split_ids": dict(read.split_ids),
            "classes": list(read.classes),
            "counts": _counts(parts) if read.kind == "single" else {},
            "findings": [finding.to_dict() for finding in planned.diagnosis.findings],
            **{name: len(part) if part is not None else 0 for name, part in parts.items()},
        },
    }


def _counts(parts: Mapping[str, Split | None]) -> dict[str, dict[str, int]]:
    """How many examples of each class each part has."""
    return {name: dict(Counter(part.labels)) for name, part in parts.items() if part is not None}


def _source(data: Any) -> str | None:
    """Where the data can be read again; None for what was given from Python."""
    if isinstance(data, str) and data.startswith("hf:"):
        return data
    return str(Path(data).expanduser().absolute()) if isinstance(data, str | Path) else None
