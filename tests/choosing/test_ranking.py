"""Order, ties that the sample cannot break, the front, and the pick."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.choosing.ranking import gap_of, picked, ranked
from zoo.choosing.recommendation import Candidate


def candidate(model: str, shares: list[float], ms: float, logme: float = 0.0) -> tuple[Candidate, list[float]]:
    score = float(np.mean(shares))
    error = float(np.std(shares, ddof=1) / len(shares) ** 0.5)
    return Candidate(model=model, revision="r", score=score, error=error, ms=ms, logme=logme), shares


def hits(right: int, of: int = 100) -> list[float]:
    return [1.0] * right + [0.0] * (of - right)


def test_models_within_one_standard_error_of_the_best_are_called_equal_and_the_cheapest_is_picked() -> None:
    close = hits(89)
    close[95], close[96] = 1.0, 1.0  # right where the best is wrong: 91 against 91.something
    order = ranked([candidate("slow", hits(92), 50), candidate("close", close, 5), candidate("poor", hits(70), 1)])
    assert [one.model for one in order] == ["slow", "close", "poor"]
    assert [one.equal for one in order] == [True, True, False]
    assert order[0].gap is None
    assert order[1].gap == pytest.approx(0.01)
    assert picked(order).model == "close"


def test_differences_on_the_same_examples_are_surer_than_scores() -> None:
    # Three points apart with standard errors of five points each, and yet told apart: they never disagree otherwise.
    order = ranked([candidate("a", hits(55), 1), candidate("b", hits(52), 1)])
    assert order[1].error > order[1].gap > order[1].gap_error
    assert not order[1].equal


def test_gap_is_the_mean_difference_with_its_standard_error() -> None:
    gap, error = gap_of([1, 1, 0, 1], [0, 1, 0, 1])
    assert gap == 0.25
    assert error == pytest.approx(np.std([1, 0, 0, 0], ddof=1) / 2)
    assert gap_of([1.0], [0.0]) == (1.0, np.inf)


def test_the_front_names_who_is_better() -> None:
    order = ranked([candidate("big", hits(95), 40), candidate("mid", hits(80), 50), candidate("small", hits(60), 4)])
    assert {one.model: one.dominated_by for one in order} == {"big": None, "mid": "big", "small": None}


def test_equal_scores_stand_by_logme_then_by_time() -> None:
    given = [candidate("b", hits(90), 3, 0.1), candidate("a", hits(90), 9, 0.2), candidate("c", hits(90), 1, 0.1)]
    order = ranked(given)
    assert [one.model for one in order] == ["a", "c", "b"]
    assert all(one.equal for one in order)
    assert picked(order).model == "c"


def test_nothing_measured_picks_nothing() -> None:
    assert ranked([]) == ()
    assert picked(()) is None
