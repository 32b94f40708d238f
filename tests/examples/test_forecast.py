"""The example plugin for forecasting, as a stranger would have it: built, installed, and used from there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import RUN, Block, read_page
from tests.docs.running import Session, environment, run_block
from zoo.cards import ModelCard, WeightFile
from zoo.errors import SourceError
from zoo.store import Store

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "zoo-forecast"
SERIES = ("co2", "sunspots")
# Of statsmodels 0.15.0, whose data files say "public domain"; the package is not installed.
STATSMODELS = "pypi:statsmodels==0.15.0#statsmodels/datasets/{0}/{0}.csv"

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]


def run(*command: str | Path, env: dict[str, str], cwd: Path) -> str:
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the example's wheel is installed, with a zoo that has its model."""
    pytest.importorskip("fracast", reason="the package fracast, which has the architecture, is not installed")
    folder = tmp_path_factory.mktemp("forecast")
    env = environment(folder / "zoo") | {"XDG_CACHE_HOME": str(folder / "cache")}
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder / "dist", EXAMPLE)
    run(*build, env=env, cwd=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder / "site")
    run(*pip, wheel, env=env, cwd=folder)
    env["PYTHONPATH"] = str(folder / "site")
    done = subprocess.run(
        [Path(sys.executable).with_name("zoo"), "pull", "fracast-0"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == SourceError.exit_code:
        pytest.skip(f"fracast-0 cannot be fetched: {done.stderr}")
    assert done.returncode == 0, done.stderr
    return env


def test_its_own_tests_and_the_conformance_kit(installed: dict[str, str], tmp_path: Path) -> None:
    """Its tests, from a copy without the source beside them: it is the installed wheel that they try."""
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    shutil.copy(EXAMPLE / "pyproject.toml", tmp_path)
    pytest_ = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
    said = run(*pytest_, tmp_path / "tests", env=installed | {"ZOO_PLUGINS": "zoo-forecast"}, cwd=tmp_path)
    assert "conforms: " in said
    assert "failed" not in said
    assert "skipped" not in said.splitlines()[-1]


@pytest.fixture(scope="module")
def known_series(shared_home: Path) -> Path:
    """Real series out of the wheel of statsmodels, which is not installed."""
    files = tuple(WeightFile(path=f"{name}.csv", origin=(STATSMODELS.format(name),)) for name in SERIES)
    card = ModelCard(
        id="data/series", task="time-series-forecasting", library="-", loader="-", architecture="-", files=files
    )
    store = Store(shared_home / "data")
    try:
        folder = store.find(card.id, store.pull(card).revision)
    except SourceError as error:
        pytest.skip(f"statsmodels' series cannot be fetched: {error.cause}")
    assert folder is not None
    return folder


def blocks(path: Path) -> Iterator[tuple[Block, Block | None]]:
    """The blocks of a page that need the plugin installed, with those that show their output."""
    page = read_page(path)
    for block, following in zip(page.blocks, [*page.blocks[1:], None], strict=True):
        if block.language in RUN and (block.not_run is None or "plugin installed" in block.not_run):
            yield block, following


def test_the_pages(installed: dict[str, str], known_series: Path, tmp_path: Path) -> None:
    """The page on forecasts; then what the README says of real series, to the digits that it gives."""
    session = Session(tmp_path, installed)
    try:
        for block, following in blocks(ROOT / "docs" / "how-to" / "forecast.md"):
            run_block(session, block, following)
        for name in SERIES:
            shutil.copy(known_series / f"{name}.csv", tmp_path)
        for block, following in blocks(EXAMPLE / "README.md"):
            run_block(session, block, following)
        listed = session.shell("zoo plugin list")[1]
    finally:
        session.close()
    assert ["works" in line for line in listed if line.startswith("zoo-forecast")] == [True]
    assert (tmp_path / "charts" / "sales.png").stat().st_size > 10_000
