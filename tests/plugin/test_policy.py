"""What a home decides about its plugins, and what follows: in the catalog, in predictions, and in the next process."""

from __future__ import annotations

import importlib
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.installing import CARD, environment, install
from tests.tiny_fixtures import Cli
from zoo.catalog import fingerprint
from zoo.errors import PluginError
from zoo.plugin import PluginManager
from zoo.plugin.policy import PluginPolicy

SPY = "import os, pathlib\npathlib.Path(os.environ['SPY'], '{name}').touch()\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages with the plugin `mine`, which leaves a file in `tmp_path` when it is imported."""
    folder = tmp_path / "site-packages"
    install(folder, "mine", SPY.format(name="imported") + CARD.format(id="mine/tree", name="mine"))
    monkeypatch.setenv("SPY", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    yield folder
    sys.modules.pop("mine", None)


def states(cli: Cli) -> dict[str, Any]:
    return {row["name"]: row["state"] for row in cli("plugin", "list", "--json").json}


def test_a_disabled_plugin_supplies_nothing_and_comes_back(cli: Cli, home: Path, site: Path, tmp_path: Path) -> None:
    assert cli("show", "mine/tree").code == 0
    outcome = cli("plugin", "disable", "mine", "zoo-nlp")
    assert (outcome.code, outcome.err) == (0, "")
    assert "mine: disabled; `zoo plugin enable mine` uses it again" in outcome.out
    (tmp_path / "imported").unlink()
    assert cli("show", "mine/tree").code == 3
    assert cli("show", "all-MiniLM-L6-v2").code == 3
    assert "local/judge" in cli("list").out  # files that are here stay
    assert cli("search", "mobilenetv2_100", "--json").json[0]["id"] == "mobilenetv2_100"
    refused = cli("predict", "judge", "a good film")
    assert refused.code == 8
    assert "Disabled plugins: mine, zoo-nlp; see `zoo plugin list`." in refused.err
    assert not (tmp_path / "imported").exists()
    doctor = cli("doctor")
    assert doctor.code == 0
    assert "note  plugins    mine (mine 1.0): disabled" in doctor.out
    rows = cli("plugin", "enable", "mine", "zoo-nlp", "--json").json
    assert [(row["name"], row["state"]) for row in rows] == [("mine", "works"), ("zoo-nlp", "works")]
    assert cli("show", "mine/tree").code == cli("show", "all-MiniLM-L6-v2").code == 0
    assert cli("predict", "judge", "a good film").code == 0


def test_names_that_are_none(cli: Cli, home: Path) -> None:
    for command in ("disable", "enable", "approve"):
        outcome = cli("plugin", command, "zoo-vison")
        assert (outcome.code, outcome.out) == (3, "")
        assert "no plugin is called 'zoo-vison'" in outcome.err
        assert "Did you mean zoo-vision" in outcome.err
    assert not (home / "plugins.json").exists()
    assert cli("plugin", "approve").code == cli("plugin", "approve", "zoo-nlp", "--all").code == 4


def test_a_plugin_that_was_removed_can_be_enabled(cli: Cli, home: Path) -> None:
    PluginPolicy(disabled=frozenset({"gone"})).write(home)
    assert cli("plugin", "enable", "gone").out == "gone: enabled, and not installed\n"
    assert PluginPolicy.read(home).disabled == frozenset()


def test_plugins_that_are_left_out_keep_their_cards(
    cli: Cli, home: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert cli("search", "tree").code == 0
    (tmp_path / "imported").unlink()
    sys.modules.pop("mine")
    install(site, "other", CARD.format(id="other/tree", name="other"))  # so that the catalog is not in step
    monkeypatch.setenv("ZOO_PLUGINS", "zoo-nlp, other,zoo-npl")
    caplog.clear()
    assert cli("show", "mine/tree").code == cli("show", "other/tree").code == 0
    assert caplog.messages.count("zoo: ZOO_PLUGINS names 'zoo-npl', which is not installed; did you mean 'zoo-nlp'?")
    assert [line for line in caplog.messages if "new plugin" in line] == [
        "zoo: new plugin other 1.0: 1 model, loader other; see `zoo plugin list`"
    ]
    assert states(cli)["mine"] == "left out"
    assert not (tmp_path / "imported").exists()
    refused = cli("predict", "pics", "x.png")
    assert refused.code == 8
    assert "ZOO_PLUGINS leaves out: mine, zoo-detection, zoo-speech, zoo-vision." in refused.err
    assert cli("predict", "judge", "a good film").code == 0
    monkeypatch.setenv("ZOO_PLUGINS", "")
    assert set(states(cli).values()) == {"left out"}
    assert cli("predict", "judge", "a good film").code == 8
    monkeypatch.delenv("ZOO_PLUGINS")
    assert set(states(cli).values()) == {"works"}


def test_a_new_plugin_is_announced_once(
    cli: Cli, home: Path, site: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert cli("search", "tree", "--json").json
    assert caplog.messages == ["zoo: new plugin mine 1.0: 1 model, loader mine; see `zoo plugin list`"]
    assert caplog.records[0].levelno == logging.WARNING
    install(site, "broken", "1 / 0")
    caplog.clear()
    assert cli("search", "tree").code == cli("search", "tree").code == 0
    assert caplog.messages == [
        "zoo: new plugin broken 1.0: it is not used: ZeroDivisionError: division by zero; see `zoo plugin list`"
    ]


def test_a_fresh_home_announces_nothing(
    cli: Cli, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "fresh"))
    assert cli("show", "mine/tree").code == 0
    assert caplog.messages == []


def test_nothing_is_imported_before_it_was_approved(
    cli: Cli, home: Path, site: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = cli("plugin", "policy", "approve")
    assert outcome.code == 0
    assert "await approval: mine, zoo-detection, zoo-nlp, zoo-speech, zoo-vision" in outcome.out
    assert set(states(cli).values()) == {"awaits approval"}
    assert cli("show", "mine/tree").code == 3
    assert "new plugin mine 1.0: awaits approval: sha256 " in caplog.messages[-1]
    assert cli("search", "mobilenetv2_100", "--json").json[0]["id"] == "mobilenetv2_100"
    refused = cli("predict", "judge", "a good film")
    assert refused.code == 8
    assert "Plugins that await approval: mine, zoo-detection, zoo-nlp" in refused.err
    assert not (tmp_path / "imported").exists()
    approved = cli("plugin", "approve", "mine", "zoo-nlp", "--json").json
    told = {"name": "mine", "distribution": "mine 1.0", "kind": "code", "files": 2, "before": None}
    assert approved[0].items() >= told.items()
    assert approved[0]["digest"] == {r["name"]: r["digest"] for r in cli("plugin", "list", "--json").json}["mine"]
    assert cli("show", "mine/tree").code == 0
    assert (tmp_path / "imported").exists()
    assert cli("predict", "judge", "a good film").code == 0
    assert cli("plugin", "policy").out.startswith("approve: nothing of a plugin is imported")


def test_what_changed_awaits_approval_again(cli: Cli, home: Path, site: Path, tmp_path: Path) -> None:
    cli("plugin", "policy", "approve")
    outcome = cli("plugin", "approve", "--all")
    assert outcome.out.startswith("mine (mine 1.0), 2 files, sha256 ")
    assert set(states(cli).values()) == {"works"}
    old = PluginPolicy.read(home).approved["mine"]
    (site / "mine.py").write_text(SPY.format(name="evil"), encoding="utf-8")
    sys.modules.pop("mine")
    row = next(row for row in cli("plugin", "list", "--json").json if row["name"] == "mine")
    assert row["state"] == "awaits approval"
    assert old[:12] in row["error"]
    assert row["digest"][:12] in row["error"]
    assert not (tmp_path / "evil").exists()
    assert cli("show", "mine/tree").code == 0  # the cards that were approved are still known
    assert f"before {old[:12]}" in cli("plugin", "approve", "mine").out


def test_the_environment_can_ask_for_approval_and_not_waive_it(
    cli: Cli, home: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_PLUGIN_APPROVAL", "1")
    assert set(states(cli).values()) == {"awaits approval"}
    assert not (tmp_path / "imported").exists()
    assert "open, and ZOO_PLUGIN_APPROVAL asks for approval" in cli("plugin", "policy").out
    monkeypatch.setenv("ZOO_PLUGIN_APPROVAL", "0")
    cli("plugin", "policy", "approve")
    assert set(states(cli).values()) == {"awaits approval"}


def test_weights_and_bytecode_are_not_what_is_approved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "packed"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text("zoo_api = 1\n")
    install(tmp_path / "site-packages", "packed", "", entry="packed = packed")
    monkeypatch.syspath_prepend(tmp_path / "site-packages")

    def digest() -> str | None:
        importlib.invalidate_caches()
        return PluginManager(policy=PluginPolicy(asked=True)).info("packed").digest

    before = digest()
    (package / "__pycache__" / "x.pyc").write_text("x")
    (package / "model.safetensors").write_text("x")
    assert digest() == before
    (package / "labels.txt").write_text("x")
    assert digest() != before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not valid JSON"),
        ("[]", "an object is needed"),
        ('{"version": 2}', "version 2"),
        ('{"policy": "maybe"}', "policy 'maybe'"),
        ('{"disabled": [1]}', "disabled"),
        ('{"approved": {"a": 1}}', "approved"),
        ("\xff", "not valid JSON"),
    ],
)
def test_decisions_that_cannot_be_read_are_not_passed_over(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "plugins.json").write_text(text, encoding="utf-8")
    with pytest.raises(PluginError, match=says) as error:
        PluginPolicy.read(tmp_path, {})
    assert "plugins.json" in error.value.cause
    assert error.value.remedy


def test_decisions_are_kept(tmp_path: Path) -> None:
    made = PluginPolicy(
        mode="approve", disabled=frozenset("ab"), approved={"c": "0" * 64}, folders={"d": tmp_path}, only=("x",)
    )
    made.write(tmp_path / "new")
    assert PluginPolicy.read(tmp_path / "new", {}) == made.replace(only=None)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["plugins.json"]
    assert PluginPolicy.read(tmp_path / "nowhere", {"ZOO_PLUGINS": " a,,b , a"}).only == ("a", "b")


def test_decisions_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    def disable(name: str) -> None:
        PluginPolicy.change(tmp_path, lambda kept: kept.replace(disabled=kept.disabled | {name}))

    threads = [threading.Thread(target=disable, args=(f"p{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(PluginPolicy.read(tmp_path).disabled) == 8


def test_what_was_decided_counts_for_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {fingerprint.current(), fingerprint.current(extra=fingerprint.choices(tmp_path))}
    assert len(seen) == 1  # a home that decided nothing
    (tmp_path / "cards").mkdir()
    PluginPolicy(folders={"x": tmp_path / "cards"}).write(tmp_path)
    seen.add(fingerprint.current(extra=fingerprint.choices(tmp_path)))
    (tmp_path / "cards" / "cards.yaml").write_text("id: a/b")
    seen.add(fingerprint.current(extra=fingerprint.choices(tmp_path)))
    monkeypatch.setenv("ZOO_PLUGIN_APPROVAL", "1")
    seen.add(fingerprint.current(extra=fingerprint.choices(tmp_path)))
    assert len(seen) == 4


def test_searching_imports_no_plugin_and_none_of_what_manages_them(tmp_path: Path) -> None:
    names = [f"five_{number}" for number in range(5)]
    for name in names:
        install(tmp_path / "site-packages", name, CARD.format(id=f"{name}/tree", name=name))
    env = environment(tmp_path / "zoo", tmp_path / "site-packages", cache=tmp_path / "cache")
    code = (
        "import json, sys\nfrom zoo.cli import _run\n_run(['search', 'tree', '--library', 'x', '--json'])\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    for again in (False, True):
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        assert {row["id"] for row in json.loads(done.stdout)} == {f"{name}/tree" for name in names}
        loaded = set(json.loads(done.stderr.splitlines()[-1]))
        assert (loaded >= {*names, "zoo_nlp", "pluggy"}) is not again
    here = {name for name in loaded if name.startswith(("zoo_", "five_", "zoo.plugin", "pluggy", "subprocess"))}
    assert here == set()
    assert (tmp_path / "cache" / "zoo" / "plugins").is_dir()
