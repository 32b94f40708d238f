"""Fixtures of the tests here."""

from __future__ import annotations

from tests.tiny_fixtures import cli, home, models, stocked_home

__all__ = ["cli", "home", "models", "stocked_home"]
