"""Cards written as what a family shares and what each member has of its own."""

from __future__ import annotations

import pytest

from zoo.cards import ModelCard
from zoo.plugin import FAMILY, arxiv, member, stated

VITS = ModelCard(
    id=FAMILY,
    task="text-to-speech",
    library="x",
    loader="x",
    architecture="X",
    tags=("b",),
    config={"one": 1, "two": 2},
    facts={"languages": "its README"},
    paper=arxiv("2106.06103"),
)


def test_a_member_adds_to_its_family() -> None:
    made = member(VITS, "owner/name", tags=("a",), config={"two": 3}, facts={"parameters": "counted"})
    assert (made.id, made.tags, dict(made.config)) == ("owner/name", ("a", "b"), {"one": 1, "two": 3})
    assert [source.uri for source in made.sources] == ["hf:owner/name"]
    assert made.facts.keys() == {"languages", "parameters", "published"}
    assert made.check() == made
    assert VITS.tags == ("b",)


@pytest.mark.parametrize(
    ("own", "published"),
    [
        ({}, "2021-06"),
        ({"paper": arxiv("2305.13516")}, "2023-05"),
        ({"paper": "https://example.org/paper"}, None),
        ({"paper": None}, None),
        ({"published": "2022-01-02"}, "2022-01-02"),
    ],
)
def test_the_month_is_the_papers(own: dict[str, str | None], published: str | None) -> None:
    made = member(VITS, "owner/name", **own)
    assert made.published == published
    assert ("published" in made.facts) == (published is not None and "published" not in own)


def test_a_licence_says_where_it_was_read() -> None:
    made = stated("MIT", "https://example.org/LICENSE", "Apache-2.0")
    assert (made.weights, made.package, made.source) == ("MIT", "Apache-2.0", "https://example.org/LICENSE")
    assert stated("MIT", "its page").package is None
