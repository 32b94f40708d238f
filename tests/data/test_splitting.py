"""Parts: stratified, fixed by the seed, and without the same input in two of them."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.making import labelled, pictures
from zoo.data import LabelledData, read_labelled, split_data
from zoo.errors import BadData, BadOption


def shares(data: LabelledData) -> dict[str, Counter[Any]]:
    return {name: Counter(part.labels) for name, part in data.parts.items()}


def test_every_class_has_its_share() -> None:
    data = split_data(labelled(["a"] * 50 + ["b"] * 30 + ["c"] * 20), test_size=0.2, validation_size=0.25)
    assert shares(data) == {
        "train": {"a": 30, "b": 18, "c": 12},
        "validation": {"a": 10, "b": 6, "c": 4},
        "test": {"a": 10, "b": 6, "c": 4},
    }


def test_parts_are_what_they_should_be_for_any_counts() -> None:
    chance = random.Random(0)
    for _ in range(60):
        counts = [chance.randint(2, 40) for _ in range(chance.randint(2, 12))]
        labels = [f"class {n}" for n, count in enumerate(counts) for _ in range(count)]
        share = chance.choice([0.1, 0.2, 0.25, 0.4])
        data = split_data(labelled(labels), test_size=share, validation_size=0.1, seed=chance.randint(0, 9))
        held = shares(data)["test"]
        assert len(data.test or ()) == max(round(len(labels) * share), len(counts))
        assert set(held) == set(shares(data)["train"]) == set(labels)
        assert all(abs(held[f"class {n}"] - count * share) < 2 for n, count in enumerate(counts))
        rows = [row for part in data.parts.values() for row in part.rows]
        assert len(rows) == len(set(rows)) == len(labels)


def test_the_seed_fixes_the_parts(tmp_path: Path) -> None:
    data = read_labelled(pictures(tmp_path, {"a": 20, "b": 10}), "image-classification")
    split = split_data(data, test_size=0.3, seed=1)
    assert sorted(split.test.labels if split.test else ()) == ["a"] * 6 + ["b"] * 3
    again = split_data(data, test_size=0.3, seed=1)
    assert again == split
    assert again.split_ids == split.split_ids
    assert set(split.split_ids) == {"train", "validation", "test"}
    assert split_data(data, test_size=0.3, seed=2).split_ids != split.split_ids


def test_the_parts_are_these_for_ever() -> None:
    """Whoever changes how parts are drawn changes every published score: then say so in CHANGELOG.md."""
    data = split_data(labelled(["a", "b"] * 10), seed=0)
    assert [row.partition(":")[2] for row in (data.test.rows if data.test else ())] == EXPECTED


EXPECTED = ["1", "14", "17", "18"]


def test_equal_inputs_are_in_one_part() -> None:
    inputs = [f"text {number // 3}" for number in range(120)]
    data = split_data(labelled(["x", "y", "z"] * 40, inputs=inputs), seed=4)
    seen = [set(part.inputs) for part in data.parts.values()]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    assert shares(data)["test"] == {"x": 8, "y": 8, "z": 8}


def test_inputs_that_are_all_equal_cannot_be_held_out() -> None:
    with pytest.raises(BadData, match="1 of them distinct"):
        split_data(labelled(["x", "y"] * 10, inputs=["the same"] * 20))


def test_a_class_of_two_is_in_both_parts() -> None:
    data = split_data(labelled(["a"] * 40 + ["rare"] * 2))
    assert shares(data)["test"]["rare"] == shares(data)["train"]["rare"] == 1


def test_few_shots() -> None:
    labels = ["a"] * 50 + ["b"] * 30 + ["c"] * 8
    data = split_data(labelled(labels), shots=5, validation_size=0)
    assert shares(data)["train"] == {"a": 5, "b": 5, "c": 5}
    assert shares(data)["test"] == {"a": 10, "b": 6, "c": 2}
    with_validation = split_data(labelled(labels), shots=5, validation_size=0.2)
    assert shares(with_validation)["train"] + shares(with_validation)["validation"] == {"a": 5, "b": 5, "c": 5}
    assert shares(with_validation)["validation"] == {"a": 1, "b": 1, "c": 1}


def test_few_shots_of_several_classes() -> None:
    labels = [("a",), ("a", "b"), ("b", "c"), ("c",)] * 20
    data = split_data(labelled(labels, "multi"), shots=5, validation_size=0)
    counts = Counter(name for of in data.train.labels for name in of)
    assert all(5 <= counts[name] <= 10 for name in "abc")


def test_limit() -> None:
    data = split_data(labelled(["a"] * 60 + ["b"] * 30), limit=30, validation_size=0)
    assert shares(data) == {"train": {"a": 16, "b": 8}, "test": {"a": 4, "b": 2}}


def test_several_classes_have_their_shares() -> None:
    chance = random.Random(1)
    weights = {"common": 0.5, "usual": 0.2, "rare": 0.04}
    labels = [tuple(sorted(n for n, w in weights.items() if chance.random() < w)) for _ in range(500)]
    data = split_data(labelled(labels, "multi"), test_size=0.2, validation_size=0)
    whole, held = (Counter(n for of in part for n in of) for part in (labels, data.test.labels if data.test else ()))
    assert 95 <= len(data.test or ()) <= 105
    assert all(abs(held[name] - 0.2 * whole[name]) <= 2 for name in weights)


def test_numbers_have_their_range() -> None:
    numbers = np.random.default_rng(0).exponential(size=200).tolist()
    made = labelled(["x"] * 200)
    data = split_data(_with_labels(made, numbers, "regression"), test_size=0.2)
    assert len(data.test or ()) == 40
    deciles = np.quantile(numbers, np.linspace(0, 1, 11)[1:-1])
    held = Counter(np.searchsorted(deciles, data.test.labels if data.test else ()).tolist())
    assert all(3 <= held[decile] <= 5 for decile in range(10))


def _with_labels(data: LabelledData, labels: list[Any], kind: Any) -> LabelledData:
    from dataclasses import replace

    return replace(data, kind=kind, classes=(), train=replace(data.train, labels=tuple(labels)))


@pytest.mark.parametrize("kind", ["text", "pairs", "mask"])
def test_what_has_no_classes_is_drawn_evenly(kind: str) -> None:
    data = split_data(_with_labels(labelled(["x"] * 50), [None] * 50, kind))
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 36, "validation": 4, "test": 10}
    with pytest.raises(BadOption, match="no classes"):
        split_data(_with_labels(labelled(["x"] * 50), [None] * 50, kind), shots=5)


def test_tags_are_in_both_parts() -> None:
    labels = [("O", "B-PER")] * 10 + [("O", "O")] * 30 + [("B-LOC",)] * 2
    data = split_data(_with_labels(labelled(["x"] * 42), labels, "tags"))
    for part in (data.train, data.test):
        assert {tag for tags in (part.labels if part else ()) for tag in tags} == {"O", "B-PER", "B-LOC"}


def test_a_validation_part_that_would_leave_too_little_is_not_taken() -> None:
    data = split_data(labelled(["a", "b"] * 2), test_size=0.5)
    assert (len(data.train), data.validation) == (2, None)


@pytest.mark.parametrize(
    "options",
    [
        {"test_size": 0},
        {"test_size": 1},
        {"test_size": float("nan")},
        {"validation_size": 1},
        {"validation_size": -0.1},
        {"limit": 3},
        {"limit": 0},
        {"shots": 0},
    ],
)
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        split_data(labelled(["a", "b"] * 5), **options)


@pytest.mark.parametrize("labels", [["a", "b"] * 2, ["a", "b"]])
def test_too_few_to_hold_out(labels: list[str]) -> None:
    with pytest.raises(BadData, match="too few"):
        split_data(labelled(labels), test_size=0.9)


def test_ten_thousand_classes() -> None:
    data = split_data(labelled([f"class {number % 10_000}" for number in range(30_000)]))
    assert len(set(data.train.labels)) == 10_000
    assert len(data.test or ()) == 10_000
