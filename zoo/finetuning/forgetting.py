"""What a base can no longer do after it was trained on something else: its own task, measured before and after.

McCloskey & Cohen, "Catastrophic interference in connectionist networks" (1989), named it; the measure here is the plain
one: the base's own score on data of its own task, and that of the new weights with the base's own head.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data import read_labelled, read_raw
from zoo.data.doctor import examine
from zoo.errors import MissingPlugin
from zoo.evaluation import Predictions, compare, predict_split
from zoo.finetuning.planning import how_to_read
from zoo.manifests import Manifest, StoredFile
from zoo.plugin import HEAD_FILE
from zoo.registry import Pulled
from zoo.tasks import LEARNT

if TYPE_CHECKING:
    from zoo.data import Split
    from zoo.finetuning.job import Job, Report, Settings
    from zoo.registry import Registry

__all__ = ["base_data", "forgetting"]

UNCHANGED = "none: the base's own weights are as they were, only a head was added"
NOT_MEASURED = "not measured: give data of the base's own task with --base-data"


def forgetting(job: Job, made: Pulled, report: Report) -> dict[str, Any]:
    """How much worse the new weights do what the base was made for.

    Returns:
        `{"statement"}`, and where it was measured `task, data, metric, before, after, difference, low, high, p_value`
        and `n` too.

    Raises:
        BadData: the data for it cannot be used.
    """
    if job.method == "probe" or (job.method == "head" and job.settings.layers == 1):
        return {"statement": UNCHANGED}
    if job.settings.base_data is None:
        return {"statement": NOT_MEASURED}
    task = job.pulled.card.task
    kinds = LEARNT.get(task)
    if kinds is None or (job.pulled.card.loader, task) not in job.registry.plugins.table("zoo_runners"):
        return {"statement": f"not measured: there is no measure for {task}, the base's own task"}
    before, after = _measured(job, made, task, report)
    found = compare(after, before, names=("the new weights", "the base"), seed=job.settings.seed)
    names = ("metric", "difference", "low", "high", "p_value", "n", "statement")
    told = {name: getattr(found, name) for name in names}
    return {"task": task, "data": str(job.settings.base_data), "before": found.b, "after": found.a, **told}


def _measured(job: Job, made: Pulled, task: str, report: Report) -> tuple[Predictions, Predictions]:
    split, kind, labels = base_data(job.registry, job.settings, task)

    def predicted(pulled: Pulled) -> Predictions:
        return predict_split(
            job.registry,
            pulled,
            split,
            task=task,
            kind=kind,
            labels=labels,
            device=job.settings.device,
            batch=job.settings.batch,
            report=lambda what, done, total: report("forgetting", done, total, None),
        )

    before = predicted(job.pulled)
    with _with_old_head(job, made, task) as pulled:
        return before, predicted(pulled)


def base_data(registry: Registry, settings: Settings, task: str) -> tuple[Split, Any, tuple[str, ...]]:
    """The examples of the base's own task, with the form of their labels and their classes.

    Raises:
        BadData: they cannot be used.
    """
    how = how_to_read(registry, dataclasses.replace(settings, columns={}))
    raw = read_raw(settings.base_data, task, **how)
    examine(raw).raise_if_broken()
    data = read_labelled(raw, task)
    return data.test or data.train, data.kind, data.classes


@contextmanager
def _with_old_head(job: Job, made: Pulled, task: str) -> Iterator[Pulled]:
    """The new model as one of the base's task: as it is where that needs no head, else with the base's own head."""
    if not task.endswith("classification") or made.card.task != task:
        yield dataclasses.replace(made, card=made.card.replace(task=task, tasks=()))
        return
    with tempfile.TemporaryDirectory(dir=job.folder) as temporary:
        folder = Path(temporary)
        for path in made.path.iterdir():
            if path.name != HEAD_FILE:
                (folder / path.name).symlink_to(path)
        stored = _write_head(job, folder)
        files = tuple(file for file in made.manifest.files if file.path != HEAD_FILE)
        manifest: Manifest = dataclasses.replace(made.manifest, files=(*files, stored))
        card = made.card.replace(config=dict(job.pulled.card.config))
        yield Pulled(card=card, manifest=manifest, path=folder)


def _write_head(job: Job, folder: Path) -> StoredFile:
    """The base's own head as a file beside the new weights."""
    from safetensors.torch import save_file

    from zoo.models.training import own_module
    from zoo.plugin import Checkpoint
    from zoo.store.disk import hash_file

    base = job.pulled
    adapter = job.adapter(Checkpoint(card=base.card, path=base.path, revision=base.manifest.revision))
    with own_module(job.registry, base, base.card.task, device="cpu", owner=job.name) as module:
        names = [name for name in adapter.layers(module)[-1] if name]
        state = module.state_dict()
        head = {n: t.contiguous() for n, t in state.items() if any(n == h or n.startswith(f"{h}.") for h in names)}
    if not head:
        raise MissingPlugin(f"the head of {base.card.id} cannot be told from its body", "Leave out --base-data.")
    path = folder / HEAD_FILE
    save_file(head, path, {"format": "pt"})
    return StoredFile(
        path=HEAD_FILE,
        size=path.stat().st_size,
        sha256=hash_file(path),
        format="safetensors",
        origin=(f"run:{job.run}",),
    )
