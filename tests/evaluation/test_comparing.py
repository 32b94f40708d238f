"""Two models on the same rows: known p-values, intervals, and what is said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from zoo.errors import BadInput
from zoo.evaluation import Predictions, compare
from zoo.evaluation.comparing import aligned, corrected, holm, mcnemar


def single(right: np.ndarray, **more: object) -> Predictions:
    scores = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
    return Predictions(kind="single", labels=("a", "b"), truth=["a"] * len(right), scores=scores, **more)


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (5, 5), (1, 9), (12, 2), (40, 20), (600, 500)])
def test_mcnemar_is_the_binomial_test(only_first: int, only_second: int) -> None:
    first = np.array([True] * only_first + [False] * only_second + [True] * 7)
    second = np.array([False] * only_first + [True] * only_second + [True] * 7)
    n = only_first + only_second
    expected = stats.binomtest(only_first, n).pvalue if n else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


def test_a_clear_difference_is_told() -> None:
    first = np.array([True] * 170 + [False] * 30)
    second = np.array([True] * 140 + [False] * 60)
    found = compare(single(first), single(second), names=("A", "B"))
    assert (found.a, found.b, found.difference) == (0.85, 0.7, pytest.approx(0.15))
    assert found.better == "A"
    assert found.test == "exact McNemar test"
    assert found.statement.startswith("A is better by 15.00 points of accuracy (95 % interval ")
    assert "p < .001, n = 200" in found.statement
    # The paired standard error of the difference: sqrt((b + c)/n - d^2) / sqrt(n).
    spread = np.sqrt(0.15 - 0.15**2) / np.sqrt(200)
    assert (found.low, found.high) == pytest.approx((0.15 - 1.96 * spread, 0.15 + 1.96 * spread), abs=0.01)
    turned = compare(single(second), single(first), names=("B", "A"))
    assert turned.better == "A"
    assert turned.statement.startswith("A is better by 15.00 points")


def test_no_difference_is_told_where_there_is_none() -> None:
    draw = np.random.default_rng(0)
    found = compare(single(draw.random(100) < 0.8), single(draw.random(100) < 0.8))
    assert found.better is None
    assert found.statement.startswith("no difference can be told: A − B = ")
    assert found.low <= found.difference <= found.high
    same = compare(single(np.ones(10, dtype=bool)), single(np.ones(10, dtype=bool)))
    assert (same.p_value, same.difference, same.low, same.high) == (1.0, 0.0, 0.0, 0.0)


def test_pairing_sees_what_separate_intervals_do_not() -> None:
    base = np.random.default_rng(1).random(300) < 0.6
    better = base.copy()
    better[np.flatnonzero(~base)[:12]] = True
    found = compare(single(better), single(base))
    assert found.better == "A"  # 4 points, though each interval is 11 points wide


def test_lower_perplexity_is_better() -> None:
    draw = np.random.default_rng(2)
    losses = draw.uniform(2, 3, 80) * 10
    tokens = np.full(80, 10.0)
    made = [
        Predictions(kind="text", labels=(), truth=[None] * 80, scores=np.stack([one, tokens], 1))
        for one in (losses, losses + draw.normal(1.0, 0.3, 80))
    ]
    found = compare(*made, names=("tuned", "base"))
    assert found.better == "tuned"
    assert found.test == "paired permutation test"
    assert found.p_value == pytest.approx(1 / 1001)
    assert found.statement.startswith(f"tuned is better by {found.b - found.a:.2f} lower perplexity")
    assert found.high < 0


def test_the_permutation_test_holds_its_level() -> None:
    draw = np.random.default_rng(3)
    rejected = 0
    for seed in range(80):
        truth = draw.normal(size=40)
        made = [
            Predictions(kind="regression", labels=("y",), truth=list(truth), scores=truth + draw.normal(size=40))
            for _ in range(2)
        ]
        rejected += compare(*made, seed=seed, resamples=200).p_value < 0.05
    assert rejected <= 10  # 4 expected


def test_every_kind_can_be_compared() -> None:
    draw = np.random.default_rng(4)
    counts = draw.integers(1, 50, (30, 2, 2))
    scores = draw.normal(size=(30, 30)) + np.eye(30)
    for kind, labels, truth, one in (
        ("mask", ("background", "x"), [None] * 30, counts),
        ("pairs", (), [str(i) for i in range(30)], scores),
        ("scored", (), list(draw.normal(size=30)), draw.normal(size=30)),
        ("tags", (), [("B-A", "O")] * 30, [("B-A", "O")] * 30),
        ("multi", ("a", "b"), [("a",)] * 30, draw.random((30, 2))),
    ):
        made = Predictions(kind=kind, labels=labels, truth=truth, scores=one)
        found = compare(made, made)
        assert (found.difference, found.p_value, found.better) == (0.0, 1.0, None)


def test_models_with_other_labels_can_be_compared() -> None:
    wide = np.zeros((50, 4))
    wide[:, 0] = 1.0
    made = Predictions(kind="single", labels=("A", "b", "c", "d"), truth=["A"] * 50, scores=wide)
    assert compare(made, single(np.ones(50, dtype=bool))).difference == 0.0


def test_other_rows_cannot_be_compared() -> None:
    first = single(np.ones(5, dtype=bool))
    with pytest.raises(BadInput, match="not of the same examples"):
        compare(first, single(np.ones(6, dtype=bool)))
    other = Predictions(kind="single", labels=("a", "b"), truth=["b"] * 5, scores=first.scores)
    with pytest.raises(BadInput, match="not of the same examples"):
        compare(first, other)


def test_only_rows_that_all_could_use_are_compared() -> None:
    first = single(np.array([True, False, True, True]), rows=tuple("wxyz"))
    second = single(np.array([True, False, False]), rows=tuple("wyz"), index=(0, 2, 3))
    one, two = aligned([first, second])
    assert one.rows == two.rows == ("w", "y", "z")
    assert compare(one, two).n == 3
    scores = np.arange(9.0).reshape(3, 3)
    pairs = Predictions(kind="pairs", labels=(), truth=["x", "y", "z"], scores=scores)
    fewer = Predictions(kind="pairs", labels=(), truth=["x", "z"], scores=np.eye(2), index=(0, 2))
    assert aligned([pairs, fewer])[0].scores.tolist() == [[0.0, 2.0], [6.0, 8.0]]


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_several_comparisons_are_corrected_and_say_so() -> None:
    first = compare(single(np.array([True] * 20)), single(np.array([True] * 13 + [False] * 7)))
    assert first.p_value == pytest.approx(2 / 2**7)
    assert first.better == "A"
    made = corrected([first] * 4)
    assert made[0].adjusted == pytest.approx(8 / 2**7)
    assert made[0].better is None
    assert "corrected for several comparisons" in made[0].statement
    assert corrected([first]) == [first]
