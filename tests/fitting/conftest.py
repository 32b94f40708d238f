"""Zoos of tiny models, and devices that are not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import tiny
from zoo.devices import Device, DeviceManager
from zoo.fitting import Fit, Question, fit
from zoo.registry import Registry


@pytest.fixture
def text_model(tmp_path: Path) -> str:
    """A BERT classifier of two layers in a folder."""
    return str(tiny.write_text_model(tmp_path / "texts", head="BertForSequenceClassification"))


@pytest.fixture
def picture_model(tmp_path: Path) -> str:
    """A small ResNet in a folder."""
    return str(tiny.write_pictures_model(tmp_path / "pictures"))


@pytest.fixture
def ask(zoo_home: Path) -> Callable[..., Fit]:
    """Asks whether a model fits, on CPUs with so many bytes for models."""

    def ask(ref: str, *rooms: int, **question: object) -> Fit:
        registry = Registry(quiet=True)
        if rooms:
            devices = tuple(
                Device(name="cpu" if not i else f"cpu:{i}", description="a test's", total=room, free=room)
                for i, room in enumerate(rooms)
            )
            registry.__dict__["devices"] = DeviceManager(lambda: devices, budget="100%")
        return fit(registry, ref, Question(**question))  # type: ignore[arg-type]

    return ask
