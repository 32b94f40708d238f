"""`evaluate`: from a model and data to a stored evaluation; `compare_on`: several models on the same rows."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BadData, BadOption, nearest
from zoo.evaluation.choosing_rows import Chosen, choose_part, read_data, task_of
from zoo.evaluation.comparing import PairedComparison, aligned, compare, corrected
from zoo.evaluation.evaluation import Evaluation
from zoo.evaluation.judging import judge, told
from zoo.evaluation.predicting import Report, predict_split
from zoo.evaluation.training_rows import held_out_of, seen_by
from zoo.store.disk import write_lines
from zoo.tasks import TargetKind

if TYPE_CHECKING:
    from zoo.data import Columns
    from zoo.evaluation.predictions import Predictions
    from zoo.registry import Pulled, Registry

__all__ = ["Compared", "Evaluated", "SeenInTraining", "compare_on", "evaluate"]


class SeenInTraining(UserWarning):
    """Rows that are evaluated were learnt from."""


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """A stored evaluation.

    Attributes:
        id: of the run.
        model: what was evaluated.
        path: the run's folder, with `record.json` and `predictions.jsonl`.
        evaluation: all measures.
        warnings: what makes the score mean less than it seems.
        record: everything in `record.json`.
    """

    id: str
    model: str
    path: Path
    evaluation: Evaluation
    warnings: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """`{"run", "model", "data", "warnings", "evaluation"}`."""
        return {
            "run": self.id,
            "model": self.model,
            "data": self.record["data"],
            "warnings": list(self.warnings),
            "evaluation": self.evaluation.to_dict(),
        }


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Several models on the same rows.

    Attributes:
        models: their names, as given.
        evaluations: of each, on the rows that all could predict.
        comparisons: of each with each, p-values corrected for their number.
        data: name, fingerprint, part and number of rows.
        warnings: what makes a score mean less than it seems.
    """

    models: tuple[str, ...]
    evaluations: tuple[Evaluation, ...]
    comparisons: tuple[PairedComparison, ...]
    data: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """`{"models": {name: evaluation}, "comparisons", "data", "warnings"}`."""
        return {
            "models": {n: e.to_dict() for n, e in zip(self.models, self.evaluations, strict=True)},
            "comparisons": [one.to_dict() for one in self.comparisons],
            "data": dict(self.data),
            "warnings": list(self.warnings),
        }


def evaluate(
    registry: Registry,
    ref: str,
    data: Any,
    *,
    task: str | None = None,
    kind: TargetKind | None = None,
    columns: Columns | Mapping[str, str] | None = None,
    slices: Sequence[str] = (),
    part: str = "auto",
    seed: int = 0,
    resamples: int = 1000,
    confidence: float = 0.95,
    device: str = "auto",
    batch: int | None = None,
    report: Report | None = None,
) -> Evaluated:
    """Measure a model on labelled data, and record it as a run of kind `evaluate`.

    Args:
        registry, ref: the model.
        data: as `zoo.data.read_labelled` takes it.
        task: what the model is run for; its own by itself.
        kind: the form of the labels; as the data shows by itself.
        columns: of a table by role.
        slices: columns of the table for whose values the main metric is measured too.
        part: `auto` is the data's own test part; else what was held out when the model was made from this very data;
            else all rows. `test`, `validation`, `train`, `all` ask for one.
        seed, resamples, confidence: of the intervals; see `judge`.
        device, batch: as of `zoo.load`.
        report: is told of the progress.

    Raises:
        BadData: the data cannot be used, or has labels that the model does not know.
        BadOption: no such column or part.
        UnknownTask: the model is made for nothing that has a measure.
    """
    from zoo.runs import begin, folder_of

    pulled = registry.obtain(ref)
    task = task_of(pulled.card, task)
    read = read_data(registry, data, task, kind, columns)
    chosen = choose_part(read, part, held_out_of(registry, pulled.card, read))
    sliced = _columns(chosen, slices)
    cautions = _cautions(registry, pulled, chosen)
    statistics: dict[str, Any] = {"seed": seed, "resamples": resamples, "confidence": confidence}
    settings = {"part": part, "slices": list(slices), "batch": batch, **statistics}
    with begin(registry, _record(pulled, task, chosen, settings, cautions)) as record:
        predictions = _predicted(registry, pulled, task, chosen, device=device, batch=batch, report=report)
        made = judge(predictions, slices=sliced, **statistics)
        record["target"] = {"kind": read.kind, "labels": list(predictions.labels)}
        record["metrics"] = {**{name: one.value for name, one in made.metrics.items()}, "examples": made.n}
        record["evaluation"] = made.to_dict()
        folder = folder_of(registry, record["id"])
        failed = [{"row": row, "error": error} for row, error in predictions.failed]
        write_lines(folder / "predictions.jsonl", [*told(predictions), *failed])
    return Evaluated(
        id=record["id"], model=pulled.card.id, path=folder, evaluation=made, warnings=cautions, record=record
    )


