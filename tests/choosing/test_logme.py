"""LogME against the evidence itself, computed slowly; neighbours against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from zoo.choosing.logme import logme, targets_of
from zoo.choosing.neighbours import neighbours_score


def evidence(features: np.ndarray, target: np.ndarray) -> float:
    """The greatest log-density of the target under `N(0, I / beta + F F' / alpha)`, over alpha and beta."""

    def lost(logs: np.ndarray) -> float:
        alpha, beta = np.exp(logs)
        covariance = np.eye(len(target)) / beta + features @ features.T / alpha
        return -multivariate_normal.logpdf(target, np.zeros(len(target)), covariance)

    starts = [(0.0, 0.0), (2.0, 1.0), (-2.0, 2.0)]
    return -min(minimize(lost, start, method="Nelder-Mead", options={"xatol": 1e-6}).fun for start in starts)


@pytest.mark.parametrize(("count", "dimensions"), [(40, 6), (25, 60)])
def test_logme_is_the_greatest_evidence(count: int, dimensions: int) -> None:
    generator = np.random.default_rng(count)
    features = generator.normal(size=(count, dimensions))
    target = features[:, 0] + features[:, 1] + generator.normal(0, 0.5, count)
    assert logme(features, target[:, None]) == pytest.approx(evidence(features, target) / count, abs=2e-3)


def test_logme_of_classes_is_the_mean_over_their_columns() -> None:
    generator = np.random.default_rng(0)
    features = generator.normal(size=(30, 4))
    labels = ["a" if x > 0.3 else "b" if x > -0.4 else "c" for x in features[:, 0]]
    targets = targets_of(labels, "single")
    assert targets.shape == (30, 3)
    wanted = np.mean([evidence(features, targets[:, n]) / 30 for n in range(3)])
    assert logme(features, targets) == pytest.approx(wanted, abs=2e-3)


def test_logme_prefers_features_that_explain_the_labels() -> None:
    generator = np.random.default_rng(0)
    labels = ["a", "b", "c"] * 40
    targets = targets_of(labels, "single")
    good = targets @ generator.normal(size=(3, 16)) + generator.normal(0, 0.5, (120, 16))
    poor = targets @ generator.normal(size=(3, 16)) * 0.1 + generator.normal(0, 0.5, (120, 16))
    assert logme(good, targets) > logme(poor, targets) + 0.1


def test_features_of_nothing_have_a_finite_logme() -> None:
    assert np.isfinite(logme(np.zeros((10, 3)), targets_of(["a", "b"] * 5, "single")))


def test_targets_of_every_kind() -> None:
    assert targets_of([("a", "b"), (), ("b",)], "multi").tolist() == [[1, 1], [0, 0], [0, 1]]
    assert targets_of([1.5, 2.0], "regression").tolist() == [[1.5], [2.0]]


def test_neighbours_leave_the_example_itself_out() -> None:
    features = np.eye(4)
    score, _ = neighbours_score(features, targets_of(["a", "b", "c", "d"], "single"), "single")
    assert score == 0
    angles = np.repeat([0.0, 1.5, 3.0], 10) + np.random.default_rng(0).normal(0, 0.05, 30)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.arange(1, 31)[:, None]  # length says nothing
    labels = [name for name in "abc" for _ in range(10)]
    assert neighbours_score(circle, targets_of(labels, "single"), "single")[0] == 1.0


def test_neighbours_are_those_of_a_plain_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.choosing.neighbours._ROWS", 7)
    monkeypatch.setattr("zoo.choosing.neighbours.NUMBERS", (3,))
    generator = np.random.default_rng(3)
    features = generator.normal(size=(50, 5)) + 1
    numbers = features[:, 0] + generator.normal(0, 0.3, 50)
    guesses = []
    for row in range(50):
        likeness = [features[row] @ o / np.linalg.norm(features[row]) / np.linalg.norm(o) for o in features]
        likeness[row] = -2
        guesses.append(numbers[np.argsort(likeness)[-3:]].mean())
    wanted = 1 - np.square(np.array(guesses) - numbers).mean() / numbers.var()
    assert neighbours_score(features, numbers[:, None], "regression") == (pytest.approx(wanted, abs=1e-5), 3)
    sets = [tuple(n for n, on in (("hi", x > 1), ("odd", y > 1)) if on) for x, y in features[:, :2]]
    assert 0.3 < neighbours_score(features, targets_of(sets, "multi"), "multi")[0] <= 1


def test_two_examples_have_no_neighbours_to_speak_of() -> None:
    score, number = neighbours_score(np.ones((1, 2)), np.ones((1, 1)), "single")
    assert np.isnan(score)
    assert number == 0
