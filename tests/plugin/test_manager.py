"""Plugins are found, guarded and asked; one bad plugin never takes the others down."""

from __future__ import annotations

import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from zoo.errors import MissingPlugin, NotFound, PluginError
from zoo.plugin import PluginManager, hookimpl, hookspec, hookspecs
from zoo.plugin.forms import TABLES

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
    "other version": ("zoo_api = 99", "API version 99, this zoo has 1"),
    "no number": ("zoo_api = True", "API version True, this zoo has 1"),
    "misspelt hook": ("zoo_api = 1\ndef zoo_card(): return []", "unknown hook zoo_card; did you mean zoo_cards?"),
    "misspelt and marked": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef cards(): return []",
        "unknown hook cards; did you mean zoo_cards?",
    ),
    "async hook": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\nasync def zoo_loaders(): return {}",
        "zoo_loaders is async",
    ),
    "colliding name": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_loaders(): return {'good': 'x:Y'}",
        "'good' and 'wicked' both supply loaders 'good'",
    ),
    "hook gives nothing": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_sources(): pass",
        "zoo_sources gives nothing, and {name: 'module:Class'} is needed",
    ),
    "no pair": (
        "from zoo.plugin import hookimpl\nzoo_api = 1\n@hookimpl\ndef zoo_runners(): return {'x': 'x:Y'}",
        "entry 'x': the key must be a pair (loader, task)",
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
    assert [info.name for info in manager.plugins()] == ["good", "good (2)"]
    assert "already" in (manager.info("good (2)").error or "")
    assert manager.loader("good").__name__ == "Loader"


def test_who_came_first_keeps_the_name(write) -> None:
    entries = [write("good", GOOD), write("a_late_one", GOOD.replace("good/one", "late/one"))]
    assert PluginManager(entries).working() == ("a_late_one",)
    manager = PluginManager(entries, first=["good"])
    assert manager.working() == ("good",)
    assert "both supply loaders 'good'" in (manager.info("a_late_one").error or "")


def test_what_is_known_of_one_plugin(write, tmp_path: Path) -> None:
    manager = PluginManager([write("good", GOOD)])
    info = manager.info("good")
    assert (info.state, info.kind, info.module, info.distribution) == ("works", "code", "plugin_good", "-")
    assert manager.answers("good", "zoo_loaders") == {"good": "plugin_good:Loader"}
    assert manager.answers("good", "zoo_runners") == {}
    assert manager.folder("good") is None
    before = info.digest
    write("good", GOOD + "# changed")
    assert before and PluginManager([write("good", GOOD + "# changed")]).info("good").digest != before
    with pytest.raises(NotFound, match="god") as error:
        manager.info("god")
    assert "Did you mean good?" in error.value.remedy


def test_the_folder_of_a_package_is_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "plugin_pack" / "inner").mkdir(parents=True)
    (tmp_path / "plugin_pack" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "plugin_pack" / "inner" / "hooks.py").write_text("")
    manager = PluginManager([EntryPoint(name="pack", value="plugin_pack.inner.hooks", group="zoo")])
    assert manager.folder("pack") == tmp_path / "plugin_pack"
    assert manager.info("pack").error == "RuntimeError: imported"
    assert "plugin_pack" not in sys.modules


def test_deprecated_hooks_are_noted() -> None:
    specs = ModuleType("specs")

    @hookspec(warn_on_impl=DeprecationWarning("zoo_loaders goes in version 3: give zoo_engines"))
    def zoo_loaders() -> dict[str, str]:
        return {}

    specs.zoo_loaders = zoo_loaders  # type: ignore[attr-defined]
    for hook in TABLES[1:]:
        setattr(specs, hook, getattr(hookspecs, hook))

    class Old:
        zoo_api = 1

        @hookimpl
        def zoo_loaders(self) -> dict[str, str]:
            return {"old": "a:B"}

    manager = PluginManager([], specs=specs)
    manager.register(Old(), "old")
    assert manager.info("old").notes == ("zoo_loaders goes in version 3: give zoo_engines",)
    assert manager.working() == ("old",)


def test_what_is_printed_while_cards_are_read_is_kept_off_standard_output(
    write, capsys: pytest.CaptureFixture[str]
) -> None:
    loud = GOOD.replace("def zoo_cards():", "def zoo_cards():\n    print('hello' * 1000)")
    manager = PluginManager([write("good", "print('loading')\n" + loud)])
    assert len(manager.cards("good")) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("loading\nhello")
    assert len(err) < 600
    assert manager.info("good").notes == ("prints when it is imported",)


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
