"""A small plugin, good or with one bad part, and what came of its checks."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zoo.conformance import Outcome, Report, examine
from zoo.plugin import PluginManager
from zoo.registry import Registry

HOOKS = """
from tests.conformance import mine
from zoo.plugin import hookimpl
zoo_api = 1

@hookimpl
def zoo_cards():
    return {cards}

@hookimpl
def zoo_loaders():
    return {{"mine": "{loader}"}}

@hookimpl
def zoo_runners():
    return {runners}

@hookimpl
def zoo_finetuners():
    return {tuners}
"""
PAIR = ("mine", "text-classification")
GOOD = "tests.conformance.mine.parts"
CASES = "from tests.conformance.mine.conformance import cases\n"

Plugin = Callable[..., Registry]


def named(part: str) -> str:
    return part if ":" in part else f"tests.conformance.bad:{part}"


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    """`plugin(runner="Sorting")`: a zoo whose one plugin `zoo-bad` has this part; `cases` is the module's text."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(
        *,
        loader: str = f"{GOOD}:Loading",
        runner: str = f"{GOOD}:Letters",
        tuner: str | None = None,
        cards: str = "mine.zoo_cards()",
        cases: str = CASES,
    ) -> Registry:
        folder = tmp_path / "bad_plugin"
        folder.mkdir()
        tuners = {PAIR: named(tuner)} if tuner else {}
        text = HOOKS.format(cards=cards, loader=named(loader), runners={PAIR: named(runner)}, tuners=tuners)
        (folder / "__init__.py").write_text(text, encoding="utf-8")
        (folder / "conformance.py").write_text(cases, encoding="utf-8")
        importlib.invalidate_caches()
        plugins = PluginManager([])
        plugins.register(importlib.import_module("bad_plugin"), "zoo-bad")
        return Registry(tmp_path / "home", offline=True, plugins=plugins, quiet=True)

    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] == "bad_plugin"]:
        del sys.modules[name]


def by_check(report: Report, state: str) -> dict[str, Outcome]:
    return {outcome.check: outcome for outcome in report.outcomes if outcome.state == state}


@pytest.fixture
def failures() -> Callable[..., dict[str, str]]:
    """`failures(registry)`: the checks that failed, each with its detail."""

    def run(registry: Registry, **options: object) -> dict[str, str]:
        report = examine(registry, "zoo-bad", **options)  # type: ignore[arg-type]
        return {check: outcome.detail for check, outcome in by_check(report, "failed").items()}

    return run
