"""Comparing: which facts stand in a row, which value is best, and who is beaten by whom."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.cards import Licence, Metric, ModelCard, WeightFile
from zoo.comparing import Fact, compare_cards
from zoo.comparing.fronts import front_of
from zoo.errors import BadInput

IMAGENET = "imagenet-1k"


def card(name: str, *scores: tuple[str, float, str], **facts: Any) -> ModelCard:
    metrics = tuple(Metric(name=metric, value=value, dataset=dataset) for metric, value, dataset in scores)
    given_facts = {"task": "image-classification", "library": "timm", "loader": "timm", "architecture": name, **facts}
    return ModelCard(id=name, metrics=metrics, **given_facts)


SMALL = card("small", ("top1", 72.0, IMAGENET), parameters=3_500_000, size=14_000_000, macs=300_000_000)
LARGE = card("large", ("top1", 80.0, IMAGENET), parameters=25_600_000, size=102_000_000, macs=4_100_000_000)
WORSE = card("worse", ("top1", 71.0, IMAGENET), parameters=138_000_000, size=553_000_000, macs=15_500_000_000)


def fact(cards: list[ModelCard], name: str, dataset: str | None = None) -> Fact:
    (found,) = [f for f in compare_cards(cards).facts if f.name == name and dataset in {None, f.dataset}]
    return found


def test_the_best_of_each_number_is_marked() -> None:
    cards = [SMALL, LARGE, WORSE]
    assert fact(cards, "parameters").best == (0,)
    assert fact(cards, "macs").best == (0,)
    assert fact(cards, "size").best == (0,)
    assert fact(cards, "top1").best == (1,)
    assert fact(cards, "task").best == ()


def test_lower_is_better_for_errors() -> None:
    cards = [card("a", ("wer", 4.2, "librispeech")), card("b", ("WER", 3.1, "LibriSpeech"))]
    row = fact(cards, "wer")
    assert (row.values, row.better, row.best) == ((4.2, 3.1), "lower", (1,))


def test_scores_on_different_data_are_never_in_one_row() -> None:
    cards = [card("a", ("top1", 80.0, IMAGENET)), card("b", ("top1", 90.0, "imagenet-real"))]
    first, second = (f for f in compare_cards(cards).facts if f.name == "top1")
    assert (first.dataset, first.values, first.best) == (IMAGENET, (80.0, None), ())
    assert (second.dataset, second.values, second.best) == ("imagenet-real", (None, 90.0), ())
    assert compare_cards(cards).fronts == ()


def test_scores_on_unsaid_data_are_shown_and_not_ranked() -> None:
    cards = [card("a", ("f1", 80.0, "not stated"), size=1), card("b", ("f1", 90.0, "not stated"), size=2)]
    row = fact(cards, "f1")
    assert (row.values, row.better, row.best) == ((80.0, 90.0), None, ())
    assert compare_cards(cards).fronts == ()


def test_equal_and_single_values_are_not_best() -> None:
    assert fact([card("a", parameters=5), card("b", parameters=5)], "parameters").best == ()
    assert fact([card("a", parameters=5), card("b")], "parameters").best == ()
    assert fact([card("a", parameters=5), card("b", parameters=5), card("c", parameters=6)], "parameters").best == (
        0,
        1,
    )


def test_rows_that_say_nothing_are_left_out_and_the_rest_is_read_from_the_card() -> None:
    file = WeightFile(path="model.safetensors", origin=("hf:a/b#model.safetensors",), size=70, sha256="0" * 64)
    one = card(
        "one", files=(file,), size=1, config={"input_size": [3, 224, 384]}, licence=Licence(weights="CC-BY-NC-4.0")
    )
    two = card("two", files=(WeightFile(path="x", origin=("hf:a/b#x",)),), size=80, config={"image_size": 512})
    facts = {f.name: f.values for f in compare_cards([one, two], [True, False]).facts}
    assert facts["size"] == (70, 80), "the files' own sizes count, then what the card says"
    assert facts["input"] == (384, 512)
    assert facts["licence"] == ("CC-BY-NC-4.0", "not stated")
    assert facts["class"] == ("non-commercial", "not stated")
    assert facts["here"] == ("yes", "no")
    assert "macs" not in facts
    assert "paper" not in facts


def test_the_front_names_who_is_beaten_by_whom() -> None:
    by_size, by_macs = compare_cards([WORSE, LARGE, SMALL]).fronts
    assert (by_size.metric, by_size.dataset, by_size.cost) == ("top1", IMAGENET, "size")
    assert by_size.front == ("small", "large")
    assert [(p.model, p.dominated_by) for p in by_size.places] == [("small", None), ("large", None), ("worse", "large")]
    assert by_macs.cost == "macs"


def test_models_without_a_number_are_named() -> None:
    bare = card("bare", ("top1", 99.0, IMAGENET))
    (front, _) = compare_cards([SMALL, LARGE, bare]).fronts
    assert front.unplaced == ("bare",)
    assert "bare" not in front.front


def test_parameters_stand_for_the_size_where_it_is_not_known() -> None:
    cards = [
        card("a", ("top1", 80.0, IMAGENET), parameters=5),
        card("b", ("top1", 81.0, IMAGENET), parameters=6, size=9),
    ]
    (front,) = compare_cards(cards).fronts
    assert front.cost == "parameters"


def test_two_to_twenty_models() -> None:
    with pytest.raises(BadInput, match="1 model cannot be compared"):
        compare_cards([SMALL, SMALL])
    with pytest.raises(BadInput, match="21 models cannot"):
        compare_cards([card(f"m{n}") for n in range(21)])
    assert len(compare_cards([card(f"m{n}") for n in range(20)]).models) == 20


def test_the_json_form_is_json() -> None:
    made = compare_cards([SMALL, LARGE, WORSE]).to_dict()
    assert json.loads(json.dumps(made)) == made
    row = next(f for f in made["facts"] if f["name"] == "top1")
    assert row["best"] == ["large"]
    assert made["fronts"][0]["front"] == ["small", "large"]


POINTS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=12)


@given(POINTS, st.sampled_from(["higher", "lower"]))
def test_the_front_by_its_definition(points: list[tuple[int, int]], better: Any) -> None:
    names = tuple(f"m{n}" for n in range(len(points)))
    score = Fact(name="s", kind="score", values=tuple(s for _, s in points), dataset="d", better=better)
    cost = Fact(name="size", kind="bytes", values=tuple(c for c, _ in points), better="lower")
    front = front_of(names, score, cost)
    sign = 1 if better == "higher" else -1

    def beats(a: tuple[int, int], b: tuple[int, int]) -> bool:
        return a[0] <= b[0] and sign * a[1] >= sign * b[1] and a != b

    expected = {name for name, p in zip(names, points, strict=True) if not any(beats(q, p) for q in points)}
    assert set(front.front) == expected
    at = dict(zip(names, points, strict=True))
    for place in front.places:
        if place.dominated_by is not None:
            assert beats(at[place.dominated_by], at[place.model])
            assert place.dominated_by in expected
