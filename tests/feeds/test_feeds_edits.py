"""`zoo catalog edit`, `reset`, `edits`: as typed, and while plugins come and go."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny_fixtures import Cli
from zoo import Zoo
from zoo.catalog.records import RunRecord

BERT = "google-bert/bert-base-uncased"
PLUGIN = """
from zoo.cards import Licence, ModelCard, Source
from zoo.plugin import hookimpl
zoo_api = 1

@hookimpl
def zoo_cards():
    return [ModelCard(id="mine/tree", task="image-classification", library="mylib", loader="mine", architecture="tree",
                      licence=Licence(weights={licence!r}), sources=(Source(uri="https://example.org/x.safetensors"),))]
"""


def test_edit_and_reset(zoo: Zoo, cli: Cli) -> None:
    done = cli("catalog", "edit", BERT, "licence=MIT", "tags=+approved", "languages=en,de", "paper=", "--json")
    assert done.code == 0, done.err
    assert {edit["field"]: edit["value"] for edit in done.json} == {
        "languages": ["de", "en"],
        "licence": "MIT",
        "paper": None,
        "tags": {"add": ["approved"], "remove": []},
    }
    (licence,) = [edit for edit in done.json if edit["field"] == "licence"]
    assert licence["offered"] == "Apache-2.0"
    shown = cli("show", BERT, "--json").json
    assert shown["card"]["licence"]["weights"] == "MIT"
    assert "paper" not in shown["card"]
    assert [edit["field"] for edit in shown["edits"]] == ["languages", "licence", "paper", "tags"]
    listed = cli("catalog", "edits").out
    assert "Apache-2.0" in listed
    assert "+approved" in listed
    assert cli("catalog", "reset", BERT, "paper").out == f"{BERT}: paper from its feed again\n"
    assert cli("catalog", "reset", BERT, "--json").json == {"model": BERT, "reset": ["languages", "licence", "tags"]}
    assert cli("catalog", "reset", BERT).out == f"{BERT} has no edits\n"
    assert cli("catalog", "edits", "--json").json == []


def test_short_names_are_completed(zoo: Zoo, cli: Cli) -> None:
    assert cli("catalog", "edit", "bert-base-uncased", "summary=Ours.", "--json").json[0]["model"] == BERT


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([BERT, "licens=MIT"], 4, "Did you mean licence"),
        ([BERT, "task=fill-mask"], 4, "feed alone"),
        ([BERT, "licence"], 4, "field=value"),
        ([BERT, "licence=MIT", "licence=ISC"], 4, "given twice"),
        ([BERT, "parameters=lots"], 4, "25.6M"),
        ([BERT, "published=soon"], 4, "YYYY"),
        (["google-bert/bert-base-uncasd", "licence=MIT"], 3, BERT),
    ],
)
def test_mistakes(zoo: Zoo, cli: Cli, arguments: list[str], code: int, said: str) -> None:
    done = cli("catalog", "edit", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert zoo.catalog.edits() == ()


def test_a_value_from_outside_cannot_steer_the_terminal(zoo: Zoo, cli: Cli) -> None:
    assert cli("catalog", "edit", BERT, "summary=\x1b[2Jhidden").code == 4


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield folder
    sys.modules.pop("zoo_mine", None)


def install(site: Path, licence: str, version: str) -> Path:
    (site / "zoo_mine.py").write_text(PLUGIN.format(licence=licence), encoding="utf-8")
    info = site / f"zoo_mine-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: zoo_mine\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[zoo]\nzoo_mine = zoo_mine\n", encoding="utf-8")
    sys.modules.pop("zoo_mine", None)
    importlib.invalidate_caches()
    return info


def test_edits_and_runs_stay_while_a_plugin_comes_and_goes(zoo: Zoo, cli: Cli, site: Path) -> None:
    info = install(site, "MIT", "1.0")
    assert cli("catalog", "edit", "mine/tree", "licence=ISC", "tags=+ours").code == 0
    zoo.catalog.start_run(RunRecord(id="r1", kind="evaluate", started="2026-01-31T09:00:00Z", model="mine/tree"))
    shutil.rmtree(info)
    importlib.invalidate_caches()
    assert cli("show", "mine/tree").code == 3
    assert [edit["field"] for edit in cli("catalog", "edits", "--json").json] == ["licence", "tags"]
    install(site, "GPL-3.0-only", "1.1")
    shown = cli("show", "mine/tree", "--json").json
    assert (shown["card"]["licence"]["weights"], shown["card"]["tags"]) == ("ISC", ["ours"])
    assert [run["id"] for run in shown["runs"]] == ["r1"]
    offered = {edit["field"]: edit["offered"] for edit in cli("catalog", "edits", "--json").json}
    assert offered["licence"] == "GPL-3.0-only"
    assert cli("catalog", "reset", "mine/tree").code == 0
    assert cli("show", "mine/tree", "--json").json["card"]["licence"]["weights"] == "GPL-3.0-only"