def compare_on(
    registry: Registry,
    refs: Sequence[str],
    data: Any,
    *,
    task: str | None = None,
    kind: TargetKind | None = None,
    columns: Columns | Mapping[str, str] | None = None,
    part: str = "auto",
    seed: int = 0,
    resamples: int = 1000,
    confidence: float = 0.95,
    device: str = "auto",
    batch: int | None = None,
    report: Report | None = None,
) -> Compared:
    """Measure several models on the same rows and say which differences can be told from chance.

    Args:
        registry, refs: two models or more.
        data, task, kind, columns, part, seed, resamples, confidence, device, batch, report: as of `evaluate`.

    Raises:
        BadOption: fewer than two models, or one twice.
        BadData, UnknownTask: as of `evaluate`.
    """
    if len(refs) < 2 or len(set(refs)) < len(refs):
        raise BadOption("two models or more are compared, each once", "zoo compare A B --data DATA")
    models = [registry.obtain(ref) for ref in refs]
    task = task_of(models[0].card, task)
    for pulled in models:
        task_of(pulled.card, task)
    read = read_data(registry, data, task, kind, columns)
    held = (held_out_of(registry, pulled.card, read) for pulled in models)
    chosen = choose_part(read, part, next((one for one in held if one is not None), None))
    cautions = tuple(
        f"{ref}: {said}"
        for ref, pulled in zip(refs, models, strict=True)
        for said in _cautions(registry, pulled, chosen)
    )
    found = aligned(
        [_predicted(registry, pulled, task, chosen, device=device, batch=batch, report=report) for pulled in models]
    )
    if not len(found[0]):
        raise BadData(f"there is no row of {read.name} that all of these models can use")
    statistics: dict[str, Any] = {"seed": seed, "resamples": resamples, "confidence": confidence}
    pairs = itertools.combinations(range(len(refs)), 2)
    comparisons = [compare(found[i], found[j], names=(refs[i], refs[j]), **statistics) for i, j in pairs]
    return Compared(
        models=tuple(refs),
        evaluations=tuple(judge(one, **statistics) for one in found),
        comparisons=tuple(corrected(comparisons)),
        data=chosen.to_dict(),
        warnings=cautions,
    )


def _predicted(registry: Registry, pulled: Pulled, task: str, chosen: Chosen, **how: Any) -> Predictions:
    data = chosen.data
    return predict_split(registry, pulled, chosen.split, task=task, kind=data.kind, labels=data.classes, **how)


def _columns(chosen: Chosen, names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """The columns to slice by; raises `BadOption` for one that is not there."""
    from zoo.evaluation.slicing import slices_of

    there = chosen.split.columns
    for name in names:
        if name not in there:
            near = ", ".join(nearest(name, there) or there) or "none beside those of inputs and labels"
            raise BadOption(f"there is no column {name!r} to slice by", f"Columns: {near}.")
        if not slices_of(there[name], len(chosen.split), name):
            raise BadOption(
                f"column {name!r} has too many different values to slice by", "Take one with few values, or of numbers."
            )
    return {name: there[name] for name in names}


def _cautions(registry: Registry, pulled: Pulled, chosen: Chosen) -> tuple[str, ...]:
    """What makes the score mean less than it seems; warned of at once."""
    made = tuple(str(seen) for seen in seen_by(registry, pulled.card, chosen.data, chosen.split))
    for said in made:
        warnings.warn(said, SeenInTraining, stacklevel=3)
    return made


def _record(
    pulled: Pulled, task: str, chosen: Chosen, settings: Mapping[str, Any], cautions: Sequence[str]
) -> dict[str, Any]:
    return {
        "kind": "evaluate",
        "model": pulled.card.id,
        "revision": pulled.manifest.revision,
        "task": task,
        "target": {"kind": chosen.data.kind, "labels": list(chosen.data.classes)},
        "hyperparameters": dict(settings),
        "seed": settings["seed"],
        "data": chosen.to_dict(),
        "warnings": list(cautions),
    }
