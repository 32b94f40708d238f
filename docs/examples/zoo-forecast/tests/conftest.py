"""A zoo of the tests' own, with the model in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import zoo
from zoo.errors import SourceError

pytest_plugins = ["zoo.plugin.testing"]


@pytest.fixture(scope="session")
def forecaster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Fracast-0, loaded; skips with the reason where it cannot be fetched."""
    opened = zoo.Zoo(tmp_path_factory.mktemp("zoo"), quiet=True)
    try:
        opened.pull("fracast-0")
    except SourceError as error:
        pytest.skip(f"fracast-0 cannot be fetched: {error.cause}")
    with opened.load("fracast-0") as model:
        yield model


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """A table with months, two products, and a gap."""
    rows = [f"{2015 + at // 12}-{at % 12 + 1:02},{100 + at + 20 * (at % 12 == 11)},{50 - at / 4}" for at in range(72)]
    rows[30] = "2017-07,,42.5"
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["month,tea,coffee", *rows]) + "\n")
    return path
