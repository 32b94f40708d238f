"""How it is told: on the command line, and by pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny_fixtures import Cli, cli
from zoo.conformance import Outcome, Report

__all__ = ["cli"]

ROOT = Path(__file__).parents[2]
INFO = "Metadata-Version: 2.1\nName: zoo-mine\nVersion: 1.2\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The small plugin as pip would install it, with the runner that a test writes into `which`."""
    site = tmp_path / "site"
    info = site / "zoo_mine-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(INFO, encoding="utf-8")
    (info / "RECORD").write_text("", encoding="utf-8")
    (info / "entry_points.txt").write_text("[zoo]\nzoo-mine = tests.conformance.mine\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("ZOO_PLUGINS", "zoo-mine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield site


def test_the_command_prints_a_table(installed: Path, cli: Cli) -> None:
    made = cli("plugin", "check", "zoo-mine", "--no-run", "--badge")
    lines = made.out.splitlines()
    assert (made.code, lines[0].split()) == (0, ["check", "about", "state", "detail"])
    assert [line.split()[:3] for line in lines[1:6]] == [
        [check, "zoo-mine", "passed"] for check in ("hooks", "registration", "cards", "facts", "covered")
    ]
    assert lines[-2] == "zoo-mine 1.2: conforms: 5 passed"
    assert lines[-1] == (
        "![zoo plugin API 1: conforms](https://img.shields.io/badge/zoo%20plugin%20API%201-conforms-brightgreen)"
    )


def test_the_command_has_json_and_exit_codes(installed: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.conformance.mine.parts.Letters.collate", lambda self, examples: 1 / 0)
    made = cli("plugin", "check", "zoo-mine", "--only", "typed", "--case", "tiny", "--offline", "--json")
    assert (made.code, made.json["conforms"], made.json["counts"]["failed"]) == (1, False, 1)
    [outcome] = made.json["outcomes"]
    assert "ZeroDivisionError" in outcome["detail"]
    assert "conform-red" in made.json["badge"]
    assert cli("plugin", "check", "zoo-yours").code == 3
    assert cli("plugin", "check", "zoo-mine", "--only", "tipped").err.splitlines()[0].endswith("no check 'tipped'")


TESTS = """
from zoo.plugin import PluginManager
from zoo.plugin.testing import conformance_checks
from tests.conformance import mine

plugins = PluginManager([])
plugins.register(mine, "zoo-mine")
plugins._tables["zoo_runners"][("mine", "text-classification")] = ("tests.conformance.bad:Sorting", "zoo-mine")

@conformance_checks("zoo-mine", plugins=plugins, only={only})
def test_conformance(check):
    check()
"""


def test_pytest_has_a_test_for_each_promise(tmp_path: Path) -> None:
    """In two processes: the outcomes of both are in one table, and what was made is gone afterwards."""
    checks = ("hooks", "registration", "covered", "golden", "offline-load", "batched", "unloaded")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ("zoo.plugin.testing",)\n', encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TESTS.format(only=checks), encoding="utf-8")
    (tmp_path / "temporary").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "temporary")}
    command = [sys.executable, "-m", "pytest", "-n2", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "base")]
    done = subprocess.run(
        [*command, str(tmp_path), "--rootdir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 4 passed, 2 skipped" in done.stdout
    assert "Broken: batched, text-classification tiny: one by one the results differ" in done.stdout
    assert "conformance/answers.py" not in done.stdout  # nothing of the kit itself in the failure
    lines = [line.split() for line in done.stdout.splitlines()]
    rows = [line[0] for line in lines if len(line) > 2 and line[0] in checks]
    assert rows == ["hooks", "registration", "covered", "golden", "offline-load", "batched", "unloaded"]
    assert "zoo-mine: does not conform: 1 failed, 4 passed, 2 skipped" in done.stdout
    assert list((tmp_path / "temporary").glob("zoo-conformance-*")) == []


def test_a_report_of_nothing_does_not_conform() -> None:
    skipped = Outcome(check="golden", about="x", state="skipped", detail="none")
    assert Report(plugin="x", version="", api=1, outcomes=()).summary == "x: does not conform: nothing was tried"
    assert not Report(plugin="x", version="", api=1, outcomes=(skipped,)).conforms
