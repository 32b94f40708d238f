"""What a recommendation says: each candidate measured, those that were left out and why, and which one to take."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from zoo.tasks import TargetKind

__all__ = ["Candidate", "Limits", "Recommendation", "Skipped"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a model must keep to; None for no limit.

    Attributes:
        params: parameters at most.
        ms: milliseconds for an input here, at most.
        licence: a class (`permissive`, `copyleft`, …), an SPDX identifier, or `commercial` for what may be used so.
    """

    params: int | None = None
    ms: float | None = None
    licence: str | None = None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A model, measured on the sample.

    Attributes:
        model, revision: which.
        score: predicted: the probe's, by cross-validation on the sample; or measured of the model as it is.
        error: the score's standard error.
        low, high: the 95 % bootstrap interval of a measured score; None of a predicted one.
        gap: by how much the best candidate's score is better; None for the best.
        gap_error: the standard error of that gap, over the same examples.
        equal: whether the gap is within its standard error, so that the sample cannot tell it from the best.
        neighbours: score of the nearest neighbours, a second opinion.
        neighbours_count: of how many neighbours.
        logme: LogME, a third; only its order means something.
        ms: milliseconds for an input, here, in batches, with reading and preparing it.
        parameters: counted; memory: bytes of the weights as they were loaded.
        licence: of the weights, and of the package where there is one; licence_class: of both.
        commercial: whether it may be used so; None where the zoo cannot say.
        dominated_by: the best of those that are as fast and score as high, and better in one; None on the front.
        seconds: that measuring it took; 0 when all of it was known from before.
    """

    model: str
    revision: str
    score: float
    error: float
    low: float | None = None
    high: float | None = None
    gap: float | None = None
    gap_error: float | None = None
    equal: bool = True
    neighbours: float | None = None
    neighbours_count: int = 0
    logme: float | None = None
    ms: float
    parameters: int | None = None
    memory: int | None = None
    licence: str = ""
    licence_class: str = ""
    commercial: bool | None = None
    dominated_by: str | None = None
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values, under the attributes' names."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A model that was not measured to the end, and why: it `failed`, a `limit`, or the `same` weights as another's."""

    model: str
    why: Literal["failed", "limit", "same"]
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """`{"model", "why", "reason"}`."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """Which model for this data.

    Attributes:
        data, task, kind: what is to be learnt.
        metric: what the scores are: `accuracy`, `f1_micro` or `r2`; of models as they are `map`, `wer` or `cer`.
        how: `predicted`: the scores are predictions of what fine-tuning makes of the models; `as it is`: they are
            measured of the models untuned, which says little of what fine-tuning makes of them.
        higher_is_better: of the scores.
        baseline: the score of always saying the same: the most frequent class, or the mean; None for several labels.
        sampled, of: examples that were measured on, of how many in the part to learn from.
        classes: how many.
        candidates: best first.
        skipped: models without a score.
        pick: the fastest of those that cannot be told from the best; None where no candidate has a score.
        statement: how sure that is, in words.
        command: that fine-tunes the pick; None for data that was given from Python.
        findings: what the data doctor says.
        limits: that were asked for.
        device, seed: where and with which sample it was measured.
        seconds: that it took.
    """

    data: str
    task: str
    kind: TargetKind
    metric: str
    baseline: float | None
    sampled: int
    of: int
    classes: int
    candidates: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...]
    pick: str | None
    statement: str
    command: str | None
    findings: tuple[Mapping[str, Any], ...] = ()
    limits: Limits = field(default_factory=Limits)
    device: str = "auto"
    seed: int = 0
    seconds: float = 0.0
    how: Literal["predicted", "as it is"] = "predicted"
    higher_is_better: bool = True

    def __getitem__(self, model: str) -> Candidate:
        """A candidate by its id; raises `KeyError`."""
        return {one.model: one for one in self.candidates}[model]

    @property
    def front(self) -> tuple[str, ...]:
        """The candidates that are worth their time: no other is as fast and scores as well, fastest first."""
        able = [one for one in self.candidates if one.dominated_by is None]
        return tuple(one.model for one in sorted(able, key=lambda one: one.ms))

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values, under the attributes' names, and `front`."""
        made = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        made["candidates"] = [one.to_dict() for one in self.candidates]
        made["skipped"] = [one.to_dict() for one in self.skipped]
        made["findings"] = [dict(one) for one in self.findings]
        made["limits"] = dataclasses.asdict(self.limits)
        return made | {"front": list(self.front)}

    def __str__(self) -> str:
        return self.statement
