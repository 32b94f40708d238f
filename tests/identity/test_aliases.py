"""Aliases: set, moved, moved back, removed; their history; and where they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tiny import copied
from tests.tiny_fixtures import Models
from zoo import Zoo, identity
from zoo.cli.commands import naming
from zoo.errors import BadRef, NotFound, NotInstalled, UnknownModel, ZooError


@pytest.fixture
def folder(models: Models, tmp_path: Path) -> Path:
    return copied(models.pics, tmp_path / "pets")


@pytest.fixture
def revisions(here: Zoo, folder: Path) -> tuple[str, str]:
    """An older and a newer revision of `local/pets`."""
    old = here.pull(str(folder)).manifest.revision
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "label_names": ["ape", "bat", "cow"]}))
    new = here.pull(str(folder)).manifest.revision
    assert old != new
    return old, new


def test_it_names_the_newest_revision_or_the_one_that_is_given(here: Zoo, revisions: tuple[str, str]) -> None:
    old, new = revisions
    assert identity.set_alias(here, "prod", "local/pets").revision == new
    assert identity.set_alias(here, "old", f"pets@{old[:7]}").revision == old
    assert identity.set_alias(here, "before", "local/pets@old").revision == old
    assert [(row["alias"], row["revision"]) for row in identity.aliases(here, "pets")] == [
        ("before", old),
        ("old", old),
        ("prod", new),
    ]
    assert identity.aliases(here) == identity.aliases(here, "local/pets")


def test_what_it_names_is_loaded(here: Zoo, revisions: tuple[str, str]) -> None:
    old, new = revisions
    identity.set_alias(here, "prod", f"local/pets@{old}")
    with here.load("local/pets@prod") as model, here.load("pets") as newest:
        assert (model.revision, newest.revision) == (old, new)
    assert [r["revision"] for r in here.show("local/pets@prod")["revisions"]] == [old]
    assert here.pull("pets@prod").manifest.revision == old
    identity.set_alias(here, "prod", "pets")
    assert here.pull("local/pets@prod").manifest.revision == new


def test_history_tells_each_move_and_which_was_back(here: Zoo, revisions: tuple[str, str]) -> None:
    old, new = revisions
    for ref in ("pets", f"pets@{old}", f"pets@{old}", f"pets@{new}"):
        identity.set_alias(here, "prod", ref)
    identity.unset_alias(here, "prod", "pets")
    steps = identity.alias_history(here, "pets")
    assert [(step.what, step.previous, step.revision) for step in steps] == [
        ("set", None, new),
        ("moved", new, old),
        ("moved back", old, new),
        ("removed", new, None),
    ]
    assert all(step.alias == "prod" and step.model == "local/pets" and step.changed for step in steps)
    assert identity.aliases(here) == []


def test_setting_it_again_changes_nothing(here: Zoo, revisions: tuple[str, str]) -> None:
    assert identity.set_alias(here, "prod", "pets").changed
    assert not identity.set_alias(here, "prod", "pets@prod").changed
    assert len(identity.alias_history(here, "pets")) == 1


def test_removing_files_removes_the_alias_and_keeps_its_history(here: Zoo, revisions: tuple[str, str], command) -> None:
    old, _ = revisions
    identity.set_alias(here, "prod", f"pets@{old}")
    identity.set_alias(here, "next", "pets")
    here.remove(f"pets@{old[:8]}")
    assert [row["alias"] for row in identity.aliases(here)] == ["next"]
    here.remove("pets")
    assert here.catalog.remove_card("local/pets")
    assert [(s.alias, s.what) for s in identity.alias_history(here, "local/pets")] == [
        ("prod", "set"),
        ("next", "set"),
        ("prod", "removed"),
        ("next", "removed"),
    ]
    assert command(naming.alias_history, "local/pets").code == 0


@pytest.mark.parametrize(
    ("alias", "ref", "error", "says"),
    [
        ("prod", "nosuch", UnknownModel, "nosuch"),
        ("prod", "local/pets@nosuch", NotFound, "nosuch"),
        ("prod", "local/pets@0000000", NotFound, "0000000"),
        ("prod", "u2netp", NotInstalled, "zoo pull u2netp"),
        ("abcdef1", "local/pets", BadRef, "reads like a revision"),
        ("two words", "local/pets", BadRef, "malformed"),
        ("", "local/pets", BadRef, "malformed"),
        ("../up", "local/pets", BadRef, "malformed"),
        ("pets@prod", "local/pets", BadRef, "zoo alias set NAME MODEL"),
        ("local/pets", "prod", BadRef, "zoo alias set prod local/pets"),
        ("prod", "a/b/c", BadRef, "slash"),
    ],
)
def test_bad_input_is_one_clear_error(here: Zoo, revisions: tuple[str, str], alias, ref, error, says) -> None:
    with pytest.raises(ZooError) as caught:
        identity.set_alias(here, alias, ref)
    assert type(caught.value) is error
    assert says in str(caught.value)
    assert identity.aliases(here) == []


def test_there_is_no_alias_without_its_model(here: Zoo, revisions: tuple[str, str]) -> None:
    identity.set_alias(here, "prod", "pets")
    with pytest.raises(UnknownModel):
        here.resolve("prod")
    with pytest.raises(NotFound, match="has no alias 'beta'"):
        identity.unset_alias(here, "beta", "pets")


def test_a_hub_commit_is_a_revision_too(here: Zoo, hub, models: Models) -> None:
    files = {p.name: p.read_bytes() for p in models.pics.iterdir()}
    commit = hub.commit("team/pics", files)
    pulled = here.pull("hf:team/pics")
    move = identity.set_alias(here, "prod", f"team/pics@{commit}")
    assert move.revision == pulled.manifest.revision
    assert identity.aliases(here)[0]["upstream"] == commit


def test_commands(here: Zoo, revisions: tuple[str, str], command) -> None:
    old, new = (revision[:12] for revision in revisions)
    assert command(naming.alias_list).err == "no alias is set; `zoo alias set NAME MODEL` sets one\n"
    made = command(naming.alias_set, "prod", f"pets@{old}")
    assert (made.code, made.out, made.err) == (0, f"local/pets@prod is {old}\n", "zoo: pets is local/pets\n")
    assert command(naming.alias_set, "prod", "local/pets").out == f"local/pets@prod is {new}, was {old}\n"
    assert command(naming.alias_set, "prod", "local/pets").out == f"local/pets@prod is {new} already\n"
    assert command(naming.alias_list, as_json=True).json[0]["alias"] == "prod"
    lines = command(naming.alias_history, "local/pets").out.splitlines()
    assert lines[0].split()[:5] == ["when", "alias", "what", "from", "to"]
    assert lines[1].split()[1:4] == ["prod", "set", old]
    assert lines[2].split()[1:5] == ["prod", "moved", old, new]
    assert command(naming.alias_unset, "prod", "pets").out == f"local/pets@prod is no more, was {new}\n"
    assert [step["what"] for step in command(naming.alias_history, "pets", as_json=True).json] == [
        "set",
        "moved",
        "removed",
    ]
    failed = command(naming.alias_unset, "prod", "pets")
    assert (failed.code, failed.out) == (3, "")
    assert failed.err.startswith("zoo: local/pets has no alias 'prod'\n")
