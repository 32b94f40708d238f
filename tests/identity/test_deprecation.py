"""Deprecated models: what is said of them, what to take instead, and chains that lead nowhere."""

from __future__ import annotations

import pytest
import typer

from zoo import Zoo, identity
from zoo.cards import ModelCard
from zoo.cli.commands import naming
from zoo.errors import BadInput, UnknownModel


def card(name: str, **more: str) -> ModelCard:
    return ModelCard(
        id=f"acme/{name}", task="image-classification", library="zoo", loader="test", architecture="net", **more
    )


@pytest.fixture
def zoo(here: Zoo) -> Zoo:
    given = [
        card("old", deprecated="It was trained on 2012 data.", replaced_by="acme/new"),
        card("older", deprecated="superseded", replaced_by="acme/old"),
        card("oldest", deprecated="superseded"),
        card("round", deprecated="round and", replaced_by="acme/about"),
        card("about", deprecated="round again", replaced_by="acme/round"),
        card("lost", deprecated="withdrawn", replaced_by="acme/nowhere"),
        card("new"),
        card("other"),
    ]
    here.catalog.sync_feed("acme", "hub", "1", given)
    return here


def said(zoo: Zoo, name: str) -> str:
    return str(identity.deprecation(zoo.database, zoo.catalog.get(f"acme/{name}")) or "")


def test_what_a_publisher_says(zoo: Zoo) -> None:
    assert said(zoo, "new") == ""
    assert said(zoo, "old") == "acme/old is deprecated: It was trained on 2012 data; use acme/new instead"
    assert said(zoo, "older") == "acme/older is deprecated: superseded; use acme/new instead"
    assert said(zoo, "oldest") == "acme/oldest is deprecated: superseded"
    assert said(zoo, "lost") == "acme/lost is deprecated: withdrawn; its named replacement acme/nowhere cannot be used"
    assert said(zoo, "round") == "acme/round is deprecated: round and; its named replacement acme/about cannot be used"


def test_the_users_word_and_its_end(zoo: Zoo) -> None:
    made = identity.deprecate(zoo, "acme/new", "too\nslow.", "acme/other")
    assert str(made) == "acme/new is deprecated: too slow; use acme/other instead"
    assert made.yours
    assert said(zoo, "older") == "acme/older is deprecated: superseded; use acme/other instead"
    assert identity.undeprecate(zoo, "acme/new") == ("acme/new", True)
    assert identity.undeprecate(zoo, "acme/new") == ("acme/new", False)
    assert said(zoo, "new") == ""
    assert zoo.catalog.edits("acme/new") == ()


def test_a_new_reason_replaces_all_of_the_old_one(zoo: Zoo) -> None:
    identity.deprecate(zoo, "acme/other", "one", "acme/new")
    made = identity.deprecate(zoo, "acme/other", "two")
    assert (made.reason, made.replaced_by, made.use) == ("two", None, None)


def test_a_publishers_word_can_be_overruled_here(zoo: Zoo) -> None:
    assert identity.undeprecate(zoo, "acme/old") == ("acme/old", True)
    assert said(zoo, "old") == ""
    assert said(zoo, "older") == "acme/older is deprecated: superseded; use acme/old instead"


@pytest.mark.parametrize(
    ("model", "use", "says"),
    [
        ("acme/new", "acme/new", "cannot replace itself"),
        ("acme/new", "acme/old", "acme/old is itself replaced by acme/new: acme/old -> acme/new"),
        ("acme/new", "acme/older", "acme/older -> acme/old -> acme/new"),
    ],
)
def test_cycles_are_refused(zoo: Zoo, model: str, use: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        identity.deprecate(zoo, model, "x", use)
    assert said(zoo, "new") == ""


def test_a_replacement_must_exist_and_a_reason_must_be_given(zoo: Zoo) -> None:
    with pytest.raises(UnknownModel):
        identity.deprecate(zoo, "acme/new", "x", "acme/nowhere")
    with pytest.raises(BadInput, match="no reason"):
        identity.deprecate(zoo, "acme/new", "  ")
    assert said(zoo, "new") == ""


def test_a_replacement_among_the_publishers_own_cycle_ends(zoo: Zoo) -> None:
    made = identity.deprecate(zoo, "acme/other", "x", "acme/round")
    assert (made.replaced_by, made.use) == ("acme/round", None)


def test_the_warning(zoo: Zoo) -> None:
    identity.warn_deprecated(zoo.database, zoo.catalog.get("acme/new"))
    with pytest.warns(identity.DeprecatedModel, match="^acme/old is deprecated: .*; use acme/new instead$"):
        identity.warn_deprecated(zoo.database, zoo.catalog.get("acme/old"))


def test_searches_leave_it_out(zoo: Zoo) -> None:
    identity.deprecate(zoo, "acme/other", "x")
    names = [row["id"] for row in zoo.search("acme")]
    assert "acme/new" in names
    assert "acme/other" not in names
    assert "acme/other" in [row["id"] for row in zoo.search("acme deprecated:any")]


def test_commands(zoo: Zoo, command) -> None:
    made = command(naming.deprecate, "acme/other", reason="slow", use="new")
    assert (made.code, made.out) == (0, "acme/other is deprecated: slow; use acme/new instead\n")
    assert command(naming.deprecate, "acme/other", undo=True).out == "acme/other may be chosen again\n"
    assert command(naming.deprecate, "acme/other", undo=True).out == "acme/other was not deprecated\n"
    made = command(naming.deprecate, "acme/other", reason="slow", as_json=True)
    assert made.json == {"model": "acme/other", "reason": "slow", "replaced_by": None, "use": None, "yours": True}
    assert command(naming.deprecate, "acme/new", reason="x", use="acme/older").code == 4
    for wrong in ({}, {"undo": True, "reason": "x"}):
        with pytest.raises(typer.BadParameter):
            command(naming.deprecate, "acme/other", **wrong)
