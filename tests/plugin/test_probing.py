"""What a trial in a process of its own tells, and how long it is believed."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.plugin.installing import CARD, HEAD
from zoo.errors import BadInput
from zoo.plugin import PluginManager, probing
from zoo.plugin.found import Found, find
from zoo.plugin.probing import judge, probe, verdict_folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the search path, with verdicts of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site")
    return tmp_path / "site"


def plugin(place: Path, name: str, code: str) -> Found:
    (place / f"{name}.py").write_text(code, encoding="utf-8")
    return find([EntryPoint(name=name, value=name, group="zoo")])[0]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many plugins each trial was of."""
    counts: list[int] = []
    real = probe
    monkeypatch.setattr(probing, "probe", lambda some, limit: (counts.append(len(some)), real(some, limit))[1])
    return counts


def test_what_a_trial_tells(place: Path) -> None:
    code = "import numpy\nprint('hello')\n" + CARD.format(id="a/b", name="told")
    verdict = probe([plugin(place, "told_one", code)], 10)[0]
    assert (verdict.error, verdict.heavy, verdict.cards, verdict.said) == (None, ("numpy",), 1, "hello\n")
    assert verdict.seconds > 0
    assert verdict.remarks()[0].startswith("imports numpy when it is registered (")
    assert "told_one" not in sys.modules


def test_a_crash_is_blamed_on_the_one_that_crashed(place: Path) -> None:
    dies = "import os; os._exit(1)"
    tried = [plugin(place, f"one_{n}", dies if n == 2 else CARD.format(id=f"a/m{n}", name=f"l{n}")) for n in range(5)]
    assert [verdict.error is None for verdict in probe(tried, 10)] == [True, True, False, True, True]


def test_what_one_plugin_does_to_python_does_not_harm_the_next(place: Path) -> None:
    spoils = "import builtins, os, sys\nos.environ.clear(); sys.path.clear(); del builtins.print\n" + HEAD
    tried = [plugin(place, "spoils", spoils), plugin(place, "plain", HEAD + "print('here')")]
    assert [verdict.error for verdict in probe(tried, 10)] == [None, None]


def test_without_forks_it_is_the_same(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = [
        plugin(place, "well", CARD.format(id="a/b", name="well")),
        plugin(place, "unwell", "1 / 0"),
        plugin(place, "dead", "import os; os._exit(5)"),
    ]
    monkeypatch.delattr(os, "fork")
    errors = [verdict.error for verdict in probe(tried, 20)]
    assert errors == [
        None,
        "ZeroDivisionError: division by zero",
        "it ended Python (exit code 5) when it was imported",
    ]


@pytest.mark.parametrize("executable", ["", "/nowhere/python"])
def test_without_a_python_to_start_it_is_tried_here(
    place: Path, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    plugin(place, "here_only", CARD.format(id="a/b", name="here_only"))
    plugin(place, "here_bad", "1 / 0")
    monkeypatch.setattr(sys, "executable", executable)
    manager = PluginManager([EntryPoint(name=n, value=n, group="zoo") for n in ("here_only", "here_bad")])
    assert manager.working() == ("here_only",)
    assert manager.info("here_bad").error == "ZeroDivisionError: division by zero"


def test_a_verdict_is_believed_until_the_content_changes(place: Path, started: list[int]) -> None:
    good = plugin(place, "steady", CARD.format(id="a/b", name="steady"))
    assert judge([good])[0].cards == 1
    assert judge([good])[0].cards == 1
    assert started == [1, 0]
    changed = plugin(place, "steady", HEAD + "# no cards any more, and another size")
    assert judge([changed])[0].cards == 0
    assert started == [1, 0, 1]


def test_a_failure_is_tried_again_when_it_may_be_over(
    place: Path, started: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = plugin(place, "lacking", "import helper_of_lacking\n" + HEAD)
    assert "helper_of_lacking" in (judge([bad])[0].error or "")
    assert judge([bad])[0].error
    assert started == [1, 0]
    (place / "helper_of_lacking.py").write_text("")
    assert judge([bad], again=True)[0].error is None
    slow = plugin(place, "slow", "import time; time.sleep(0.6)\n" + HEAD)
    monkeypatch.setenv("ZOO_PLUGIN_TIMEOUT", "0.3")
    assert "took more than 0.3 s" in (judge([slow])[0].error or "")
    monkeypatch.setenv("ZOO_PLUGIN_TIMEOUT", "20")
    assert judge([slow])[0].error is None


def test_a_broken_verdict_is_none(place: Path, started: list[int]) -> None:
    contents = ["", "{", "[]", '{"error": null}', '{"heavy": 3, "notes": []}', "[" * 5000]
    names = [f"broken_{number}" for number in range(len(contents))]
    good = [plugin(place, name, HEAD) for name in names]
    judge(good)
    for name, content in zip(names, contents, strict=True):
        (kept,) = verdict_folder().glob(f"{name}-*.json")
        kept.write_text(content)
    assert [verdict.error for verdict in judge(good)] == [None] * len(good)
    assert started == [len(good), len(good)]
    assert json.loads(kept.read_text())["error"] is None


def test_where_nothing_can_be_kept_it_works_too(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert judge([plugin(place, "nowhere", HEAD)])[0].error is None
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert verdict_folder().is_absolute()


def test_few_verdicts_of_each_plugin_are_kept(place: Path) -> None:
    verdict_folder().mkdir(parents=True)
    for number in range(12):
        (verdict_folder() / f"many-{number:032x}.json").write_text("{}")
        os.utime(verdict_folder() / f"many-{number:032x}.json", (number, number))
    (verdict_folder() / f"many-more-{0:032x}.json").write_text("{}")  # another plugin's
    judge([plugin(place, "many", "1 / 0 # the last")])
    assert len(list(verdict_folder().glob("many-*.json"))) == 8 + 1


def test_a_time_limit_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("soon", "0", "-1", "inf", "nan"):
        monkeypatch.setenv("ZOO_PLUGIN_TIMEOUT", text)
        with pytest.raises(BadInput, match="ZOO_PLUGIN_TIMEOUT"):
            PluginManager([])
