"""The zoo's own conformance kit, on this plugin: one test for each promise."""

from __future__ import annotations

from zoo.plugin.testing import conformance_checks


@conformance_checks("zoo-forecast")
def test_conformance(check) -> None:
    check()
