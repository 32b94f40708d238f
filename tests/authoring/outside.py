"""An environment as an outsider has it: the core of the zoo from its wheel, third-party packages, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from zoo.authoring import Written

ROOT = Path(__file__).parents[2]
TOOLS = ("mypy", "pip", "pytest", "ruff")


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; it must succeed."""
    own = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def outside(folder: Path) -> Path:
    """Make one in an empty folder; returns where its commands are.

    Third-party packages are borrowed from this environment, link by link; what is here of the zoo is left out.
    """
    wheels, env, borrowed = folder / "wheels", folder / "env", folder / "borrowed"
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", wheels, ROOT, cwd=folder)
    run(sys.executable, "-m", "venv", "--without-pip", env, cwd=folder)
    python = env / "bin/python"
    site = Path(run(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=folder).strip())
    borrowed.mkdir()
    for entry in Path(next(path for path in sys.path if path.endswith("site-packages"))).iterdir():
        if not entry.name.startswith(("zoo", "__")) and entry.suffix != ".pth":
            (borrowed / entry.name).symlink_to(entry)
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", *wheels.glob("*.whl"), cwd=folder)
    for tool in TOOLS:
        script = env / "bin" / tool
        script.write_text(f'#!/bin/sh\nexec "{python}" -m {tool} "$@"\n')
        script.chmod(0o755)
    where = run(python, "-c", "import zoo; print(zoo.__file__)", cwd=folder).strip()
    assert Path(where).is_relative_to(site)
    return env / "bin"


def as_installed(made: Written) -> None:
    """Put beside a plugin what an installation leaves, so that it is found where its folder is on Python's path."""
    info = made.folder / f"{made.names.module}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {made.names.name}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[zoo]\n{made.names.name} = {made.names.module}\n")


def environment(commands: Path, home: Path) -> dict[str, str]:
    """The variables of somebody who works there, without a network."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("ZOO_", "PYTEST", "VIRTUAL_ENV", "PYTHONPATH"))}
    path = f"{commands}{os.pathsep}{own.get('PATH', '')}"
    pip = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}  # 0: no isolation
    return own | pip | {"PATH": path, "ZOO_HOME": str(home), "COLUMNS": "80"}
