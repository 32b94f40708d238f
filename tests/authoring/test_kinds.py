"""Each template's plugin conforms as it is, and its model learns from the data that it writes.

That of pictures is installed, tried and changed in test_tutorial.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.authoring.outside import as_installed
from zoo import Zoo
from zoo.authoring import KINDS, Written, write_plugin
from zoo.conformance import examine
from zoo.plugin import PluginManager
from zoo.registry import Registry


@pytest.fixture(params=[task for task in KINDS if task != "image-classification"])
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """A plugin that Python can import, each under a name of its own."""
    written = write_plugin(f"zoo-try-{KINDS[request.param].model}", task=request.param, into=tmp_path)
    as_installed(written)
    monkeypatch.syspath_prepend(written.folder)
    monkeypatch.setenv("PYTHONPATH", str(written.folder))
    importlib.invalidate_caches()
    yield written


def test_it_conforms_and_learns(made: Written, tmp_path: Path) -> None:
    plugins = PluginManager(entry_points(group="zoo", name=made.names.name))
    report = examine(Registry(tmp_path / "zoo", plugins=plugins, quiet=True), made.names.name)
    wrong = {outcome.check: outcome.detail for outcome in report.outcomes if outcome.state != "passed"}
    assert not wrong
    assert report.badge in (made.folder / "README.md").read_text(encoding="utf-8")

    if not made.kind.data:
        return  # a task that is not learnt
    importlib.import_module(f"{made.names.module}.data").write(tmp_path / "drawn", count=24)
    zoo = Zoo(tmp_path / "zoo", plugins=plugins, quiet=True)
    data = tmp_path / made.kind.data
    run = zoo.finetune(made.model, data, name="mine/again", method="head", epochs=2)
    assert run.metrics
    value = next((path for path in sorted(data.rglob("*")) if path.suffix in {".png", ".wav"}), "what a good book")
    assert type(zoo.load("mine/again").predict(value)) is type(zoo.load(made.model).predict(value))
