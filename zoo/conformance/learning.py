"""Checks of adapters: what is learnt gets better, and what was learnt is kept."""

from __future__ import annotations

import copy
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.conformance.equality import first_difference
from zoo.conformance.lessons import lessons_of
from zoo.conformance.outcomes import Follows, Skip, Unkept
from zoo.conformance.teaching import STEPS, adopted, methods_of, teaching
from zoo.plugin import HEAD_FILE, FineTuner, Lesson, Target, Trained
from zoo.tasks import Classification

if TYPE_CHECKING:
    from zoo.conformance.stage import Stage
    from zoo.models import Model
    from zoo.registry import Pulled

__all__ = ["kept", "learns"]

_SMALLER = (1.0, 0.1, 0.01)  # of the usual rate: a step along the gradient helps when it is small enough


def learns(stage: Stage) -> str:
    """Each method of the adapter: features are finite and of one size; by gradients the loss of one batch falls."""
    return _each(stage, _features, _falls)


def kept(stage: Stage) -> str:
    """What each method saves loads again, into a module that gives the same results as the one that learnt."""
    return _each(stage, _head_kept, _trained_kept)


def _each(stage: Stage, probe: Callable[[Stage, Lesson], str], gradient: Callable[[Stage, Lesson, str], str]) -> str:
    """Try every lesson by every method; what could not be tried is said beside the others."""
    adapter = stage.adapter()
    said, skipped = [], []
    for lesson in lessons_of(stage, adapter):
        for method in methods_of(lesson, adapter):
            name = f"{method} ({lesson.target.kind})"
            try:
                done = probe(stage, lesson) if method == "probe" else gradient(stage, lesson, method)
            except Skip as reason:
                skipped.append(str(reason))
                continue
            except Unkept as error:
                raise Unkept(f"{name}: {error.found}", error.remedy) from error
            said.append(f"{name} {done}")
    if not said:
        raise Skip("; ".join(skipped) or "the adapter has no methods")
    return "; ".join((*said, *skipped))


# The probe


def _features(stage: Stage, lesson: Lesson) -> str:
    import numpy as np

    rows = _rows(stage, lesson)
    if not all(isinstance(row, np.ndarray) and row.ndim == 1 for row in rows):
        raise Unkept("`features` gives no rows of numbers", "Give a tensor (batch, dimensions).")
    if len({row.shape for row in rows}) > 1:
        raise Unkept("`features` gives rows of several lengths", "Pool over time or space.")
    if not all(np.isfinite(row).all() for row in rows):
        raise Unkept("`features` gives numbers that are not finite", "Mask the padding before pooling.")
    head = _head(stage, lesson, rows)
    if not head.tensors or not all(bool(tensor.isfinite().all()) for tensor in head.tensors.values()):
        raise Unkept("`head` gives no tensors, or such that are not finite", "Name them as the module does.")
    lacking = [key for key, value in lesson.target.config.items() if head.config.get(key) != value]
    if lacking:
        raise Unkept(f"`head` leaves out of its config: {', '.join(lacking)}", "Give at least `target.config`.")
    return f"{len(rows[0])} numbers an input"


def _rows(stage: Stage, lesson: Lesson) -> list[Any]:
    from zoo.finetuning.features import feature_model

    values = [value for value, _ in lesson.examples]
    with feature_model(stage.shared, stage.pulled, stage.case.task, device="cpu") as model:
        return list(model.engine.run(values, None, "raise"))


def _head(stage: Stage, lesson: Lesson, rows: list[Any]) -> Any:
    weight, bias = _layer(lesson.target, len(rows[0]))
    adapter: FineTuner = stage.adapter()
    return adapter.head(weight, bias, lesson.target)


def _layer(target: Target, width: int) -> tuple[Any, Any]:
    """A linear layer that gives each row of features something else."""
    import torch

    generator = torch.Generator().manual_seed(0)
    outputs = len(target.labels)
    weight = torch.randn(outputs, width, generator=generator) / math.sqrt(width)
    return weight, torch.linspace(-0.5, 0.5, outputs)


def _head_kept(stage: Stage, lesson: Lesson) -> str:
    import numpy as np
    from safetensors.torch import save_file

    rows = _rows(stage, lesson)
    head = _head(stage, lesson, rows)
    with _work(stage) as folder:
        tensors = {name: tensor.contiguous() for name, tensor in head.tensors.items()}
        save_file(tensors, folder / HEAD_FILE, {"format": "pt"})
        pulled = adopted(stage, Trained(files=(HEAD_FILE,), config=dict(head.config)), folder, "conformance/probed")
    results = _predicted(stage, pulled, [value for value, _ in lesson.examples])
    weight, bias = _layer(lesson.target, len(rows[0]))
    logits = np.stack(rows) @ weight.numpy().T + bias.numpy()
    for number, (result, row) in enumerate(zip(results, logits, strict=True), 1):
        if not isinstance(result, Classification):
            return "loads"
        _scored(result, row, lesson.target, number, stage.case.tolerance)
    return "loads, and scores as it should"


