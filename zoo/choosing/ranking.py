"""From measured models to an order: which is best, which cannot be told from it, which is worth its time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from zoo.choosing.recommendation import Candidate
from zoo.comparing.facts import Fact
from zoo.comparing.fronts import front_of

__all__ = ["gap_of", "picked", "ranked"]


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


def ranked(measured: Sequence[tuple[Candidate, Sequence[float]]]) -> tuple[Candidate, ...]:
    """Candidates with their shares, best first, with what each is beside the others.

    Equal scores stand by LogME, then by the time that they take.
    """
    if not measured:
        return ()
    order = sorted(measured, key=lambda one: (-round(one[0].score, 9), -(one[0].logme or 0.0), one[0].ms))
    best = order[0][1]
    made = [order[0][0]]
    for candidate, shares in order[1:]:
        gap, error = gap_of(best, shares)
        made.append(replace(candidate, gap=gap, gap_error=error, equal=gap <= error + 1e-12))
    return _with_front(made)


def _with_front(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    models = [one.model for one in candidates]
    score = Fact(name="score", kind="score", values=tuple(one.score for one in candidates), better="higher")
    cost = Fact(name="ms", kind="score", values=tuple(one.ms for one in candidates), better="lower")
    beaten = {place.model: place.dominated_by for place in front_of(models, score, cost).places}
    return tuple(replace(one, dominated_by=beaten[one.model]) for one in candidates)


def picked(candidates: Sequence[Candidate]) -> Candidate | None:
    """The fastest of those that cannot be told from the best."""
    return min((one for one in candidates if one.equal), key=lambda one: one.ms, default=None)
