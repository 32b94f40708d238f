from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from tests.store.local_hub import HubRepository, LocalHub
from tests.tiny_fixtures import cli, models
from zoo import Zoo

__all__ = ["cli", "models", "repository"]


def repository(task: str, architecture: str, *, library: str = "transformers", **info: Any) -> HubRepository:
    """A repository as the hub lists it; keywords are further properties, `None` takes one away."""
    given = {"pipeline_tag": task, "library_name": library, "tags": [library, task], "downloads": 10}
    given |= {"config": {"architectures": [architecture], "model_type": "bert"}} | info
    files = {"README.md": b"", "config.json": b"{}", "model.safetensors": b"x"}
    return HubRepository(files, large={"model.safetensors"}, info={k: v for k, v in given.items() if v is not None})


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """An empty hub, the one that the environment names; reached directly whatever proxy the machine has."""
    for name in [n for n in os.environ if n.startswith(("HF_", "HUGGINGFACE_")) or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with LocalHub().serve() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
        monkeypatch.setattr("zoo.hubfeed.listing._WAITS", (0.0, 0.0))
        yield served
    huggingface_hub.close_session()


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo without models, in step with the plugins; copied by `zoo`, never used itself."""
    home = tmp_path_factory.getbasetemp() / "fresh"
    if not home.exists():
        Zoo(home, quiet=True).ready()
    return home


@pytest.fixture
def zoo(fresh_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zoo:
    """A zoo of the test's own, set as `ZOO_HOME`; it may ask the network."""
    home = tmp_path / "zoo"
    shutil.copytree(fresh_home, home)
    monkeypatch.setenv("ZOO_HOME", str(home))
    return Zoo(home, quiet=True)
