"""Licences along the lineage: what contradicts, what nobody can tell, and what is passed on."""

from __future__ import annotations

import pytest

from tests.descent.conftest import card
from zoo.descent.conflicts import conflicts, inherited
from zoo.licences import CLASSES, licence_class


def found(result: str, *bases: str) -> list[tuple[str, str]]:
    """`(base, severity)` of each conflict of a model with this licence over bases with these."""
    ancestors = [card(f"base/{number}", licence) for number, licence in enumerate(bases)]
    return [(conflict.base, conflict.severity) for conflict in conflicts(card("result", result), ancestors)]


@pytest.mark.parametrize(
    ("result", "base", "expected"),
    [
        ("MIT", "Apache-2.0", None),
        ("MIT", "MIT OR GPL-3.0-only", None),
        ("CC-BY-NC-4.0", "Apache-2.0", None),
        ("not stated", "CC-BY-NC-4.0", None),
        ("MIT", "CC-BY-NC-4.0", "conflict"),
        ("GPL-3.0-only", "CC-BY-NC-4.0", "conflict"),
        ("gemma", "CC-BY-NC-4.0", "conflict"),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-4.0", None),
        ("apple-amlr", "CC-BY-NC-4.0", None),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0", None),
        ("MIT", "Apache-2.0 AND CC-BY-NC-4.0", "conflict"),
        ("MIT", "seer-license", "conflict"),
        ("CC-BY-NC-4.0", "seer-license", "conflict"),
        ("apple-amlr", "seer-license", None),
        ("MIT", "GPL-3.0-only", "conflict"),
        ("CC-BY-NC-4.0", "CC-BY-SA-4.0", "conflict"),
        ("CC-BY-NC-SA-4.0", "CC-BY-SA-4.0", "warning"),
        ("GPL-3.0-only", "CC-BY-SA-4.0", "warning"),
        ("gpl-3.0", "GPL-3.0-only", None),
        ("MIT", "creativeml-openrail-m", "conflict"),
        ("GPL-3.0-only", "creativeml-openrail-m", "conflict"),
        ("openrail++", "creativeml-openrail-m", None),
        ("MIT", "CC-BY-ND-4.0", "conflict"),
        ("MIT", "CC-BY-NC-ND-4.0", "conflict"),
        ("MIT", "not stated", "warning"),
        ("CC-BY-NC-4.0", "not stated", "warning"),
        ("not stated", "not stated", None),
        ("MIT", "llama3", "warning"),
        ("llama3", "llama3", None),
        ("llama3", "CC-BY-NC-4.0", "warning"),
        ("acme-terms", "GPL-3.0-only", "warning"),
        ("MIT", "apple-ascl", None),
    ],
)
def test_a_result_over_a_base(result: str, base: str, expected: str | None) -> None:
    assert found(result, base) == ([("base/0", expected)] if expected else [])


@pytest.mark.parametrize("base", ["CC-BY-NC-4.0", "seer-license", "GPL-3.0-only", "gemma"])
def test_a_permissive_result_never_hides_a_demanding_base(base: str) -> None:
    assert licence_class(base) in set(CLASSES) - {"permissive", "other", "not stated"}
    for result in ("MIT", "Apache-2.0", "BSD-3-Clause", "CC-BY-4.0", "MIT OR Apache-2.0"):
        assert found(result, base) == [("base/0", "conflict")]


def test_every_base_counts_not_only_the_nearest() -> None:
    assert found("MIT", "MIT", "Apache-2.0", "CC-BY-NC-4.0", "not stated") == [
        ("base/2", "conflict"),
        ("base/3", "warning"),
    ]


def test_a_model_is_in_no_conflict_with_itself() -> None:
    own = card("result", "MIT")
    assert conflicts(own, [own.replace(licence=card("x", "CC-BY-NC-4.0").licence)]) == ()


def test_the_sentence_names_both_models_both_licences_and_what_to_do() -> None:
    (conflict,) = conflicts(card("mine", "MIT"), [card("theirs", "CC-BY-NC-4.0")])
    assert conflict.text == (
        "mine is stated as MIT, but theirs, which it was made from, is CC-BY-NC-4.0, which forbids commercial use, of "
        "what is made from it too: state CC-BY-NC-4.0, or choose another base."
    )
    (warning,) = conflicts(card("mine", "MIT"), [card("theirs", "not stated")])
    assert warning.text == (
        "mine is stated as MIT, but theirs, which it was made from, has no stated licence: ask its authors before "
        "you rely on MIT."
    )
    assert conflict.to_dict()["base_licence"] == "CC-BY-NC-4.0"


def test_obligations_are_inherited_with_the_name_of_whose_they_are() -> None:
    asked = inherited([card("near", "MIT"), card("far", "CC-BY-NC-SA-4.0")])
    assert [(base.model, base.licence) for base in asked] == [("near", "MIT"), ("far", "CC-BY-NC-SA-4.0")]
    assert len(asked[1].obligations) == 3
    assert asked[1].to_dict()["class"] == "non-commercial"
