"""Plugins are found, guarded and asked; one bad plugin never takes the others down."""

from __future__ import annotations

import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from zoo.errors import MissingPlugin, PluginError
from zoo.plugin import PluginManager

GOOD = """
from zoo.cards import ModelCard
from zoo.plugin import hookimpl
zoo_api = 1

@hookimpl
def zoo_cards():
    return [ModelCard(id="good/one", task="text-classification", library="x", loader="good", architecture="y")]

@hookimpl
def zoo_loaders():
    return {"good": "plugin_good:Loader"}

class Loader:
    pass
"""

BAD = {
    "raises": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "syntax": ("def broken(:", "SyntaxError"),
    "exits": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "missing import": ("import no_such_package_anywhere", "no_such_package_anywhere"),
    "no version": ("", "API version None"),
    "other version": ("zoo_api = 99", "API version 99, this zoo has 1"),
    "misspelt hook": ("zoo_api = 1\ndef zoo_card(): return []", "unknown hooks: zoo_card"),
    "wrong signature": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_cards(colour): return []",
        "colour",
    ),
    "colliding name": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_loaders(): return {'good': 'x:Y'}",
        "'good' and 'wicked' both supply loaders 'good'",
    ),
    "hook raises": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_loaders(): return 1 / 0",
        "ZeroDivisionError",
    ),
    "hook gives nonsense": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_loaders(): return 3",
        "AttributeError",
    ),
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(tmp_path)

    def entry(name: str, code: str) -> EntryPoint:
        sys.modules.pop(f"plugin_{name}", None)
        (tmp_path / f"plugin_{name}.py").write_text(textwrap.dedent(code))
        return EntryPoint(name=name, value=f"plugin_{name}", group="zoo")

    return entry


def test_a_good_plugin(write) -> None:
    manager = PluginManager([write("good", GOOD)])
    assert [info.error for info in manager.plugins()] == [None]
    assert [card.id for card in manager.cards("good")] == ["good/one"]
    assert manager.loader("good").__name__ == "Loader"
    assert manager.table("zoo_loaders") == {"good": "plugin_good:Loader"}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_plugin_is_quarantined_with_its_reason(name: str, write) -> None:
    code, says = BAD[name]
    manager = PluginManager([write("wicked", code), write("good", GOOD)])
    infos = {info.name: info for info in manager.plugins()}
    assert says in (infos["wicked"].error or "")
    assert infos["good"].error is None
    assert manager.working() == ("good",)
    assert manager.loader("good").__name__ == "Loader"


def test_a_plugin_that_does_not_exist(write) -> None:
    manager = PluginManager([EntryPoint(name="gone", value="no_such_module", group="zoo"), write("good", GOOD)])
    assert "no_such_module" in (manager.plugins()[0].error or manager.plugins()[1].error or "")
    assert manager.working() == ("good",)


def test_two_plugins_of_one_name(write) -> None:
    entry = write("good", GOOD)
    manager = PluginManager([entry, entry])
    assert "already" in (manager.plugins()[0].error or "")


BAD_CARDS = {
    "raises": "1 / 0",
    "no cards": "[3]",
    "bad task": "[ModelCard(id='x', task='mind-reading', library='x', loader='x', architecture='x')]",
    "bad id": "[ModelCard(id='../x', task='fill-mask', library='x', loader='x', architecture='x')]",
}


@pytest.mark.parametrize("name", BAD_CARDS)
def test_bad_cards_name_the_plugin(name: str, write) -> None:
    code = f"""
    from zoo.cards import ModelCard
    from zoo.plugin import hookimpl
    zoo_api = 1
    @hookimpl
    def zoo_cards():
        return {BAD_CARDS[name]}
    """
    with pytest.raises(PluginError, match="wicked"):
        PluginManager([write("wicked", code)]).cards("wicked")


def test_what_nobody_supplies_says_what_to_install(write) -> None:
    manager = PluginManager([write("good", GOOD)])
    for ask in (
        lambda: manager.loader("other"),
        lambda: manager.runner("good", "fill-mask"),
        lambda: manager.finetuner("good", "fill-mask"),
        lambda: manager.source("ftp"),
    ):
        with pytest.raises(MissingPlugin) as error:
            ask()
        assert "pip install" in error.value.remedy
    broken = PluginManager([write("wicked", "1/0")])
    with pytest.raises(MissingPlugin) as error:
        broken.loader("other")
    assert "wicked" in error.value.remedy


@pytest.mark.parametrize(
    ("target", "kind"), [("no_such_module:X", MissingPlugin), ("plugin_good:Nothing", PluginError)]
)
def test_a_name_that_leads_nowhere(target: str, kind: type[Exception], write) -> None:
    manager = PluginManager([write("good", GOOD.replace("plugin_good:Loader", target))])
    with pytest.raises(kind):
        manager.loader("good")


def test_a_quarantined_plugin_supplies_nothing_any_more(write) -> None:
    manager = PluginManager([write("good", GOOD)])
    manager.quarantine("good", "its cards are bad")
    assert manager.working() == ()
    with pytest.raises(MissingPlugin):
        manager.loader("good")
