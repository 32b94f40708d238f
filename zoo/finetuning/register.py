"""Keeping what was learnt: files in the store, card, lineage and run in the catalog, and the run's record."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import Metric, ModelCard, Source
from zoo.catalog.database import utc_now
from zoo.descent.reading import read
from zoo.finetuning.run import Run, environment
from zoo.rebuild import drop_card, keep_card, run_record, write_json

if TYPE_CHECKING:
    from zoo.finetuning.job import Job, Learnt
    from zoo.manifests import Manifest

__all__ = ["recorded", "register"]


@contextmanager
def recorded(job: Job) -> Iterator[dict[str, Any]]:
    """A run's record: entered as running, and, whatever happens inside, as how it ended."""
    record = _started(job)
    write_json(job.folder / "record.json", record)
    catalog = job.registry.catalog
    catalog.start_run(run_record(record))
    outcome = "failed"
    try:
        yield record
        outcome = "done"
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    finally:
        record |= {"outcome": outcome, "ended": utc_now()}
        write_json(job.folder / "record.json", record)
        catalog.finish_run(job.run, outcome, metrics=record.get("metrics"), ended=record["ended"])


def register(job: Job, learnt: Learnt, record: dict[str, Any]) -> Run:
    """Store the base's files with the new head beside them, then enter card, revision and lineage."""
    manifest = _adopt(job, learnt)
    record |= {
        "revision": manifest.revision,
        "metrics": dict(learnt.metrics),
        "chosen": {"strength": learnt.probe.strength, "cross_validation": learnt.probe.scores},
    }
    try:
        _enter(job, _card(job, learnt), manifest)
    except BaseException:  # whatever it was, files without a card would be half a model
        job.registry.store.remove(job.name, manifest.revision)
        drop_card(job.registry.home, job.name)
        raise
    descent = read(job.registry.database, job.name, down=False)
    record["licence_conflicts"] = [found.to_dict() for found in descent.conflicts]
    return Run(
        id=job.run,
        kind="finetune",
        model=job.name,
        base=job.pulled.card.id,
        revision=manifest.revision,
        metrics=dict(learnt.metrics),
        path=job.folder,
        record=record,
    )


def _enter(job: Job, card: ModelCard, manifest: Manifest) -> None:
    registry, base = job.registry, job.pulled
    keep_card(registry.home, card)
    registry.catalog.add_card(card, feed="local")
    registry.catalog.record_revision(manifest)
    registry.catalog.add_lineage(
        job.name, base.card.id, base.manifest.revision, "finetuned", job.run, child_revision=manifest.revision
    )


def _adopt(job: Job, learnt: Learnt) -> Manifest:
    """Only the head is new: the base's blobs are linked, so the model stands alone and costs a few kilobytes."""
    from safetensors.torch import save_file

    with tempfile.TemporaryDirectory(dir=job.folder) as temporary:
        path = Path(temporary) / "head.safetensors"
        save_file({name: tensor.contiguous() for name, tensor in learnt.head.tensors.items()}, path, {"format": "pt"})
        return job.registry.store.adopt(
            job.name, base=job.pulled.manifest, files={"head.safetensors": path}, origin=f"run:{job.run}"
        )


def _started(job: Job) -> dict[str, Any]:
    return {
        "id": job.run,
        "kind": "finetune",
        "model": job.name,
        "base": job.pulled.card.id,
        "base_revision": job.pulled.manifest.revision,
        "task": job.task,
        "method": "probe",
        "hyperparameters": dict(vars(job.settings)),
        "data": {
            "name": job.data.name,
            "fingerprint": job.data.fingerprint,
            "classes": list(job.data.classes),
            "train": len(job.data.train),
            "test": len(job.held_out),
        },
        "seed": job.settings.seed,
        "environment": environment(),
        "started": job.started,
        "outcome": "running",
    }


def _card(job: Job, learnt: Learnt) -> ModelCard:
    """The new model's card: its base's, with the new head, its own score, and the base's licence inherited."""
    base, data = job.pulled.card, job.data
    measured = f"run {job.run}, held-out part"
    accuracy = Metric(name="accuracy", value=learnt.metrics["accuracy"], dataset=data.name, source=measured)
    return base.replace(
        id=job.name,
        task=job.task,
        tasks=(),
        summary=f"{base.id} fine-tuned on {data.name} ({len(data.classes)} classes)",
        config={**base.config, **learnt.head.config},
        parameters=None,
        macs=None,
        size=None,
        published=None,
        downloads=None,
        aliases=(),
        deprecated=None,
        replaced_by=None,
        sources=(Source(uri=f"run:{job.run}"),),
        files=(),
        metrics=(accuracy,),
        tags=tuple(sorted({*base.tags, "fine-tuned"} - {"default", "popular"})),
        datasets=(data.name,),
        base=base.id,
        facts={"metrics": measured, "licence": f"inherited from {base.id}"},
    ).check()
