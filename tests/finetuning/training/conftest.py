"""Fixtures of the tests here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.finetuning.training.jobs import Jobs
from tests.tiny_fixtures import cli, home, models, stocked_home

__all__ = ["cli", "home", "jobs", "models", "stocked_home"]


@pytest.fixture
def jobs(home: Path) -> Jobs:
    """Jobs of a zoo of the test's own, with the small models."""
    return Jobs(home)
