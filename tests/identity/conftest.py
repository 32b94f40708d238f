"""Fixtures of the tests here: servers that can change, homes, and commands without their parser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from tests.identity.moving_hub import MovingHub
from tests.store.faulty_server import FaultyServer
from tests.store.local_index import LocalIndex
from tests.tiny_fixtures import Outcome, cli, home, models, stocked_home
from zoo import Zoo

__all__ = ["cli", "home", "models", "stocked_home"]


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, and no pip configuration of this machine."""
    for name in [n for n in os.environ if n.startswith("PIP_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[MovingHub]:
    with MovingHub().serve() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
        yield served
    huggingface_hub.close_session()


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIndex]:
    with LocalIndex().serve() as served:
        monkeypatch.setenv("PIP_INDEX_URL", served.simple)
        yield served


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as served:
        yield served


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo without models, its catalog in step with the plugins; copied, never used itself."""
    empty = tmp_path_factory.getbasetemp() / "empty"
    Zoo(empty, quiet=True).ready()
    return empty


@pytest.fixture
def here(empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zoo:
    """An empty zoo; the one that commands use."""
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "here"))
    return Zoo(shutil.copytree(empty_home, tmp_path / "here"), quiet=True)


@pytest.fixture
def there(empty_home: Path, tmp_path: Path) -> Zoo:
    """Another empty zoo, as on another machine."""
    return Zoo(shutil.copytree(empty_home, tmp_path / "there"), quiet=True)


Command = Callable[..., Outcome]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """`command(function, …)`: a command's function, run to its end as the application does."""
    from zoo.cli.guard import guarded_call

    def run(function: Callable[..., int], *args: Any, **options: Any) -> Outcome:
        capsys.readouterr()
        code = guarded_call(lambda: function(*args, **options))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run
