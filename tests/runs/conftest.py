"""Fixtures of the tests here."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_fixtures import cli
from zoo.registry import Registry
from zoo.runs import begin

__all__ = ["Made", "cli"]

Made = Callable[..., str]


def record(**changes: Any) -> dict[str, Any]:
    """What a run knows of itself at its start."""
    made: dict[str, Any] = {
        "kind": "finetune",
        "model": "my-pets",
        "base": "timm/mobilenetv2_100.ra_in1k",
        "base_revision": "ab" * 32,
        "task": "image-classification",
        "method": "probe",
        "hyperparameters": {"seed": 0, "epochs": 3},
        "seed": 0,
        "data": {
            "name": "pets",
            "source": "/data/pets",
            "fingerprint": "f" * 64,
            "split_ids": {"train": "1" * 64, "test": "2" * 64},
            "train": 80,
            "validation": 0,
            "test": 20,
        },
    }
    return {**made, **changes}


def judged(value: float, low: float, high: float, main: str = "accuracy", **changes: Any) -> dict[str, Any]:
    """An evaluation as a record has it."""
    metrics = {main: {"value": value, "low": low, "high": high}, "ece": {"value": 0.1, "low": None, "high": None}}
    return {"kind": "single", "main": main, "higher_is_better": True, "n": 20, "metrics": metrics, **changes}


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo whose catalog is in step with the plugins; copied for each test, as making it takes seconds."""
    home = tmp_path_factory.mktemp("empty") / "zoo"
    Registry(home, quiet=True).ready()
    return home


@pytest.fixture
def registry(empty_home: Path, zoo_home: Path) -> Registry:
    shutil.copytree(empty_home, zoo_home)
    return Registry(quiet=True)


@pytest.fixture
def made(registry: Registry) -> Made:
    """`made(model="x", outcome="failed")`: the id of a run that has ended."""

    def make(outcome: str = "done", **changes: Any) -> str:
        started = record(**changes)
        errors = {"failed": ValueError("the loss is not a number"), "interrupted": KeyboardInterrupt()}
        try:
            with begin(registry, started):
                if outcome in errors:
                    raise errors[outcome]
        except (ValueError, KeyboardInterrupt):
            pass
        return str(started["id"])

    return make
