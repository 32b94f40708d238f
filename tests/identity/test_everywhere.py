"""Where aliases, notes and deprecations show outside their own commands: loading, predicting, showing, refs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny import copied
from tests.tiny_fixtures import Cli, Models
from zoo import Zoo, identity


def test_a_deprecated_model_loads_with_one_line(here: Zoo, models: Models, tmp_path: Path, cli: Cli) -> None:
    here.pull(str(copied(models.texts, tmp_path / "texts")))
    identity.deprecate(here, "local/texts", "bad words", "u2netp")
    with pytest.warns(identity.DeprecatedModel, match="^local/texts is deprecated: bad words; use u2netp instead$"):
        here.load("texts").unload()
    done = cli("predict", "local/texts", "a good film", "--json")
    assert done.code == 0
    assert len(done.lines) == 1
    assert done.err == "zoo: local/texts is deprecated: bad words; use u2netp instead\n"


def test_an_alias_without_its_model_is_recognised(here: Zoo, models: Models, cli: Cli) -> None:
    here.pull(str(models.texts))
    identity.set_alias(here, "prod", "texts")
    done = cli("show", "prod")
    assert done.code == 3
    assert "Did you mean local/texts@prod?" in done.err
    assert identity.alias_history(here, "texts")[0].who


def test_notes_are_shown(here: Zoo, models: Models, cli: Cli) -> None:
    here.pull(str(models.texts))
    note = identity.add_note(here, "texts", "weak on irony")
    assert here.show("texts")["notes"] == [note]
    assert cli("show", "local/texts", "--json").json["notes"] == [note]
    assert "weak on irony" in cli("show", "local/texts").out


def test_a_revision_has_the_labels_of_its_own_files(here: Zoo, models: Models, tmp_path: Path) -> None:
    folder = copied(models.pics, tmp_path / "pets")
    old = here.pull(str(folder)).manifest.revision
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace('"ant"', '"bat"'))
    here.pull(str(folder))
    identity.set_alias(here, "prod", f"pets@{old}")
    with here.load("pets@prod") as before, here.load("pets") as now:
        assert before.card.config["labels"] == ["ant", "bee", "cat"]
        assert now.card.config["labels"] == ["bat", "bee", "cat"]
