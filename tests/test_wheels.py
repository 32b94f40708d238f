"""The built wheels, installed outside the repository, do what the repository does."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECTS = (".", *(f"plugins/zoo-{name}" for name in ("nlp", "vision", "speech", "detection")))


def run(*command: str | Path, cwd: Path, home: Path | None = None) -> str:
    env = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    if home is not None:
        env["ZOO_HOME"] = str(home)
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    target = tmp_path_factory.mktemp("wheels")
    for project in PROJECTS:
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", target, ROOT / project, cwd=target)
    return sorted(target.glob("*.whl"))


@pytest.fixture(scope="module")
def outside(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with only the five wheels; third-party packages are borrowed from this one.

    A path file does not run the path files of the folder that it names, so this environment's editable installs of the
    zoo stay invisible.
    """
    folder = tmp_path_factory.mktemp("outside")
    run(sys.executable, "-m", "venv", folder / "env", cwd=folder)
    python = folder / "env/bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", *wheels, cwd=folder)
    site = Path(run(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=folder).strip())
    borrowed = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "borrowed.pth").write_text(borrowed + "\n")
    where = run(python, "-c", "import zoo, zoo_vision; print(zoo.__file__, zoo_vision.__file__)", cwd=folder)
    assert all(Path(path).is_relative_to(site) for path in where.split())
    return folder


def test_wheels_hold_what_they_need(wheels: list[Path]) -> None:
    names = {wheel.name.split("-")[0]: zipfile.ZipFile(wheel).namelist() for wheel in wheels}
    assert set(names) == {"zoo_registry", "zoo_nlp", "zoo_vision", "zoo_speech", "zoo_detection"}
    core = names["zoo_registry"]
    assert "zoo/_data/registry.db" in core
    assert {"zoo/py.typed", "zoo/reporting/report.html.j2", "zoo/evaluation/bias/words.json"} <= set(core)
    assert "zoo/catalog/migrations/versions/0001_first.py" in core
    assert not [name for name in core if name.startswith(("tests/", "plugins/", "tools/"))]
    for domain in ("nlp", "vision", "speech", "detection"):
        assert f"zoo_{domain}/py.typed" in names[f"zoo_{domain}"]


def test_search_is_the_same_outside(outside: Path) -> None:
    ours = run(Path(sys.executable).with_name("zoo"), "search", "resnet", "--json", cwd=outside, home=outside / "ours")
    theirs = run(outside / "env/bin/zoo", "search", "resnet", "--json", cwd=outside, home=outside / "theirs")
    assert theirs == ours
    assert '"id"' in theirs
    listed = run(outside / "env/bin/zoo", "plugin", "list", cwd=outside, home=outside / "theirs")
    assert listed.count("works") == 4


@pytest.mark.real
def test_predict_is_the_same_outside(outside: Path, real_zoo, picture) -> None:
    real_zoo.pull("mobilenetv2_100")
    command = ("predict", "mobilenetv2_100", picture("chelsea"), "--json")
    ours = run(Path(sys.executable).with_name("zoo"), *command, cwd=outside, home=real_zoo.zoo.home)
    theirs = run(outside / "env/bin/zoo", *command, cwd=outside, home=real_zoo.zoo.home)
    assert theirs == ours
    assert "Egyptian cat" in theirs
