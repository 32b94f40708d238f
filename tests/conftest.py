"""Fixtures that all tests share: zoos of their own, real weights where they can be had, real pictures."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED_HOME = Path(os.environ.get("ZOO_TEST_HOME", ROOT / ".zoo-test")).absolute()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the zoo, or the hub cache, of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("ZOO_", "HF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ZOO_HOME", str(home / "zoo"))
    monkeypatch.setenv("HF_HOME", str(home / "hf"))
    monkeypatch.setenv("HF_HUB_DISABLE_UPDATE_CHECK", "1")
    # What was found out about the installed plugins is kept there: shared by the tests, as it is by a person's zoos.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    yield
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def zoo_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty zoo's folder, set as `ZOO_HOME`, offline."""
    home = tmp_path / "zoo"
    monkeypatch.setenv("ZOO_HOME", str(home))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    return home


@pytest.fixture(scope="session")
def shared_home() -> Path:
    """A zoo's folder that is kept between test runs, so that real weights are downloaded once."""
    return SHARED_HOME


class RealZoo:
    """A zoo that can download; a model that cannot be had skips the test, with the reason."""

    def __init__(self, home: Path) -> None:
        from zoo import Zoo

        self.zoo = Zoo(home, quiet=True)

    def pull(self, ref: str):
        from zoo.errors import SourceError

        try:
            return self.zoo.pull(ref)
        except SourceError as error:
            pytest.skip(f"{ref} cannot be fetched: {error.cause}")

    def load(self, ref: str, task: str | None = None, **options):
        self.pull(ref)
        return self.zoo.load(ref, task, **options)


@pytest.fixture(scope="session")
def real_zoo(shared_home: Path) -> RealZoo:
    """The shared zoo, for tests marked `real`."""
    return RealZoo(shared_home)


@pytest.fixture
def real_home(real_zoo: RealZoo, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared zoo's folder, set as `ZOO_HOME`, for tests of the command line."""
    monkeypatch.setenv("ZOO_HOME", str(real_zoo.zoo.home))
    return real_zoo.zoo.home


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory):
    """`picture("chelsea")`: the path of one of scikit-image's pictures."""
    from PIL import Image
    from skimage import data

    folder = tmp_path_factory.mktemp("pictures")

    def path(name: str) -> Path:
        target = folder / f"{name}.png"
        if not target.exists():
            Image.fromarray(getattr(data, name)()).save(target)
        return target

    return path


@pytest.fixture
def in_tmp(tmp_path: Path) -> Iterator[Path]:
    """The working directory is an empty folder."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


# The files that take longest, which are begun first, so that no worker is left alone with one at the end.
SLOW = (
    "tests/docs/test_snippets.py", "tests/finetuning/", "tests/authoring/", "tests/cli/test_predict", "tests/examples/",
    "tests/models/test_precision.py", "tests/models/test_engine_failures.py", "tests/conformance/",
    "tests/test_wheels.py", "tests/plugins/", "tests/test_offline.py", "tests/registry/", "tests/fitting/",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test that needs a model downloads it; a slow network is no fault of the code."""
    items.sort(key=lambda item: next((n for n, where in enumerate(SLOW) if item.nodeid.startswith(where)), len(SLOW)))
    for item in items:
        if item.get_closest_marker("real") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(300))
