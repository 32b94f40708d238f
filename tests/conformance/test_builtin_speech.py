"""The plugin of speech keeps what plugins promise, on tiny models of every form that it reads."""

from __future__ import annotations

from collections.abc import Callable

from zoo.plugin.testing import conformance_checks


@conformance_checks("zoo-speech")
def test_conformance(check: Callable[[], None]) -> None:
    check()
