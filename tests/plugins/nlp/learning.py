"""What the tests of adapters share: a module of one's own, some steps of learning, and the new model's folder."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from zoo_nlp.transformers_loader import TransformersLoader

from zoo.models.context import Context
from zoo.plugin import Checkpoint, FineTuner, Target, Trained


def context(folder: Path) -> Context:
    """What the core gives to a loader."""
    return Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="small")


def own(checkpoint: Checkpoint, loader: Any = None, folder: Path | None = None) -> Any:
    """The loader's module with memory of its own, as the core hands it to an adapter; `folder` is for its cache."""
    module = (loader or TransformersLoader()).load(checkpoint, context(folder or checkpoint.path.parent))
    for parameter in module.parameters():
        parameter.data = parameter.data.clone()
        parameter.requires_grad_(parameter.is_floating_point())
    return module


def learn(
    adapter: FineTuner, module: Any, target: Target, rows: Sequence[tuple[Any, Any]], *, steps: int = 20, rate: float
) -> list[float]:
    """The losses of some steps on the same rows; the module is in evaluation mode afterwards."""
    module.train()
    optimiser = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], rate, weight_decay=0)
    losses = []
    for step in range(steps):
        examples = [adapter.encode(*row, target, draw=random.Random(f"{step}/{i}")) for i, row in enumerate(rows)]
        loss, _ = adapter.loss(module, adapter.batch(examples, target), target)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    module.eval()
    return losses


def outputs(adapter: FineTuner, module: Any, target: Target, rows: Sequence[tuple[Any, Any]]) -> torch.Tensor:
    """What `loss` gives beside the loss, in evaluation."""
    module.eval()
    with torch.inference_mode():
        examples = [adapter.encode(*row, target, draw=None) for row in rows]
        return adapter.loss(module, adapter.batch(examples, target), target)[1]


def saved(adapter: FineTuner, module: Any, target: Target, *, method: str, task: str) -> tuple[Checkpoint, Trained]:
    """The new model's checkpoint as the core makes it: the base's files but the dropped ones, and the new ones."""
    base = adapter.checkpoint
    work = base.path.parent / f"new-{method}"
    work.mkdir()
    made = adapter.save(module, target, work, method=method)
    assert sorted(path.name for path in work.iterdir()) == sorted(made.files)
    folder = base.path.parent / f"tuned-{method}"
    shutil.copytree(base.path, folder, ignore=lambda _, names: set(made.drop) & set(names))
    shutil.copytree(work, folder, dirs_exist_ok=True)
    changed = {name: value for name, value in {**base.card.config, **made.config}.items() if value is not None}
    card = base.card.replace(id="tuned", task=task, tasks=(), config=changed, **made.card).check()
    return Checkpoint(card=card, path=folder, revision="1" * 64), made
