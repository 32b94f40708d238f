"""`recommend`: from data to a ranking of models; readable from top to bottom."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.choosing.as_they_are import judge_as_it_is
from zoo.choosing.candidates import commercial, downloads, find, licence_of, same_weights
from zoo.choosing.measuring import OverLimit, Pace, measure
from zoo.choosing.ranking import gap_of, gap_of_resamples, picked, ranked
from zoo.choosing.recommendation import Candidate, Limits, Recommendation, Skipped
from zoo.choosing.sampling import AS_THEY_ARE, Sample, read_sample
from zoo.errors import BadData, BadOption, NotFound, ZooError
from zoo.finetuning.probe import METRICS
from zoo.licences import licence_class
from zoo.tasks import LEARNT, TargetKind

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.registry import Pulled, Registry

__all__ = ["recommend"]

# Told of progress: which model, by how many inputs it went on, of how many.
Report = Callable[[str, int, "int | None"], None]


def recommend(
    registry: Registry,
    data: Any,
    task: str | None = None,
    *,
    kind: TargetKind | None = None,
    columns: Mapping[str, str] | None = None,
    candidates: Sequence[str] = (),
    download: int = 0,
    max_params: int | None = None,
    max_ms: float | None = None,
    licence: str | None = None,
    sample: int = 1000,
    seed: int = 0,
    device: str = "auto",
    batch: int | None = None,
    report: Report | None = None,
    fetching: Callable[[Sequence[ModelCard]], None] | None = None,
) -> Recommendation:
    """Rank models for data, without training any of them.

    Every candidate's features of a sample are computed once and kept. The predicted score is that of a linear head on
    them, cross-validated; beside it stand the score of the nearest neighbours and LogME. What a probe says of a model
    is a prediction of what fine-tuning makes of it, and no more than that.

    No linear head learns boxes, or what is said: there the models that do the task are run on the sample as they are,
    and judged by the task's own measure. `Recommendation.how` says which of both the scores are.

    Args:
        registry: the zoo.
        data: as for `zoo.finetune`.
        task: what is to be learnt; by itself what the data is fit for.
        kind: the form of the labels; by itself as the data shows.
        columns: of a table, by role: `text`, `label`, `split`.
        candidates: models to compare; all that are here and can learn the task when none is named. Named ones are
            pulled.
        download: how many models of the catalog to fetch besides, the smallest of its best first.
        max_params, max_ms, licence: limits, as of `Limits`; a model of which the number or the licence is not known
            keeps to none, and is listed as left out.
        sample: examples to measure on, at most.
        seed: of the split that fine-tuning will use, of the sample and of the folds.
        device, batch: where, and how many inputs at once.
        report: is told of progress.
        fetching: is told which models are about to be fetched.

    Raises:
        BadData: the data is not fit to learn from; the doctor's first findings.
        NotFound: no model can be compared.
    """
    began = time.perf_counter()
    limits = _limits(max_params, max_ms, licence, download)
    drawn = read_sample(registry, data, task, kind=kind, columns=columns or {}, count=sample, seed=seed)
    models, skipped = _models(registry, drawn, limits, named=candidates, count=download, fetching=fetching)
    if not models and not skipped:
        raise NotFound(
            f"no model that is here can learn {drawn.task}",
            f"Pull some (`zoo search --task {drawn.task}`), name them with --candidates, or use --download 3.",
        )
    as_it_is = drawn.kind in AS_THEY_ARE
    how: dict[str, Any] = {"seed": seed, "device": device, "batch": batch, "report": report}
    measured: list[_Measured] = []
    for model in models:
        try:
            measured.append((_judged if as_it_is else _measured)(registry, model, drawn, limits, **how))
        except OverLimit as error:
            skipped.append(Skipped(model=model, why="limit", reason=str(error)))
        except ZooError as error:
            skipped.append(Skipped(model=model, why="failed", reason=error.cause))
    metric, higher = (measured[0].metric, measured[0].higher) if measured else _unmeasured(drawn.kind)
    gap = gap_of_resamples if as_it_is else gap_of
    order = ranked([(one.candidate, one.beside) for one in measured], gap=gap, higher=higher)
    pick = picked(order)
    return Recommendation(
        data=drawn.name,
        task=drawn.task,
        kind=drawn.kind,
        metric=metric,
        how="as it is" if as_it_is else "predicted",
        higher_is_better=higher,
        baseline=_baseline(drawn),
        sampled=len(drawn.split),
        of=drawn.of,
        classes=len(drawn.classes),
        candidates=order,
        skipped=tuple(skipped),
        pick=pick.model if pick else None,
        statement=_statement(order, pick, drawn),
        command=_command(registry, pick, data, drawn, seed=seed, columns=columns or {}) if pick else None,
        findings=tuple(finding.to_dict() for finding in drawn.diagnosis.findings),
        limits=limits,
        device=device,
        seed=seed,
        seconds=round(time.perf_counter() - began, 3),
    )


def _unmeasured(kind: TargetKind) -> tuple[str, bool]:
    """The metric that there would have been, and whether more of it is better."""
    known: dict[TargetKind, tuple[str, bool]] = {"boxes": ("map", True), "transcript": ("wer", False)}
    return known[kind] if kind in known else (METRICS[kind], True)


@dataclass(frozen=True)
class _Measured:
    """A candidate, with what its score is compared by: shares of examples, or values on resamples."""

    candidate: Candidate
    beside: Sequence[float]
    metric: str
    higher: bool = True


def _limits(params: int | None, ms: float | None, licence: str | None, count: int) -> Limits:
    if (params is not None and params < 1) or (ms is not None and not ms > 0) or count < 0:
        raise BadOption("a limit below zero makes no sense", "Give a number above it.")
    return Limits(params=params, ms=ms, licence=licence)


def _models(
    registry: Registry,
    drawn: Sample,
    limits: Limits,
    *,
    named: Sequence[str],
    count: int,
    fetching: Callable[[Sequence[ModelCard]], None] | None,
) -> tuple[list[str], list[Skipped]]:
    """Ids to measure, and what is left out; downloads come last, for what is here is known soonest."""
    found = find(registry, drawn.task, drawn.kind, limits, named)
    models, skipped = list(found.models), list(found.skipped)
    if not named and drawn.kind not in AS_THEY_ARE:  # who names two models wants to see both
        for model, first in same_weights(registry, found.models):
            models.remove(model)
            skipped.append(Skipped(model=model, why="same", reason=f"its features are those of {first}"))
    if count:
        cards = downloads(registry, drawn.task, drawn.kind, limits, count)
        if fetching and cards:
            fetching(cards)
        models += [card.id for card in cards if card.id not in models]
    return models, skipped


def _measured(
    registry: Registry,
    model: str,
    drawn: Sample,
    limits: Limits,
    *,
    seed: int,
    device: str,
    batch: int | None,
    report: Report | None,
) -> _Measured:
    """A model by the probe on its features, which predicts what fine-tuning makes of it."""
    pulled, tell = registry.obtain(model), _teller(model, report)
    tell("features", 0, len(drawn.split))
    found, seconds = measure(registry, pulled, drawn, limits=limits, seed=seed, device=device, batch=batch, report=tell)
    if found.score is None or found.error is None:
        raise BadData("there are too few examples of each class to hold some out")
    candidate = Candidate(
        score=found.score,
        error=found.error,
        neighbours=found.neighbours,
        neighbours_count=found.neighbours_count,
        logme=found.logme,
        seconds=round(seconds, 3),
        **_facts(pulled, found.pace),
    )
    return _Measured(candidate, found.shares, METRICS[drawn.kind])


def _judged(
    registry: Registry,
    model: str,
    drawn: Sample,
    limits: Limits,
    *,
    seed: int,
    device: str,
    batch: int | None,
    report: Report | None,
) -> _Measured:
    """A model as it is, by the task's own measure."""
    pulled, tell = registry.obtain(model), _teller(model, report)
    tell("predicting", 0, len(drawn.split))
    found, seconds = judge_as_it_is(
        registry, pulled, drawn, limits=limits, seed=seed, device=device, batch=batch, report=tell
    )
    candidate = Candidate(
        score=found.score,
        error=found.error,
        low=found.low,
        high=found.high,
        seconds=round(seconds, 3),
        **_facts(pulled, found.pace),
    )
    return _Measured(candidate, found.drawn, found.metric, found.higher)


