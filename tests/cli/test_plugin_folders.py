"""`zoo plugin add` and `zoo plugin remove`: a folder with cards.yaml and a small classifier becomes a plugin."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny_fixtures import Cli, Models
from zoo import Zoo
from zoo.plugin.policy import PluginPolicy

CARD = """\
id: team/judge
task: text-classification
library: transformers
loader: transformers
architecture: BertForSequenceClassification
summary: Is a film review good or bad?
sources: [file:./judge]
"""


@pytest.fixture(scope="module")
def small_home(stocked_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A zoo with the small models and the plugin of texts alone, whose catalog is in step in no time; only copied."""
    made = tmp_path_factory.mktemp("small") / "zoo"
    shutil.copytree(stocked_home, made, symlinks=True)
    PluginPolicy(disabled=frozenset({"zoo-detection", "zoo-speech", "zoo-vision"})).write(made)
    _ = Zoo(made, offline=True, quiet=True).catalog
    yield made
    shutil.rmtree(made)


@pytest.fixture
def home(small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of the test's own, offline."""
    copy = tmp_path / "zoo"
    shutil.copytree(small_home, copy, symlinks=True)
    monkeypatch.setenv("ZOO_HOME", str(copy))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    return copy


@pytest.fixture
def folder(models: Models, tmp_path: Path) -> Path:
    made = tmp_path / "Our Models"
    shutil.copytree(models.judge, made / "judge")
    (made / "cards.yaml").write_text(CARD)
    return made


def listed(cli: Cli) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in cli("plugin", "list", "--json").json}


def found(cli: Cli, words: str) -> list[str]:
    return [row["id"] for row in cli("search", words, "--json").json]


def kept(home: Path) -> dict[str, str]:
    path = home / "plugins.json"
    return dict(json.loads(path.read_text())["folders"]) if path.exists() else {}


def test_a_folder_is_added_run_offline_changed_and_removed(folder: Path, home: Path, cli: Cli) -> None:
    added = cli("plugin", "add", str(folder))
    assert (added.code, added.out) == (0, f"our-models: 1 model of {folder}\n  team/judge\n")
    row = listed(cli)["our-models"]
    assert (row["kind"], row["state"], row["error"]) == ("cards", "works", None)
    assert found(cli, "team/judge") == ["team/judge"]
    texts = ("the film was very good", "a poor play")
    ours, theirs = (cli("predict", model, *texts, "--json").lines for model in ("team/judge", "local/judge"))
    assert [line["result"] for line in ours] == [line["result"] for line in theirs]

    (folder / "cards.yaml").write_text(CARD + f"---\n{CARD.replace('team/judge', 'team/juror')}")
    assert found(cli, "team/juror") == ["team/juror"]

    assert cli("plugin", "remove", "our-models").out == f"removed plugin our-models; {folder} stays as it is\n"
    assert "our-models" not in listed(cli)
    assert not found(cli, "team/juror")
    assert kept(home) == {}
    assert (folder / "judge" / "config.json").exists()


def test_what_is_refused_leaves_nothing(folder: Path, home: Path, cli: Cli, tmp_path: Path) -> None:
    def refused(*args: object, says: str, code: int) -> None:
        outcome = cli("plugin", "add", *args)
        assert (outcome.code, outcome.out) == (code, "")
        assert says in outcome.err
        assert kept(home) == {}

    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", says="holds no cards.yaml", code=8)
    refused(tmp_path / "nowhere", says="is nothing, and a folder with cards.yaml is needed", code=4)
    refused(folder / "cards.yaml", says="is a file", code=4)
    for name in ("zoo-nlp", "local"):
        refused(folder, "--name", name, says=f"is called {name!r} already", code=8)
    refused(folder, "--name", "../up", says="cannot be a plugin's name", code=4)
    for text, says, code in (
        (CARD.replace("[file:./judge]", "[file:../judge]"), "cards.yaml, line 7: sources[0].uri:", 4),
        (CARD.replace("team/judge", "google-bert/bert-base-uncased"), "is a model of feed 'zoo-nlp' already", 9),
        (CARD.replace("team/judge", "google-BERT/bert-base-uncased"), "which differs only by case", 8),
        (f"{CARD}---\n{CARD}", "'team/judge' is declared twice", 4),
    ):
        (folder / "cards.yaml").write_text(text)
        refused(folder, says=says, code=code)
    assert not found(cli, "team/judge")


def test_a_model_that_nothing_loads_is_said(folder: Path, home: Path, cli: Cli) -> None:
    (folder / "cards.yaml").write_text(CARD.replace("loader: transformers", "loader: transfomers"))
    added = cli("plugin", "add", folder, "--name", "ours", "--json")
    assert added.code == 0
    assert added.json["warnings"] == ["card 'team/judge': no installed plugin supplies loader 'transfomers'"]
    assert added.json["warnings"][0] in added.err
    again = cli("plugin", "add", folder, "--name", "theirs")
    assert (again.code, "is plugin 'ours' already" in again.err) == (8, True)


def test_a_folder_that_is_gone_breaks_nothing_else(folder: Path, home: Path, cli: Cli) -> None:
    assert cli("plugin", "add", folder).code == 0
    shutil.rmtree(folder)
    row = listed(cli)["our-models"]
    assert row["state"] == "quarantined"
    assert f"the folder {folder} is gone" in str(row["error"])
    assert listed(cli)["zoo-nlp"]["state"] == "works"
    assert "google-bert/bert-base-uncased" in found(cli, "bert-base-uncased")
    assert cli("predict", "local/judge", "a good film", "--json").code == 0
    assert cli("plugin", "remove", "our-models").code == 0
    assert "our-models" not in listed(cli)


def test_only_folders_are_removed_here(home: Path, cli: Cli, folder: Path) -> None:
    distribution = cli("plugin", "remove", "zoo-nlp")
    assert distribution.code == 8
    assert "`pip uninstall zoo-nlp`" in distribution.err
    added, again = (cli("plugin", "add", folder, "--name", "ours", "--json") for _ in range(2))
    assert (added.code, again.code) == (0, 0)
    assert added.json == again.json == {"name": "ours", "folder": str(folder), "models": ["team/judge"], "warnings": []}
    unknown = cli("plugin", "remove", "our")
    assert unknown.code == 3
    assert "There is ours." in unknown.err
    from zoo.cli.commands.plugin_folders import folder_names

    assert (folder_names("o"), folder_names("x")) == (["ours"], [])
