"""Keeping what was learnt: files in the store, the held-out score, card and lineage in the catalog, papers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import Metric, ModelCard, Source
from zoo.descent.reading import read
from zoo.errors import BadInput
from zoo.evaluation import Evaluation, judge, predict_split
from zoo.evaluation.judging import told
from zoo.evaluation.predicting.asked import Asked
from zoo.finetuning.forgetting import forgetting
from zoo.finetuning.planning import taken_by
from zoo.finetuning.run import Run
from zoo.rebuild import drop_card, keep_card
from zoo.registry import Pulled
from zoo.reporting import papers
from zoo.store.disk import write_lines

if TYPE_CHECKING:
    from zoo.evaluation import Predictions
    from zoo.finetuning.job import Job, Learnt, Report
    from zoo.manifests import Manifest
    from zoo.plugin import Trained

__all__ = ["register"]


def register(job: Job, learnt: Learnt, record: dict[str, Any], report: Report) -> Run:
    """Store the new model, measure it on the held-out part, and enter card, revision and lineage; all or nothing."""
    registry = job.registry
    if taken := taken_by(registry, job.name):
        raise BadInput(
            f"a model {taken} came to be while this one learnt",
            f"`zoo rm {taken}`, then `zoo finetune --resume {job.run}`.",
        )
    manifest, trained = _adopt(job, learnt)
    try:
        card = _card(job, trained)
        pulled = Pulled(card=card, manifest=manifest, path=_folder(job, manifest))
        predictions = learnt.held_out or _predicted(job, pulled, report)
        evaluation = judge(predictions, slices=job.held_out.columns, seed=job.settings.seed)
        record |= _outcome(job, learnt, manifest, evaluation)
        record["forgetting"] = forgetting(job, pulled, report)
        card = card.replace(metrics=(_metric(job, evaluation),)).check()
        _enter(job, card, manifest)
    except BaseException:  # whatever it was, files without a card would be half a model
        registry.store.remove(job.name, manifest.revision)
        drop_card(registry.home, job.name)
        raise
    record["licence_conflicts"] = [f.to_dict() for f in read(registry.database, job.name, down=False).conflicts]
    write_lines(job.folder / "predictions.jsonl", told(predictions))
    papers(job.folder, record=record, card=card, split=job.held_out, masks=_masks(job, pulled))
    return Run.of(record, job.folder)


def _folder(job: Job, manifest: Manifest) -> Path:
    path = job.registry.store.find(job.name, manifest.revision)
    if path is None:  # it was put there a moment ago
        raise FileNotFoundError(job.name)
    return path


def _predicted(job: Job, pulled: Pulled, report: Report) -> Predictions:
    return predict_split(
        job.registry,
        pulled,
        job.held_out,
        task=job.task,
        kind=job.target.kind,
        labels=job.target.labels,
        device=job.settings.device,
        batch=job.settings.batch,
        report=lambda what, done, total: report("evaluating", done, total, None),
    )


def _adopt(job: Job, learnt: Learnt) -> tuple[Manifest, Trained]:
    """Only what is new is stored: the base's other blobs are linked, so the model stands alone and costs little."""
    with tempfile.TemporaryDirectory(dir=job.folder) as temporary:
        folder = Path(temporary)
        trained = learnt.write(folder)
        base = job.pulled.manifest
        gone = {*trained.files, *trained.drop}
        manifest = job.registry.store.adopt(
            job.name,
            base=base,
            base_files=[file.path for file in base.files if file.path not in gone],
            files={name: folder / name for name in trained.files},
            origin=f"run:{job.run}",
        )
    return manifest, trained


def _enter(job: Job, card: ModelCard, manifest: Manifest) -> None:
    registry, base = job.registry, job.pulled
    keep_card(registry.home, card)
    registry.catalog.add_card(card, feed="local")
    registry.catalog.record_revision(manifest)
    registry.catalog.add_lineage(
        job.name, base.card.id, base.manifest.revision, "finetuned", job.run, child_revision=manifest.revision
    )


def _outcome(job: Job, learnt: Learnt, manifest: Manifest, evaluation: Evaluation) -> dict[str, Any]:
    """What the record gains when all went well."""
    return {
        "revision": manifest.revision,
        "files": {file.path: file.sha256 for file in manifest.files if f"run:{job.run}" in file.origin},
        "metrics": {**{name: made.value for name, made in evaluation.metrics.items()}, "examples": evaluation.n},
        "evaluation": evaluation.to_dict(),
        "validation": dict(learnt.validation),
        "chosen": dict(learnt.chosen),
        "curves": dict(learnt.curves),
        "timing": dict(learnt.timing),
        "notes": list(learnt.notes),
    }


def _metric(job: Job, evaluation: Evaluation) -> Metric:
    return Metric(
        name=evaluation.main,
        value=round(evaluation.value, 6),
        dataset=job.data.name,
        source=f"run {job.run}, held-out part",
    )


def _masks(job: Job, pulled: Pulled) -> Callable[[Sequence[int]], list[tuple[Any, Any]]] | None:
    """What gives the true and the predicted masks of held-out pictures by their places, for the report."""
    if job.target.kind != "mask":
        return None

    def masks(places: Sequence[int]) -> list[tuple[Any, Any]]:
        from zoo.evaluation.predicting.masks import masks_of

        return masks_of(
            Asked(
                registry=job.registry,
                pulled=pulled,
                split=job.held_out.take(places),
                task=job.task,
                kind=job.target.kind,
                labels=job.target.labels,
                device=job.settings.device,
                batch=job.settings.batch,
                report=lambda what, done, total: None,
            )
        )

    return masks


def _card(job: Job, trained: Trained) -> ModelCard:
    """The new model's card: its base's, with the new head, and the base's licence inherited."""
    base, data = job.pulled.card, job.data
    config = {**base.config, **trained.config}
    classes = f" ({len(data.classes)} classes)" if data.classes else ""
    return base.replace(
        **{
            "id": job.name,
            "task": job.task,
            "tasks": (),
            "summary": f"{base.id} fine-tuned on {data.name}{classes}",
            "config": {name: value for name, value in config.items() if value is not None},
            "parameters": None,
            "macs": None,
            "size": None,
            "published": None,
            "downloads": None,
            "aliases": (),
            "deprecated": None,
            "replaced_by": None,
            "sources": (Source(uri=f"run:{job.run}"),),
            "files": (),
            "metrics": (),
            "tags": tuple(sorted({*base.tags, "fine-tuned", job.method} - {"default", "popular"})),
            "datasets": (data.name,),
            "base": base.id,
            "facts": {"metrics": f"run {job.run}, held-out part", "licence": f"inherited from {base.id}"},
            **trained.card,
        }
    ).check()
