"""Slices: which there are, how they score, and the gap between them."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.errors import BadInput
from zoo.evaluation import Predictions, judge


def judged(right: np.ndarray, **columns: list[object]):
    scores = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
    made = Predictions(kind="single", labels=("a", "b"), truth=["a"] * len(right), scores=scores)
    return judge(made, slices=columns, resamples=300)


def test_each_value_scores_by_itself() -> None:
    right = np.array([True] * 36 + [False] * 4 + [True] * 20 + [False] * 20 + [True] * 10)
    made = judged(right, where=["web"] * 40 + ["shop"] * 40 + ["fair"] * 10)
    rows = {row["value"]: row for row in made.slices}
    assert {value: (row["n"], row["score"], row["too_few"]) for value, row in rows.items()} == {
        "web": (40, 0.9, False),
        "shop": (40, 0.5, False),
        "fair": (10, 1.0, True),
    }
    assert rows["shop"]["low"] < 0.5 < rows["shop"]["high"]
    assert rows["fair"]["low"] == pytest.approx(0.7225, abs=1e-3)  # Wilson's for 10 of 10
    (gap,) = made.gaps  # the fair is best, and too small to be compared
    assert (gap["best"], gap["worst"], gap["gap"], gap["n"]) == ("web", "shop", pytest.approx(0.4), [40, 40])
    assert 0.15 < gap["low"] < 0.4 < gap["high"] < 0.65


def test_numbers_are_binned_in_quarters_and_what_is_missing_is_named() -> None:
    lengths = [*range(100), *[None] * 20, *[float("nan")] * 20]
    made = judged(
        np.ones(140, dtype=bool), length=lengths, again=[str(v) if v == v else "" for v in lengths[:120]] + [""] * 20
    )
    names = [(row["value"], row["n"]) for row in made.slices if row["column"] == "length"]
    assert names == [
        ("up to 24.75", 25),
        ("24.75 to 49.5", 25),
        ("49.5 to 74.25", 25),
        ("over 74.25", 25),
        ("(none)", 40),
    ]


def test_few_numbers_are_values() -> None:
    made = judged(np.ones(60, dtype=bool), stars=[1, 2, 3] * 20)
    assert [row["value"] for row in made.slices] == ["1", "2", "3"]


def test_a_name_in_every_row_is_no_slice() -> None:
    made = judged(np.ones(120, dtype=bool), name=[f"row {i}" for i in range(120)])
    assert made.slices == ()


def test_many_values_become_others() -> None:
    values = [f"v{i % 60:02}" for i in range(240)]
    made = judged(np.ones(240, dtype=bool), word=values)
    assert len(made.slices) == 51
    assert next(row["n"] for row in made.slices if row["value"] == "(others)") == 40


def test_gaps_of_what_should_be_small() -> None:
    losses = np.array([[20.0, 10]] * 40 + [[10.0, 10]] * 40) * np.random.default_rng(0).uniform(0.9, 1.1, (80, 1))
    losses[:, 1] = 10
    made = judge(
        Predictions(kind="text", labels=(), truth=[None] * 80, scores=losses),
        slices={"kind": ["hard"] * 40 + ["easy"] * 40},
        resamples=200,
    )
    assert (made.gaps[0]["best"], made.gaps[0]["worst"]) == ("easy", "hard")
    assert made.gaps[0]["low"] <= made.gaps[0]["gap"] <= made.gaps[0]["high"]


def test_columns_of_the_whole_split_are_cut_to_what_was_predicted() -> None:
    made = Predictions(
        kind="single", labels=("a", "b"), truth=["a"] * 2, scores=np.array([[0.9, 0.1]] * 2), index=(0, 2)
    )
    found = judge(made, slices={"c": ["x", "y", "z"]}, resamples=100)
    assert [row["value"] for row in found.slices] == ["x", "z"]
    with pytest.raises(BadInput, match="1 values for 3 examples"):
        judged(np.ones(3, dtype=bool), c=["x"])
