"""The method `probe`: features once, a linear head by cross-validation, one look at the held-out part."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.dataset import joined
from zoo.evaluation import Predictions
from zoo.finetuning.features import features_of
from zoo.finetuning.job import Learnt
from zoo.finetuning.probe import fit_probe
from zoo.plugin import HEAD_FILE, Checkpoint, Trained

if TYPE_CHECKING:
    from zoo.data import Split
    from zoo.finetuning.job import Job, Report
    from zoo.plugin import Head

__all__ = ["learn_probe"]


def learn_probe(job: Job, report: Report) -> Learnt:
    """Fit a linear head on the base's features; training and validation parts are one, since folds take turns."""
    import torch

    train, held = joined([job.data.train, job.data.validation]), job.held_out
    total = len(train) + len(held)
    began = time.perf_counter()

    def features(split: Split) -> Any:
        return features_of(
            job.registry,
            job.pulled,
            job.task,
            split,
            device=job.settings.device,
            batch=job.settings.batch,
            report=lambda number: report("features", number, total, None),
        )

    learnt, seen = features(train), features(held)
    computed = time.perf_counter()
    report("fitting", 0, None, None)
    probe = fit_probe(learnt, train.labels, kind=job.target.kind, seed=job.settings.seed)
    target = job.target if probe.kind == "regression" else replace(job.target, labels=probe.classes)
    pulled = job.pulled
    adapter = job.adapter(Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision))
    head = adapter.head(torch.from_numpy(probe.weight), torch.from_numpy(probe.bias), target)
    return Learnt(
        write=lambda folder: _write(head, folder),
        chosen=probe.to_dict(),
        validation={} if probe.score is None else {probe.metric: probe.score},
        higher_is_better=probe.metric not in {"rmse", "mse", "mae"},
        held_out=Predictions(
            kind=target.kind,
            labels=target.labels,
            truth=held.labels,
            scores=probe.scores(seen),
            rows=held.rows,
        ),
        timing={
            "features_seconds": round(computed - began, 3),
            "fitting_seconds": round(time.perf_counter() - computed, 3),
        },
    )


def _write(head: Head, folder: Path) -> Trained:
    from safetensors.torch import save_file

    tensors = {name: tensor.contiguous() for name, tensor in head.tensors.items()}
    save_file(tensors, folder / HEAD_FILE, {"format": "pt"})
    return Trained(files=(HEAD_FILE,), config=dict(head.config))
