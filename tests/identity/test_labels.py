"""Tags that searches find, and notes with their time."""

from __future__ import annotations

import re

import pytest

from zoo import Zoo, identity
from zoo.cards import ModelCard
from zoo.cli.commands import labelling
from zoo.errors import BadInput, NotFound, UnknownModel

NET = ModelCard(
    id="acme/net",
    task="image-classification",
    library="zoo",
    loader="test",
    architecture="net",
    tags=("default", "small"),
)


@pytest.fixture
def zoo(here: Zoo) -> Zoo:
    here.catalog.sync_feed("acme", "hub", "1", [NET, NET.replace(id="acme/other", tags=())])
    return here


def found(zoo: Zoo, words: str) -> list[str]:
    return [row["id"] for row in zoo.search(words) if row["id"].startswith("acme/")]


def test_a_tag_is_found(zoo: Zoo) -> None:
    assert found(zoo, "zebra") == []
    rows = identity.add_tags(zoo, "acme/other", ["Zebra", "at-night"])
    assert rows == [
        {"model": "acme/other", "tag": "at-night", "yours": True},
        {"model": "acme/other", "tag": "zebra", "yours": True},
    ]
    assert found(zoo, "zebra") == ["acme/other"]
    assert identity.own_tags(zoo) == [
        {"tag": "at-night", "models": ["acme/other"]},
        {"tag": "zebra", "models": ["acme/other"]},
    ]
    identity.remove_tags(zoo, "acme/other", ["ZEBRA"])
    assert found(zoo, "zebra") == []
    assert [row["tag"] for row in identity.tags(zoo, "acme/other")] == ["at-night"]


def test_a_tag_survives_the_feed(zoo: Zoo) -> None:
    identity.add_tags(zoo, "acme/net", ["approved"])
    identity.remove_tags(zoo, "acme/net", ["small"])
    zoo.catalog.sync_feed("acme", "hub", "2", [NET.replace(summary="new", tags=("default", "fresh", "small"))])
    assert {row["tag"]: row["yours"] for row in identity.tags(zoo, "acme/net")} == {
        "approved": True,
        "default": False,
        "fresh": False,
    }


@pytest.mark.parametrize("word", ["two words", "", "  ", "a,b", "-x", "@prod", "x" * 65, "default", "Popular", "a\nb"])
def test_what_is_no_tag(zoo: Zoo, word: str) -> None:
    with pytest.raises(BadInput):
        identity.add_tags(zoo, "acme/net", ["fine", word])
    assert identity.own_tags(zoo) == []


def test_a_tag_that_is_not_there(zoo: Zoo) -> None:
    with pytest.raises(NotFound, match=r"no tag 'nono'\nIt has: default, small"):
        identity.remove_tags(zoo, "acme/net", ["small", "nono"])
    with pytest.raises(BadInput, match="catalog's own"):
        identity.remove_tags(zoo, "acme/net", ["default"])
    assert len(identity.tags(zoo, "acme/net")) == 2
    with pytest.raises(UnknownModel):
        identity.add_tags(zoo, "acme/nothing", ["fine"])


def test_notes(zoo: Zoo) -> None:
    first = identity.add_note(zoo, "acme/net", "  wrong at night,\nsee report 12 ")
    second = identity.add_note(zoo, "acme/net", "gut bei Nebel – sehr")
    identity.add_note(zoo, "acme/other", "x")
    assert first["text"] == "wrong at night,\nsee report 12"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["written"])
    assert identity.notes(zoo, "acme/net") == [first, second]
    assert [note["model"] for note in identity.notes(zoo)] == ["acme/net", "acme/net", "acme/other"]
    assert identity.remove_note(zoo, "acme/net", first["key"]) == "acme/net"
    assert identity.notes(zoo, "acme/net") == [second]


def test_notes_outlive_the_card(zoo: Zoo, command) -> None:
    note = identity.add_note(zoo, "acme/net", "keep me")
    zoo.catalog.drop_feed("acme")
    assert identity.notes(zoo, "acme/net") == [note]
    assert command(labelling.note_remove, "acme/net", note["key"]).code == 0
    with pytest.raises(UnknownModel):
        identity.notes(zoo, "acme/net")


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001, "a\0b", "\ud800"])
def test_what_is_no_note(zoo: Zoo, text: str) -> None:
    with pytest.raises(BadInput):
        identity.add_note(zoo, "acme/net", text)
    assert identity.notes(zoo) == []


def test_the_number_of_another_models_note_removes_nothing(zoo: Zoo) -> None:
    note = identity.add_note(zoo, "acme/net", "mine")
    with pytest.raises(NotFound, match="zoo note list acme/other"):
        identity.remove_note(zoo, "acme/other", note["key"])
    assert identity.notes(zoo) == [note]


def test_commands(zoo: Zoo, command) -> None:
    assert "no tags of your own" in command(labelling.tag_list).err
    made = command(labelling.tag_add, "acme/net", ["fast"])
    assert made.out.splitlines()[1:] == ["acme/net  default", "acme/net  fast     yes", "acme/net  small"]
    assert command(labelling.tag_list).out.splitlines() == ["tag   models", "fast  acme/net"]
    assert command(labelling.tag_list, "acme/net", as_json=True).json[1] == {
        "model": "acme/net",
        "tag": "fast",
        "yours": True,
    }
    assert command(labelling.tag_remove, "acme/net", ["fast", "small"]).out.splitlines()[1:] == ["acme/net  default"]
    assert "no notes" in command(labelling.note_list).err
    assert command(labelling.note_add, "acme/net", "two\nlines \x1b[31m").out == "note 1 about acme/net\n"
    shown = command(labelling.note_list, "acme/net").out
    assert "two lines \ufffd[31m" in shown
    assert command(labelling.note_list, as_json=True).json[0]["text"] == "two\nlines \x1b[31m"
    assert command(labelling.note_remove, "acme/net", 1).out == "removed note 1 about acme/net\n"
    assert command(labelling.note_remove, "acme/net", 1).code == 3
