"""A plugin's models are there while it is installed; one that fails takes nothing else down."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny_fixtures import Cli, Models
from zoo import Zoo
from zoo.cards import ModelCard
from zoo.errors import UnknownModel
from zoo.plugin import PluginManager, hookimpl

CARD = """
from zoo.cards import ModelCard, Source
from zoo.plugin import hookimpl
zoo_api = 1

@hookimpl
def zoo_cards():
    return [ModelCard(id={id!r}, task="image-classification", library="mylib", loader="mine", architecture="tree",
                      sources=(Source(uri="https://example.org/x.safetensors"),))]
"""
BROKEN = {  # further ones are in tests/plugin/test_isolation.py
    "raises at import": "raise RuntimeError('out of order')",
    "card of another plugin": CARD.format(id="mobilenetv2_100"),
    "card that differs by case": CARD.format(id="MobileNetV2_100"),
    "taken loader": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_loaders(): return {'timm': 'a:B'}"
    ),
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the search path, into which packages are installed as pip does it."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield folder
    sys.modules.pop("zoo_mine", None)


def install(site: Path, content: str, name: str = "zoo_mine", version: str = "1.0") -> Path:
    (site / f"{name}.py").write_text(content, encoding="utf-8")
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[zoo]\n{name} = {name}\n", encoding="utf-8")
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    return info


def uninstall(site: Path, info: Path) -> None:
    import shutil

    shutil.rmtree(info)
    sys.modules.pop("zoo_mine", None)
    importlib.invalidate_caches()


def test_a_plugin_comes_and_goes(cli: Cli, home: Path, site: Path) -> None:
    assert cli("show", "mine/tree").code == 3
    info = install(site, CARD.format(id="mine/tree"))
    assert cli("search", "tree", "--library", "mylib", "--json").json[0]["id"] == "mine/tree"
    assert "zoo_mine 1.0" in cli("plugin", "list").out
    uninstall(site, info)
    assert cli("show", "mine/tree").code == 3
    assert "zoo_mine" not in cli("plugin", "list").out
    assert cli("predict", "judge", "a good film").code == 0


def test_an_upgraded_plugin_brings_its_new_cards(cli: Cli, home: Path, site: Path) -> None:
    old = install(site, CARD.format(id="mine/tree"))
    assert cli("show", "mine/tree").code == 0
    uninstall(site, old)
    install(site, CARD.format(id="mine/bush"), version="1.1")
    assert cli("show", "mine/bush").code == 0
    assert cli("show", "mine/tree").code == 3


def test_sync_reads_the_cards_again(cli: Cli, home: Path, site: Path) -> None:
    install(site, CARD.format(id="mine/tree"))
    assert cli("show", "mine/tree").code == 0
    (site / "zoo_mine.py").write_text(CARD.format(id="mine/hedge"), encoding="utf-8")
    sys.modules.pop("zoo_mine")
    importlib.invalidate_caches()
    report = {row["plugin"]: row for row in cli("plugin", "sync", "--json").json}["zoo_mine"]
    assert (report["added"], report["removed"]) == (1, 1)
    assert cli("show", "mine/hedge").code == 0


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_named_and_all_else_works(
    cli: Cli, home: Path, models: Models, site: Path, fault: str
) -> None:
    install(site, BROKEN[fault])
    searched = cli("search", "mobilenetv2_100", "--json")
    assert (searched.code, searched.err) == (0, "")
    assert searched.json[0]["id"] == "mobilenetv2_100"
    assert cli("list").code == 0
    assert cli("predict", "pics", models.red).code == 0
    states = {row["name"]: row["error"] for row in cli("plugin", "list", "--json").json}
    assert states.pop("zoo_mine")
    assert set(states.values()) == {None}
    doctor = cli("doctor")
    assert doctor.code == 1
    assert "zoo_mine is broken" in doctor.out
    assert "Traceback" not in doctor.err
    (site / "zoo_mine.py").write_text(CARD.format(id="mine/tree"), encoding="utf-8")
    sys.modules.pop("zoo_mine", None)
    importlib.invalidate_caches()
    assert cli("plugin", "sync").code == 0
    assert cli("show", "mine/tree").code == 0
    assert cli("doctor").code == 0


def test_a_broken_plugin_keeps_the_cards_that_it_had(cli: Cli, home: Path, site: Path) -> None:
    old = install(site, CARD.format(id="mine/tree"))
    assert cli("show", "mine/tree").code == 0
    uninstall(site, old)
    install(site, BROKEN["raises at import"], version="1.1")
    assert cli("show", "mine/tree").code == 0
    outcome = cli("pull", "mine/tree")
    assert outcome.code in {6, 8}


def test_a_command_of_a_plugin(cli: Cli, home: Path, site: Path) -> None:
    install(
        site,
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_commands(app):\n"
        "    @app.command('greet')\n    def greet(name: str):\n        print(f'hello {name}')\n",
    )
    assert cli("greet", "you").out == "hello you\n"
    assert cli("list").code == 0


def test_a_plugin_whose_commands_fail_is_named(cli: Cli, home: Path, site: Path) -> None:
    install(
        site, "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_commands(app): raise OSError('broken')"
    )
    outcome = cli("greet", "you")
    assert outcome.code == 2
    assert "plugin zoo_mine could not add its commands: broken" in outcome.err


def test_plugins_given_by_the_program(tmp_path: Path) -> None:
    class Mine:
        zoo_api = 1

        @hookimpl
        def zoo_cards(self) -> list[ModelCard]:
            fields = {"task": "image-classification", "library": "mylib", "loader": "mine", "architecture": "tree"}
            return [ModelCard(id="mine/tree", **fields)]

    plugins = PluginManager(entries=())
    plugins.register(Mine(), "mine")
    zoo = Zoo(tmp_path / "zoo", offline=True, plugins=plugins)
    assert zoo.search("tree", library="mylib")[0]["id"] == "mine/tree"
    with pytest.raises(UnknownModel):
        Zoo(tmp_path / "other", offline=True).show("mine/tree")
