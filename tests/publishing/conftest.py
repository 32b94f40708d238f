"""A zoo with a model of a hub and one that was learnt from it here, and what installs wheels into another zoo."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.store.local_hub import HubRepository, LocalHub
from tests.tiny_fixtures import Models, cli, home, models, stocked_home
from zoo import Zoo

__all__ = ["cli", "home", "models", "stocked_home"]

COMMIT = "a" * 40
README = b"---\nlicense: apache-2.0\n---\nA tiny model.\n"


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def hub(models: Models) -> Iterator[LocalHub]:
    files = {**files_of(models.pics), "README.md": README}
    repository = HubRepository(files=files, large={"model.safetensors"})
    with LocalHub(repositories={"team/tiny-pics": repository}).serve() as served:
        yield served


@pytest.fixture(scope="module")
def workshop(hub: LocalHub, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The publisher's home: `team/tiny-pics` from the hub, `me/colours` learnt from it; only read by the tests."""
    made = tmp_path_factory.mktemp("publisher") / "zoo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", hub.url)
        patch.setenv("HF_HOME", str(made.parent / "hf"))
        zoo = Zoo(made, quiet=True)
        zoo.pull("hf:team/tiny-pics")
        zoo.finetune("team/tiny-pics", models.squares, name="me/colours")
    yield made
    shutil.rmtree(made.parent, ignore_errors=True)


@pytest.fixture
def publisher(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> Zoo:
    monkeypatch.setenv("ZOO_HOME", str(workshop))
    return Zoo(workshop, offline=True, quiet=True)


@pytest.fixture
def own_publisher(workshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zoo:
    """A copy of the publisher's home, which a test may change."""
    copy = tmp_path / "publisher"
    shutil.copytree(workshop, copy, symlinks=True)
    monkeypatch.setenv("ZOO_HOME", str(copy))
    return Zoo(copy, offline=True, quiet=True)


Install = Callable[[Path], Zoo]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Unpack a wheel where Python finds it, as pip does, and open a zoo that has nothing else."""

    def unpacked(wheel: Path) -> Zoo:
        site = tmp_path / "site-packages"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        monkeypatch.syspath_prepend(site)
        return Zoo(tmp_path / "customer", offline=True, quiet=True)

    return unpacked
