"""Cards from strangers: whatever JSON it is, it is a good card or one error that names card and field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.cards import ModelCard, canonical_json
from zoo.catalog.entries import entry_of
from zoo.errors import BadCard

GOOD: dict[str, Any] = {
    "id": "me/a",
    "task": "text-classification",
    "tasks": ["feature-extraction"],
    "library": "transformers",
    "loader": "transformers",
    "architecture": "BertForSequenceClassification",
    "summary": "Two lines\nof text.",
    "config": {"labels": ["ä", "b"], "nested": [[1, 2.5], {"x": None}], "yes": True},
    "parameters": 2**63 - 1,
    "macs": 0,
    "published": "2018-10-11",
    "licence": {"weights": "MIT", "source": "LICENSE"},
    "sources": [{"uri": "hf:me/a", "size": 3}],
    "files": [{"path": "a.bin", "origin": ["https://example.org/a.bin"], "size": 3, "sha256": "a" * 64}],
    "metrics": [{"name": "top1", "value": 3}],
    "tags": ["a", "b"],
    "aliases": ["bert"],
    "facts": {"parameters": "counted"},
}


def read(data: Any) -> ModelCard:
    return ModelCard.from_dict(data).check()


def without(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {k: v for k, v in data.items() if k != name}


def test_a_good_one_is_accepted() -> None:
    assert read(GOOD).to_dict() == {**GOOD, "sources": [{"uri": "hf:me/a", "size": 3}]} | {
        "metrics": [{"name": "top1", "value": 3, "dataset": "not stated", "source": "not stated"}]
    }


@pytest.mark.parametrize("data", [3, None, "x", [], [1], True, 1.5, {}, {"id": 3}, {"id": []}, {3: 4}, {None: 1}])
def test_what_is_no_card_at_all(data: Any) -> None:
    with pytest.raises(BadCard):
        read(data)


FILE, SOURCE, METRIC = GOOD["files"][0], GOOD["sources"][0], GOOD["metrics"][0]

# field: values that it cannot have, each with a word that the error must say
CASES: list[tuple[str, Any, str]] = [
    *[("id", value, "id") for value in (5, None, True, [], {}, ["a"])],
    *[("id", value, "name") for value in ("", "a b", "a\0", "a\ud800", "../x", "x" * 10**6, "ä")],
    *[
        (name, value, name)
        for name in ("library", "loader", "architecture", "task", "summary")
        for value in (5, None, True, [], {}, ["a"], "\ud800", "a\x1b[31m", "\x00", "x" * 10**6)
    ],
    *[
        (name, value, name)
        for name in ("family", "paper", "deprecated", "base", "replaced_by", "published")
        for value in (5, True, [], {}, 1.5, "a\udfff", "\x9b", "x" * 10**6)
    ],
    *[
        (name, value, name)
        for name in ("tasks", "tags", "languages", "datasets", "aliases")
        for value in (
            5,
            None,
            "word",
            {"a": 1},
            True,
            [1],
            [None],
            [["a"]],
            [{}],
            ["a\ud900"],
            ["a\x07"],
            ["x" * 10**6],
        )
    ],
    *[(name, [str(i).zfill(6) for i in range(20_000)], name) for name in ("tags", "languages", "datasets", "aliases")],
    *[(name, ["b", "a"], "sorted") for name in ("tags", "languages", "datasets", "aliases")],
    *[
        (name, value, name)
        for name in ("parameters", "macs", "size", "downloads")
        for value in ("3", True, -1, 1.5, [], {}, 2**63, 10**500, float("inf"), float("nan"))
    ],
    *[("licence", value, "licence") for value in ([], 5, None, "MIT", {"wights": "x"}, {"weights": 5})],
    ("licence", {"weights": None}, "licence.weights"),
    ("licence", {"package": ["MIT"]}, "licence.package"),
    ("licence", {"source": 1}, "licence.source"),
    *[("config", value, "config") for value in (5, None, "x", [], [["a", 1]], True)],
    ("config", {"a": {"b": float("inf")}}, "config.a.b"),
    ("config", {"a": [float("nan")]}, "config.a"),
    ("config", {"a": 2**64}, "config.a"),
    ("config", {"a": -(10**400)}, "config.a"),
    ("config", {"a": ["\ud800"]}, "config.a"),
    ("config", {"\ud800": 1}, "config"),
    ("config", {"a": json.loads("[" * 500 + "]" * 500)}, "levels"),
    *[("facts", value, "facts") for value in (5, None, "x", [], {"a": 1}, {"a": None}, {"a": ["x"]}, {"a": "\udc00"})],
    *[
        (name, value, name.removesuffix("s"))
        for name in ("sources", "files", "metrics")
        for value in (5, None, "x", {"a": 1}, [5], [None], ["x"], [[]], [{}], [{"odd": 1}], True)
    ],
    ("sources", [{"uri": 5}], "source"),
    ("sources", [{"uri": "hf:a b"}], "source"),
    ("sources", [{"uri": "hf:\ud800"}], "source"),
    ("sources", [{"uri": "hf:" + "x" * 10**6}], "source"),
    ("sources", [{"uri": "hf:a", "sha256": 5}], "sha256"),
    ("sources", [{"uri": "hf:a", "size": "5"}], "size"),
    ("files", [{"path": 1}], "lacks fields: origin"),
    ("files", [{**FILE, "path": 1}], "path"),
    ("files", [{**FILE, "path": ["a"]}], "path"),
    ("files", [{**FILE, "path": "../a"}], "path"),
    ("files", [{**FILE, "path": "a\ud800"}], "path"),
    ("files", [{**FILE, "origin": "hf:a#b"}], "origin"),
    ("files", [{**FILE, "origin": [5]}], "origin"),
    ("files", [{**FILE, "origin": []}], "origin"),
    ("files", [{**FILE, "origin": None}], "origin"),
    ("files", [{**FILE, "size": True}], "size"),
    ("files", [{**FILE, "size": 2**63}], "size"),
    ("files", [{**FILE, "sha256": ["a"]}], "sha256"),
    ("files", [FILE, {**FILE, "path": "A.BIN"}], "case"),
    *[
        ("metrics", [{**METRIC, "value": value}], "metric top1")
        for value in ("x", None, True, [], {}, float("inf"), float("nan"), 10**400, 1e300)
    ],
    *[("metrics", [{**METRIC, "name": value}], "metric name") for value in (5, None, [], "a\x00", "x" * 10**6)],
    ("metrics", [{**METRIC, "dataset": 5}], "dataset"),
    ("metrics", [{**METRIC, "source": []}], "source"),
    ("tasks", ["cooking"], "unknown task 'cooking'"),
    ("published", "20١8", "published"),
]


@pytest.mark.parametrize(("name", "value", "says"), CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_wrong_values_name_card_and_field(name: str, value: Any, says: str) -> None:
    with pytest.raises(BadCard) as error:
        read({**GOOD, name: value})
    cause = error.value.cause
    assert says in cause
    assert name == "id" or "card 'me/a': " in cause
    assert len(cause) < 1500
    cause.encode()


@pytest.mark.parametrize("name", ["id", "task", "library", "loader", "architecture"])
def test_missing_and_unknown_fields_are_named(name: str) -> None:
    with pytest.raises(BadCard, match=f"lacks fields: {name}"):
        read(without(GOOD, name))
    with pytest.raises(BadCard, match="card 'me/a': has unknown fields: odd"):
        read({**GOOD, "odd": 1})
    with pytest.raises(BadCard, match="unknown fields"):
        read({**GOOD, "\ud800\n" * 500: 1, 5: 2, None: 3})


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
PARTS = {
    "files": ["path", "origin", "size", "sha256"],
    "sources": ["uri", "sha256", "size"],
    "metrics": ["name", "value", "dataset", "source"],
    "licence": ["weights", "package", "source"],
}


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """The good card with some of its fields, or of the fields of its parts, replaced by anything."""
    data = json.loads(json.dumps(GOOD))
    fields = [*ModelCard.__dataclass_fields__]
    for name in draw(st.lists(st.sampled_from(fields), min_size=1, max_size=3)):
        if name in PARTS and draw(st.booleans()):
            part = data[name][0] if isinstance(data.get(name), list) and data[name] else data.get(name)
            if isinstance(part, dict):
                part[draw(st.sampled_from(PARTS[name]))] = draw(JSON)
                continue
        data[name] = draw(JSON)
    return data


@settings(max_examples=600, deadline=None)
@given(JSON | spoilt())
def test_any_json_is_a_card_or_refused(data: Any) -> None:
    try:
        card = read(data)
    except BadCard as error:
        error.cause.encode()
        return
    assert ModelCard.from_dict(json.loads(canonical_json(card.to_dict()))).check() == card
    entry = entry_of(card)
    assert all(not isinstance(value, int) or abs(value) < 2**63 for value in entry.model.values())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*ModelCard.__dataclass_fields__]), JSON)
def test_a_card_made_in_python_is_checked_as_well(name: str, value: Any) -> None:
    try:
        read(GOOD).replace(**{name: value}).check()
    except BadCard as error:
        error.cause.encode()
