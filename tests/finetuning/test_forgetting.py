"""What a base can no longer do: measured on its own task before and after, and said where it was not."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import coloured_pictures
from tests.tiny_fixtures import Models
from zoo import Zoo
from zoo.errors import BadData

QUICK: dict[str, Any] = {"epochs": 3, "batch": 8, "learning_rate": 0.02, "layer_decay": 1.0}
OWN = {"ant": (200, 200, 20), "bee": (20, 200, 200), "cat": (200, 20, 200)}


@pytest.fixture
def zoo(home: Path) -> Zoo:
    return Zoo(home, quiet=True)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Pictures of the base's own classes."""
    return coloured_pictures(tmp_path / "own", 6, OWN)


def test_the_bases_own_task_is_measured_before_and_after(zoo: Zoo, models: Models, own: Path) -> None:
    run = zoo.finetune("pics", models.squares, name="new", method="full", base_data=str(own), **QUICK)
    found = run.record["forgetting"]
    assert (found["task"], found["metric"], found["n"]) == ("image-classification", "accuracy", 18)
    before = zoo.evaluate("pics", own).record["metrics"]["accuracy"]
    assert found["before"] == pytest.approx(before)
    assert 0 <= found["after"] <= 1
    assert found["difference"] == pytest.approx(found["after"] - found["before"])
    assert found["low"] <= found["difference"] <= found["high"]
    assert found["statement"] in html.unescape(run.report.read_text(encoding="utf-8"))
    assert {label.label for label in zoo.load("new").predict(models.red).labels} == {"blue", "green", "red"}


def test_a_head_on_fixed_weights_forgets_nothing(zoo: Zoo, models: Models, own: Path) -> None:
    for method in ("probe", "head"):
        run = zoo.finetune("pics", models.squares, name=method, method=method, base_data=str(own), epochs=1)
        assert run.record["forgetting"] == {"statement": run.record["forgetting"]["statement"]}
        assert run.record["forgetting"]["statement"].startswith("none: ")


def test_without_data_it_is_said_that_it_was_not_measured(zoo: Zoo, models: Models) -> None:
    run = zoo.finetune("pics", models.squares, name="new", method="full", epochs=1)
    assert run.record["forgetting"]["statement"].startswith("not measured: ")
    assert "--base-data" in run.record["forgetting"]["statement"]


def test_bad_data_of_the_bases_own_task_is_refused_before_training(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    with pytest.raises(BadData):
        zoo.finetune("pics", models.squares, name="new", method="full", base_data=str(tmp_path / "nowhere"))
    assert not (zoo.home / "runs").exists()
