"""Fixtures of the tests here."""

from __future__ import annotations

from tests.tiny_fixtures import cli

__all__ = ["cli"]