def _teller(model: str, report: Report | None) -> Callable[[str, int, int | None], None]:
    def tell(what: str, number: int, total: int | None) -> None:
        if report:
            report(model, number, total)

    return tell


def _facts(pulled: Pulled, pace: Pace) -> dict[str, Any]:
    """What a model is, what it costs here, and what its licence allows."""
    licence = licence_of(pulled.card)
    return {
        "model": pulled.card.id,
        "revision": pulled.manifest.revision,
        "ms": pace.ms,
        "parameters": pace.parameters,
        "memory": pace.memory,
        "licence": licence,
        "licence_class": licence_class(licence),
        "commercial": commercial(pulled.card),
    }


def _baseline(drawn: Sample) -> float | None:
    if drawn.kind == "single":
        return Counter(drawn.split.labels).most_common(1)[0][1] / len(drawn.split)
    return 0.0 if drawn.kind == "regression" else None


def _statement(order: Sequence[Candidate], pick: Candidate | None, drawn: Sample) -> str:
    """How sure the recommendation is, in words."""
    if pick is None and drawn.kind in AS_THEY_ARE:
        return "no model could be measured as it is; one that is fine-tuned on this data can be evaluated on it"
    if pick is None:
        return "no model could be measured"
    best = order[0]
    equal = [one.model for one in order if one.equal]
    of = f"{len(drawn.split)} examples{', measured as they are' if drawn.kind in AS_THEY_ARE else ''}"
    if len(order) == 1:
        return f"{pick.model} is the only model that was measured, so nothing is said against others"
    if len(equal) == 1:
        return f"{best.model} scores best, by more than one standard error on {of}"
    others = f"{len(equal)} models cannot be told apart on {of} (within one standard error of the best)"
    return f"{others}: take the cheapest of them, {pick.model}"


def _command(
    registry: Registry, pick: Candidate, data: Any, drawn: Sample, *, seed: int, columns: Mapping[str, str]
) -> str | None:
    """What fine-tunes the pick on all of the data; None where nothing can."""
    card = registry.card(pick.model)
    if not isinstance(data, str | Path) or card is None:
        return None
    if (card.loader, drawn.task) not in registry.plugins.table("zoo_finetuners"):
        return None
    words = ["zoo", "finetune", pick.model, str(data), "--task", drawn.task]
    words += ["--kind", drawn.kind] if drawn.kind != LEARNT[drawn.task][0] else []
    words += ["--seed", str(seed)] if seed else []
    for role, column in columns.items():
        words += [f"--{role}-column", column]
    return shlex.join(words)
