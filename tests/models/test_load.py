"""Loading a model for a task that no plugin runs: the module is there, and predict says what lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo import Zoo
from zoo.errors import MissingPlugin


@pytest.fixture
def without_runner(home: Path) -> Zoo:
    zoo = Zoo(home, offline=True, quiet=True)
    known = zoo.catalog.get("local/texts")
    card = known.replace(id="mine/reader", task="image-to-text", tasks=(), facts={})
    zoo.catalog.add_card(card, feed="mine")
    return zoo


def test_its_module_can_be_used(without_runner: Zoo) -> None:
    with without_runner.load("mine/reader") as model:
        assert sum(parameter.numel() for parameter in model.module.parameters()) > 1000
        with pytest.raises(MissingPlugin) as error:
            model.predict("anything")
    assert "no installed plugin runs image-to-text" in error.value.cause
    assert "module" in error.value.remedy


def test_the_command_says_so_before_anything_is_fetched(without_runner: Zoo, cli) -> None:
    done = cli("predict", "mine/reader", "cat.png")
    assert done.code == 8
    assert "image-to-text" in done.err
    assert not any(row["id"] == "mine/reader" for row in without_runner.installed())
