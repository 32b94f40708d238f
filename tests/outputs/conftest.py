"""Fixtures of the tests here: small models, loaded once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tiny_fixtures import Models, models
from zoo import Model, Zoo

__all__ = ["models"]


@pytest.fixture(scope="session")
def zoo(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    """A zoo that only the tests here use."""
    return Zoo(tmp_path_factory.mktemp("outputs") / "zoo", offline=True, quiet=True)


@pytest.fixture(scope="session")
def judge(zoo: Zoo, models: Models) -> Iterator[Model]:
    """A classifier of texts that answers one input at a time, so that its numbers do not depend on the others."""
    with zoo.load(str(models.judge), device="cpu", batch=1) as model:
        yield model


@pytest.fixture(scope="session")
def vectors(zoo: Zoo, models: Models) -> Iterator[Model]:
    """Vectors of texts, one at a time."""
    with zoo.load(str(models.texts), device="cpu", batch=1) as model:
        yield model


@pytest.fixture(scope="session")
def pics(zoo: Zoo, models: Models) -> Iterator[Model]:
    """A classifier of pictures, one at a time."""
    with zoo.load(str(models.pics), device="cpu", batch=1) as model:
        yield model
