"""What keeps its promises conforms; what breaks one fails the check of that promise, and no other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.conformance import bad
from tests.conformance.conftest import CASES, GOOD, Plugin, by_check
from zoo.conformance import CHECKS, examine
from zoo.errors import BadOption, NotFound
from zoo.plugin import PluginManager
from zoo.registry import Registry

Failures = Callable[..., dict[str, str]]

# Each bad part, the checks that it fails, and words of what is said.
PARTS = {
    "BatchMates": ("runner", {"batched"}, "one by one the results differ"),
    "Sorting": ("runner", {"batched", "reordered"}, "in the order of the examples"),
    "Counting": ("runner", {"repeated"}, "another result the second time: results[0].labels[0].score is"),
    "Shared": ("runner", {"threads"}, ""),
    "Leaking": ("runner", {"unloaded"}, "tests.conformance.bad.KEPT holds it"),
    "Dicts": ("runner", {"typed"}, "is dict, not Classification"),
    "NoNumbers": ("runner", {"typed"}, "cannot be written"),
    "Stumbling": ("runner", {"errors"}, "ends in TypeError and not in an error of the zoo's own"),
    "Eating": ("runner", {"errors"}, "is not refused"),
    "Losing": ("runner", {"typed"}, "finish() gave"),
    "Asking": ("loader", {"offline-load"}, "asks for the network (example.org)"),
    "Drawing": ("loader", {"reloaded", "moved"}, "loaded again it gives other results"),
    "Rising": ("tuner", {"learns"}, "the loss does not fall"),
    "Diverging": ("tuner", {"learns"}, "the losses are inf"),
    "Forgetting": ("tuner", {"kept"}, "another module than the one that learnt"),
    "Mixing": ("tuner", {"kept"}, "and the head gives"),
    "Unfinished": ("tuner", {"hooks"}, "does not define lora"),
    "Untidy": ("runner", {"hooks"}, "Untidy has no docstring; runner mine text-classification: Untidy.Options is no"),
    "Stranger": ("runner", {"hooks"}, "is no subclass of `zoo.plugin.Runner`"),
    "Nobody": ("runner", {"hooks"}, "cannot be imported"),
}
ONLY_HOOKS = {"Untidy", "Stranger", "Nobody", "Unfinished"}


def test_a_good_plugin_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    plugins = PluginManager([EntryPoint(name="zoo-mine", value="tests.conformance.mine", group="zoo")])
    registry = Registry(tmp_path / "home", offline=True, plugins=plugins, quiet=True)
    report = examine(registry, "zoo-mine")
    assert {check: one.detail for check, one in by_check(report, "failed").items()} == {}
    assert by_check(report, "skipped").keys() == {"golden"}
    assert [outcome.check for outcome in report.outcomes if outcome.check != "golden"] == [
        check for check in CHECKS if check != "golden"
    ]
    assert report.conforms
    assert report.summary == f"zoo-mine: conforms: {len(CHECKS) - 1} passed, 1 skipped"
    assert "brightgreen" in report.badge
    assert not (tmp_path / "home" / "models").exists()  # all was done elsewhere
    assert list((tmp_path / "temporary").glob("zoo-*")) == []


@pytest.mark.parametrize("part", PARTS)
def test_a_bad_part_fails_its_own_check(part: str, plugin: Plugin, failures: Failures) -> None:
    kind, checks, words = PARTS[part]
    found = failures(plugin(**{kind: part}), run=part not in ONLY_HOOKS)
    bad.KEPT.clear()
    assert found.keys() == checks, found
    assert any(words in detail for detail in found.values()), found


CARDS = {
    "sourceless": ("[c.replace(facts={}) for c in mine.zoo_cards()]", "facts", "says where its parameters was read"),
    "unpinned": (
        "[c.replace(files=(), sources=(type(c.sources[0])(uri='file:/x'),)) for c in mine.zoo_cards()]",
        "facts",
        "has no sha256",
    ),
    "odd licence": (
        "[c.replace(licence=type(c.licence)(weights='Mine-1', source='x')) for c in mine.zoo_cards()]",
        "facts",
        "neither an SPDX licence",
    ),
    "twice": ("[*mine.zoo_cards(), *mine.zoo_cards()]", "cards", "2 cards are called mine/letters"),
    "another loader": ("[c.replace(loader='gone') for c in mine.zoo_cards()]", "cards", "supplies the loader 'gone'"),
    "broken": ("[c.replace(task='gone') for c in mine.zoo_cards()]", "cards", "unknown task 'gone'"),
}


@pytest.mark.parametrize("name", CARDS)
def test_a_bad_card_is_named(name: str, plugin: Plugin, failures: Failures) -> None:
    cards, check, words = CARDS[name]
    found = failures(plugin(cards=cards), only=["cards", "facts"])
    assert words in found[check]


CASES_OF = {
    "none": ("def cases(): return []", "nothing tries (mine, text-classification). Give a Case"),
    "raises": ("def cases(): raise KeyError('x')", "KeyError: 'x'. Raised at conformance.py:1."),
    "no list": ("def cases(): return [3]", "has no function `cases`"),
    "no module": ("", "has no function `cases`"),
}


@pytest.mark.parametrize("name", CASES_OF)
def test_every_pair_needs_a_case(name: str, plugin: Plugin, failures: Failures) -> None:
    text, words = CASES_OF[name]
    found = failures(plugin(cases=text, cards="[]"))
    assert found.keys() == {"covered"}
    assert words in found["covered"]


def test_a_model_that_is_not_here_is_no_fault(plugin: Plugin) -> None:
    report = examine(plugin(cases="def cases(): return []"), "zoo-bad")
    assert "none may be fetched; `zoo pull mine/letters`" in by_check(report, "skipped")["covered"].detail
    assert not by_check(report, "failed")


BROKEN = "from zoo.plugin import Case\ndef broken(folder):\n    {}\ndef cases(): return [Case(task='{}', make=broken)]"


@pytest.mark.parametrize(
    ("work", "task", "words"),
    [
        ("return 1 / 0", "text-classification", "ZeroDivisionError: division by zero. Raised at conformance.py:3."),
        ("return None", "text-classification", "`make` gives NoneType"),
        ("raise SystemExit(3)", "text-classification", "it exits"),
    ],
)
def test_a_case_that_cannot_be_made_fails_once(
    work: str, task: str, words: str, plugin: Plugin, failures: Failures
) -> None:
    found = failures(plugin(cases=BROKEN.format(work, task)))
    assert found.keys() == {"offline-load"}
    assert words in found["offline-load"]


def test_what_follows_from_another_fault_fails_where_that_is_not_tried(plugin: Plugin, failures: Failures) -> None:
    found = failures(plugin(cases=BROKEN.format("return None", "text-classification")), only=["typed"])
    assert "`make` gives NoneType" in found["typed"]


def test_random_results_are_not_compared(plugin: Plugin) -> None:
    text = "from tests.conformance.mine.conformance import tiny\nfrom zoo.plugin import Case\n"
    text += "def cases(): return [Case(task='text-classification', make=tiny, random=True)]"
    report = examine(plugin(runner="Counting", cases=text), "zoo-bad")
    assert not by_check(report, "failed")
    assert {"repeated", "batched", "threads"} <= by_check(report, "skipped").keys()


def test_a_quarantined_plugin_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad_import.py").write_text("raise RuntimeError('out of order')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    plugins = PluginManager([EntryPoint(name="zoo-bad", value="bad_import", group="zoo")])
    report = examine(Registry(tmp_path / "home", plugins=plugins, quiet=True), "zoo-bad")
    assert by_check(report, "failed").keys() == {"hooks", "registration"}
    assert "out of order" in by_check(report, "failed")["hooks"].detail
    assert report.summary == "zoo-bad: does not conform: 2 failed"


def test_a_heavy_import_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad_heavy.py").write_text("import numpy\nzoo_api = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    plugins = PluginManager([EntryPoint(name="zoo-bad", value="bad_heavy", group="zoo")])
    report = examine(Registry(tmp_path / "home", plugins=plugins, quiet=True), "zoo-bad", only=["registration"])
    assert "numpy" in by_check(report, "failed")["registration"].detail


def test_golden_results_are_written_and_compared(plugin: Plugin, tmp_path: Path, failures: Failures) -> None:
    text = "from tests.conformance.mine.conformance import tiny\nfrom zoo.plugin import Case\n"
    text += "def cases(): return [Case(task='text-classification', make=tiny, golden='kept/golden.json')]"
    registry = plugin(cases=text)
    path = tmp_path / "bad_plugin" / "kept" / "golden.json"
    [outcome] = examine(registry, "zoo-bad", only=["golden"]).outcomes
    assert (outcome.state, path.exists()) == ("skipped", False)
    assert examine(registry, "zoo-bad", only=["golden"], write_golden=True).conforms
    assert [entry.name for entry in path.parent.iterdir()] == ["golden.json"]
    assert failures(registry, only=["golden"]) == {}
    path.write_text(path.read_text(encoding="utf-8").replace('"score": 0.', '"score": 1.'), encoding="utf-8")
    assert "results[0].labels[0].score is" in failures(registry, only=["golden"])["golden"]
    path.write_text("{}", encoding="utf-8")
    assert "holds no results" in failures(registry, only=["golden"])["golden"]


def test_golden_results_are_not_written_into_what_is_installed(
    plugin: Plugin, tmp_path: Path, failures: Failures, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from tests.conformance.mine.conformance import tiny\nfrom zoo.plugin import Case\n"
    text += "def cases(): return [Case(task='text-classification', make=tiny, golden='golden.json')]"
    registry = plugin(cases=text)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    found = failures(registry, only=["golden"], write_golden=True)
    assert "pip install -e ." in found["golden"]
    assert not (tmp_path / "bad_plugin" / "golden.json").exists()


def test_what_there_is_not_is_named(plugin: Plugin) -> None:
    registry = plugin(runner=f"{GOOD}:Letters", cases=CASES)
    with pytest.raises(NotFound, match="no plugin is called 'zoo-bud'"):
        examine(registry, "zoo-bud")
    with pytest.raises(BadOption, match="there is no check 'batchd'"):
        examine(registry, "zoo-bad", only=["batchd"])
    with pytest.raises(NotFound, match="no case is called 'gpt'") as caught:
        examine(registry, "zoo-bad", cases=["gpt"])
    assert "text-classification tiny" in caught.value.remedy
