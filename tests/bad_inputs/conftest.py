"""A zoo that no bad input may change, and the command that must refuse."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bad_inputs.expecting import assert_one_error
from tests.tiny_fixtures import Cli, Outcome, cli, home, leftovers, models, stocked_home

__all__ = ["cli", "home", "models", "stocked_home"]


@pytest.fixture(scope="module")
def shared(stocked_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One zoo for all tests here, since none of them may change it."""
    home = tmp_path_factory.mktemp("bad") / "zoo"
    shutil.copytree(stocked_home, home, symlinks=True)
    return home


@pytest.fixture
def used(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZOO_HOME", str(shared))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    return shared


@pytest.fixture
def refused(cli: Cli, used: Path) -> Callable[..., Outcome]:
    """`refused(code, "predict", …)`: the command must end with one clear error and this exit code."""

    def run(codes: int | tuple[int, ...], *args: object, stdin: bytes = b"") -> Outcome:
        before = leftovers(used)
        outcome = cli(*args, stdin=stdin)
        assert outcome.code in (codes if isinstance(codes, tuple) else (codes,)), outcome.err
        assert outcome.out == ""
        assert_one_error(outcome.err)
        assert leftovers(used) == before
        return outcome

    return run
