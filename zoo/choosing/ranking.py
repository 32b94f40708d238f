"""From measured models to an order: which is best, which cannot be told from it, which is worth its time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from zoo.choosing.recommendation import Candidate
from zoo.comparing.facts import Better, Fact
from zoo.comparing.fronts import front_of

__all__ = ["Gap", "gap_of", "gap_of_resamples", "picked", "ranked"]

# By how much the first score is higher than the second, and the standard error of that, from what stands beside each.
Gap = Callable[[Sequence[float], Sequence[float]], tuple[float, float]]


def gap_of(best: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """By how much one score is higher than another on the same examples, and the standard error of that.

    Args:
        best, other: what each example adds to the two scores, in the same order. That both find the same examples hard
            makes the difference surer than each of the scores is.
    """
    differences = [a - b for a, b in zip(best, other, strict=True)]
    count = len(differences)
    mean = math.fsum(differences) / count
    if count < 2:
        return mean, math.inf
    spread = math.fsum((one - mean) ** 2 for one in differences) / (count - 1)
    return mean, math.sqrt(spread / count)


def gap_of_resamples(best: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """By how much one score is higher than another, and the standard error of that, by the paired bootstrap.

    Args:
        best, other: the scores on the same resamples of the same examples.
    """
    mean, error = gap_of(best, other)
    return mean, error * math.sqrt(len(best))  # resamples spread as the score itself does, their mean less


def ranked(
    measured: Sequence[tuple[Candidate, Sequence[float]]], *, gap: Gap = gap_of, higher: bool = True
) -> tuple[Candidate, ...]:
    """Candidates with what stands beside their scores, best first, with what each is beside the others.

    Equal scores stand by LogME, then by the time that they take.

    Args:
        measured: each candidate with what `gap` takes of it.
        gap: compares two of them.
        higher: whether more of the score is better.
    """
    if not measured:
        return ()
    sign = 1 if higher else -1
    order = sorted(measured, key=lambda one: (-sign * round(one[0].score, 9), -(one[0].logme or 0.0), one[0].ms))
    (first, best), *others = order
    made = [first]
    for candidate, beside in others:
        _, error = gap(best, beside)
        behind = sign * (first.score - candidate.score)
        made.append(replace(candidate, gap=behind, gap_error=error, equal=behind <= error + 1e-12))
    return _with_front(made, higher)


def _with_front(candidates: Sequence[Candidate], higher: bool) -> tuple[Candidate, ...]:
    models = [one.model for one in candidates]
    better: Better = "higher" if higher else "lower"
    score = Fact(name="score", kind="score", values=tuple(one.score for one in candidates), better=better)
    cost = Fact(name="ms", kind="score", values=tuple(one.ms for one in candidates), better="lower")
    beaten = {place.model: place.dominated_by for place in front_of(models, score, cost).places}
    return tuple(replace(one, dominated_by=beaten[one.model]) for one in candidates)


def picked(candidates: Sequence[Candidate]) -> Candidate | None:
    """The fastest of those that cannot be told from the best."""
    return min((one for one in candidates if one.equal), key=lambda one: one.ms, default=None)
