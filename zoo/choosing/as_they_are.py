"""One model on the sample as it is, untuned: for what no linear head on fixed features can learn, boxes and words."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from zoo.cards import digest
from zoo.choosing.measuring import Pace, Report, check_limits, pace_of, read_kept, write_kept
from zoo.choosing.recommendation import Limits
from zoo.choosing.sampling import Sample
from zoo.devices.container import cpu_count
from zoo.errors import BadData
from zoo.finetuning.features import features_key

if TYPE_CHECKING:
    from zoo.evaluation import Predictions
    from zoo.registry import Pulled, Registry

__all__ = ["CONFIDENCE", "Judged", "judge_as_it_is"]

CONFIDENCE = 0.95
_FORMAT = "judged-1"
_WARM = 4  # inputs that are run before time is taken: these models are slow
_RESAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What was found of one model.

    Attributes:
        pace: its cost.
        metric, higher: the task's main metric, and whether more of it is better.
        score: the metric's value on the sample.
        error: its standard error, by the bootstrap.
        low, high: its 95 % interval; None where all resamples say the same.
        drawn: its value on each resample; the resamples are the same for all models.
    """

    pace: Pace
    metric: str
    higher: bool
    score: float
    error: float
    low: float | None
    high: float | None
    drawn: list[float]


def judge_as_it_is(
    registry: Registry,
    pulled: Pulled,
    sample: Sample,
    *,
    limits: Limits,
    seed: int,
    device: str,
    batch: int | None,
    report: Report,
) -> tuple[Judged, float]:
    """A model's score by the task's own measure, and the seconds that it took; what is known already is kept.

    Raises:
        OverLimit: it is slower than `limits.ms`, or has more parameters than `limits.params`.
        BadData: it does not know the data's labels, or cannot use an input.
        ZooError: it cannot be loaded.
    """
    began = time.perf_counter()
    folder = registry.cache / "recommend"
    here = [features_key(registry, pulled, sample.task), sample.split.hashed().hashes, device, batch, cpu_count()]
    pace_path = folder / f"{digest([_FORMAT, 'pace', here])}.json"
    told = read_kept(pace_path)
    pace = Pace(**told) if told else _paced(registry, pulled, sample, device, batch)
    if told is None:
        write_kept(registry, pace_path, asdict(pace))
    check_limits(pace, limits)
    known = [sample.split.identity, sample.kind, list(sample.classes), seed]
    path = folder / f"{digest([_FORMAT, here, known])}.json"
    found = read_kept(path)
    if found is not None:
        report("predicting", len(sample.split), len(sample.split))
        return Judged(pace=pace, **found), 0.0
    found = _judged(_predicted(registry, pulled, sample, device=device, batch=batch, report=report), seed)
    write_kept(registry, path, found)
    return Judged(pace=pace, **found), time.perf_counter() - began


def _paced(registry: Registry, pulled: Pulled, sample: Sample, device: str, batch: int | None) -> Pace:
    from zoo.models.load import open_model
    from zoo.models.options import read_options
    from zoo.models.wanted import Wanted

    runner = registry.plugins.runner(pulled.card.loader, sample.task)
    wanted = Wanted(device=device, batch=batch)
    with open_model(registry, pulled, sample.task, runner, wanted) as model:
        options = read_options(model.engine.runner.Options, {})
        return pace_of(model, sample.split.inputs, options, warm=_WARM)


def _predicted(registry: Registry, pulled: Pulled, sample: Sample, **how: Any) -> Predictions:
    """What it says of all of the sample; a model that fails on some would be judged by other examples than the rest."""
    from zoo.evaluation import predict_split

    made = predict_split(
        registry, pulled, sample.split, task=sample.task, kind=sample.kind, labels=sample.classes, **how
    )
    if made.failed:
        row, error = made.failed[0]
        raise BadData(f"it cannot use {len(made.failed)} of {len(sample.split)} examples, the first: {row}: {error}")
    return made


def _judged(predictions: Predictions, seed: int) -> dict[str, Any]:
    import numpy as np

    from zoo.evaluation.bootstrap import interval, resamples_of
    from zoo.evaluation.measures import measure_of

    measure = measure_of(predictions)
    parts = measure.parts
    score = float(measure.finish(parts, np.ones((1, measure.n)))[0])
    if np.isnan(score):
        raise BadData(f"{measure.main} is not defined on this sample")
    drawn = np.concatenate([measure.finish(parts, w) for w in resamples_of(measure.n, _RESAMPLES, seed)])
    drawn = np.where(np.isnan(drawn), score, drawn)
    found = interval(score, drawn, CONFIDENCE)
    return {
        "metric": measure.main,
        "higher": measure.higher,
        "score": score,
        "error": float(drawn.std(ddof=1)),
        "low": found.low,
        "high": found.high,
        "drawn": [round(float(value), 6) for value in drawn],
    }