def _scored(result: Classification, logits: Any, target: Target, number: int, tolerance: float) -> None:
    """Whether the model with the new head gives the scores that the head gives of the features."""
    import numpy as np

    scores = logits
    if target.kind == "single":
        likely = np.exp(logits - logits.max())
        scores = likely / likely.sum()
    elif target.kind == "multi":
        scores = 1 / (1 + np.exp(-logits))
    wanted = dict(zip(target.labels, map(float, scores), strict=True))
    for label in result.labels:
        if label.label not in wanted or abs(label.score - wanted[label.label]) > tolerance * max(1, abs(label.score)):
            raise Unkept(
                f"with the head on top, {label.label} of input {number} scores {label.score:.4g}, and the head gives "
                f"{wanted.get(label.label, 'no such label')}",
                "`features` must be what the last linear layer sees, and `head` name that layer's tensors.",
            )


# By gradients


def _falls(stage: Stage, lesson: Lesson, method: str) -> str:
    with teaching(stage, lesson, method) as made:
        start = {name: tensor.detach().clone() for name, tensor in made.learner.state().items()}
        losses: list[float] = []
        for share in _SMALLER:
            losses = made.learn(_rate(made.adapter, lesson, method) * share)
            if losses[-1] < losses[0]:
                return f"loss {losses[0]:.4g} to {losses[-1]:.4g} in {STEPS} steps"
            made.learner.restore(start)
    raise Unkept(
        f"the loss does not fall: {' , '.join(f'{value:.6g}' for value in losses)} at {share:g} of the usual rate",
        "The gradient must be that of the loss: look for `detach`, signs, and labels in another order.",
    )


def _rate(adapter: FineTuner, lesson: Lesson, method: str) -> float:
    return lesson.rate if lesson.rate is not None else adapter.rate.get(method, FineTuner.rate[method])


def _trained_kept(stage: Stage, lesson: Lesson, method: str) -> str:
    with teaching(stage, lesson, method) as made:
        try:
            made.learn(10 * _rate(made.adapter, lesson, method), steps=1)  # further off, so that what is lost shows
        except Unkept as error:
            raise Follows("learns", error) from error
        learnt = copy.deepcopy(made.learner.module).eval()  # as it is before anything is written of it
        with _work(stage) as folder:
            trained = made.write(folder)
            names = ", ".join(trained.files)
            pulled = adopted(stage, trained, folder, f"conformance/{method}")
        wanted = _of_module(stage, pulled, learnt)
        results = _predicted(stage, pulled, stage.inputs)
        if wanted is None:
            return f"{names or 'nothing new'}: loads" + _same_weights(stage, pulled, learnt, method)
    if found := first_difference(results, wanted, stage.case.tolerance):
        raise Unkept(
            f"what was saved loads into another module than the one that learnt: {found}",
            "Write every tensor that learnt, under the name that the loader looks for, and the card's changes.",
        )
    return f"{names or 'nothing new'}: loads, the same results"


def _predicted(stage: Stage, pulled: Pulled, values: list[Any]) -> list[Any]:
    """The results of the new model, as anybody loads it."""
    with _opened(stage, pulled) as model:
        return stage.run(model, values)


def _opened(stage: Stage, pulled: Pulled) -> Model:
    from zoo.models.load import open_model
    from zoo.models.wanted import Wanted

    zoo = stage.shared
    runner = zoo.plugins.runner(pulled.card.loader, stage.case.task)
    return open_model(zoo, pulled, stage.case.task, runner, Wanted(device="cpu", dtype="float32"))


def _of_module(stage: Stage, pulled: Pulled, module: Any) -> list[Any] | None:
    """The results of the module that learnt, by the runner of the new model; None where the runner takes no such."""
    import torch

    from zoo.models.building import Builder
    from zoo.models.engine import Engine
    from zoo.models.options import read_options
    from zoo.models.wanted import Wanted

    made_by = stage.shared.plugins.runner(pulled.card.loader, stage.case.task)
    runner = Builder(stage.shared, pulled, stage.case.task, made_by, Wanted(device="cpu", dtype="float32")).runner
    try:
        engine = Engine(module, runner, device=torch.device("cpu"), dtype=torch.float32)
        return list(engine.run(list(stage.inputs), read_options(runner.Options, stage.case.options)))
    except Exception:  # an adapter may train another kind of module than the loader gives: a graph, an engine's
        return None


def _same_weights(stage: Stage, pulled: Pulled, learnt: Any, method: str) -> str:
    """Compare weights by name, where the results of the module that learnt cannot be had."""
    import torch

    from zoo.finetuning.training import lowrank
    from zoo.models.training import own_module

    if method == "lora":
        lowrank.merge(learnt)
    mine = learnt.state_dict()
    with own_module(stage.shared, pulled, stage.case.task, device="cpu", owner="kit") as module:
        theirs = module.state_dict() if isinstance(module, torch.nn.Module) else {}
        both = [name for name in mine.keys() & theirs.keys() if isinstance(mine[name], torch.Tensor)]
        tolerance = stage.case.tolerance
        odd = [n for n in sorted(both) if not torch.allclose(mine[n].float(), theirs[n].float(), tolerance, tolerance)]
    if odd:
        raise Unkept(f"saved and loaded, {', '.join(odd[:3])} are other tensors", "Write what was learnt.")
    return f", {len(both)} tensors the same" if both else "; the results of the module that learnt cannot be compared"


@contextmanager
def _work(stage: Stage) -> Iterator[Path]:
    """A folder for the files of a new model, removed afterwards."""
    folder = Path(tempfile.mkdtemp(dir=stage.folder))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
