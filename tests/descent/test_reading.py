"""A family read from a real database: all of it, cut, and in a circle."""

from __future__ import annotations

import pytest

from tests.catalog.catalog_cards import manifest
from tests.descent.conftest import Family, card
from zoo.catalog.catalog import Catalog
from zoo.descent.reading import read
from zoo.errors import CatalogError, UnknownModel


def test_the_family_is_that_of_the_catalog(berts: Catalog) -> None:
    for name in ("org/bert", "mine/films", "org/bert-free"):
        descent, told = read(berts.path, name), berts.lineage(name)
        assert set(descent.up) == set(told.ancestors)
        assert set(descent.down) == set(told.descendants)


def test_models_have_licence_and_revisions_and_one_without_a_card_is_marked(berts: Catalog) -> None:
    kin = read(berts.path, "mine/films").kin
    assert kin["org/bert"].licence.weights == "Apache-2.0"
    assert [row["licence"] for row in kin["org/bert"].revisions] == ["Apache-2.0"]
    assert not kin["elsewhere/ur-bert"].known
    assert kin["elsewhere/ur-bert"].licence.weights == "not stated"


def test_runs_come_with_their_metrics(berts: Catalog) -> None:
    assert read(berts.path, "mine/films").runs == {
        "run-7": {
            "kind": "finetune",
            "started": "2026-01-31T09:00:00Z",
            "outcome": "done",
            "metrics": {"accuracy": 0.9125, "seconds": 3.0},
        }
    }


def test_ancestors_are_all_and_nearest_first(berts: Catalog) -> None:
    descent = read(berts.path, "org/bert-free")
    names = [kin.id for kin in descent.ancestors("org/bert-free")]
    assert names == ["org/bert-nc", "org/bert", "elsewhere/ur-bert"]
    assert [base.model for base in descent.inherited] == names


def test_conflicts_are_those_of_the_model_and_of_what_was_made_from_it(berts: Catalog) -> None:
    of_the_free = [(c.model, c.base, c.severity) for c in read(berts.path, "org/bert-free").conflicts]
    assert of_the_free == [
        ("org/bert-free", "org/bert-nc", "conflict"),
        ("org/bert-free", "elsewhere/ur-bert", "warning"),
    ]
    seen_from_above = [(c.model, c.base) for c in read(berts.path, "org/bert").conflicts if c.severity == "conflict"]
    assert seen_from_above == [("org/bert-free", "org/bert-nc")]


def test_a_licence_that_changed_after_the_pull_is_told(berts: Catalog) -> None:
    assert read(berts.path, "org/bert").licence_changes == ()
    berts.sync_feed("made", "user", "2", [card("org/bert", "CC-BY-NC-4.0"), card("mine/films", "Apache-2.0")])
    (text,) = read(berts.path, "org/bert").licence_changes
    assert "as Apache-2.0" in text
    assert "its card says CC-BY-NC-4.0 now" in text
    assert read(berts.path, "mine/films").licence_changes == (text,)


def test_depth_counts_the_steps_and_what_follows_is_counted(berts: Catalog) -> None:
    near = read(berts.path, "org/bert-free", depth=1)
    assert [edge.base for edge in near.up] == ["org/bert-nc"]
    assert near.more_up == {"org/bert-nc": 1}
    assert near.conflicts == read(berts.path, "org/bert-free").conflicts  # what is not drawn still binds
    assert read(berts.path, "org/bert", depth=1).more_down == {"mine/films": 1, "org/bert-nc": 1}
    assert read(berts.path, "org/bert").more_down == {}


def test_a_circle_ends_and_a_diamond_is_read_once(family: Family) -> None:
    catalog = family([card("a", base="b"), card("b", base="c"), card("c", base="a"), card("d", base="a")])
    catalog.add_lineage("d", "b", None, "distilled")
    descent = read(catalog.path, "a")
    assert [(e.child, e.base) for e in descent.up] == [("a", "b"), ("b", "c"), ("c", "a")]
    assert sorted({e.child for e in descent.down}) == ["a", "b", "c", "d"]
    assert [kin.id for kin in descent.ancestors("a")] == ["b", "c"]


def test_a_large_family_is_cut_with_what_was_made_here_first(family: Family) -> None:
    catalog = family([card("base"), *(card(f"tuned/{i:03}", base="base") for i in range(500))])
    catalog.add_lineage("tuned/499", "base", None, "finetuned")
    descent = read(catalog.path, "base", most=10)
    assert [edge.child for edge in descent.down] == ["tuned/499", *(f"tuned/{i:03}" for i in range(9))]
    assert descent.more_down == {"base": 490}
    assert len(read(catalog.path, "base").down) == 500


def test_a_long_chain_and_a_wide_level(family: Family) -> None:
    chain = [card("m0"), *(card(f"m{i}", base=f"m{i - 1}") for i in range(1, 1500))]
    wide = [card(f"w{i}", base="m1") for i in range(900)]
    catalog = family([*chain, *wide, *(card(f"x{i}", base=f"w{i}") for i in range(900))])
    descent = read(catalog.path, "m1")
    assert len(descent.down) == 1498 + 1800
    assert [kin.id for kin in read(catalog.path, "m1499", down=False).ancestors("m1499")][-1] == "m0"


def test_a_model_without_a_card_is_known_by_its_files_or_its_edges(berts: Catalog) -> None:
    berts.sync_feed("made", "user", "2", [card("mine/films")])
    descent = read(berts.path, "org/bert")
    assert not descent.kin["org/bert"].known
    assert descent.kin["org/bert"].licence.weights == "Apache-2.0"  # as it was stated when the files arrived
    with pytest.raises(UnknownModel):
        read(berts.path, "org/nobody")


def test_a_revision_alone_is_enough(family: Family) -> None:
    catalog = family([])
    catalog.record_revision(manifest("gone/model"))
    assert read(catalog.path, "gone/model").up == ()


def test_no_database_is_one_clear_error(tmp_path) -> None:
    with pytest.raises(CatalogError):
        read(tmp_path / "nowhere.db", "a")


def test_json_form(berts: Catalog) -> None:
    told = read(berts.path, "mine/films").to_dict()
    assert told["model"] == "mine/films"
    assert {m["id"]: m["licence_class"] for m in told["models"]}["elsewhere/ur-bert"] == "not stated"
    assert told["ancestors"][0]["run"] == "run-7"
    assert told["runs"][0]["id"] == "run-7"
    assert told["more"] == {"bases": {}, "derived": {}}
    assert [c["severity"] for c in told["conflicts"]] == ["warning", "warning"]
