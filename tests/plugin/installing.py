"""Plugins installed into a folder as pip does it: a module, or a package of cards alone, and its `.dist-info`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["CARD", "HEAD", "Ran", "environment", "install", "run_zoo"]

HEAD = "from zoo.cards import ModelCard\nfrom zoo.plugin import hookimpl\nzoo_api = 1\n"
CARD = HEAD + (
    "@hookimpl\ndef zoo_cards():\n    return [ModelCard(id={id!r}, task='text-classification', library='x', "
    "loader='{name}', architecture='y')]\n"
    "@hookimpl\ndef zoo_loaders():\n    return {{'{name}': '{name}:Loader'}}\n"
)


def install(site: Path, name: str, code: str, *, entry: str | None = None, version: str = "1.0") -> Path:
    """Install a plugin `name`, its distribution called like it; returns its `.dist-info`."""
    site.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    if entry is None:
        (site / f"{module}.py").write_text(code, encoding="utf-8")
    info = site / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[zoo]\n{entry or f'{name} = {module}'}\n", encoding="utf-8")
    (info / "RECORD").write_text(f"{module}.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n", encoding="utf-8")
    return info


def environment(home: Path, *sites: Path, cache: Path, **more: str) -> dict[str, str]:
    """Variables for a Python that has these folders of packages beside its own, and this zoo's home."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ZOO_", "HF_", "PYTEST_", "COV_"))}
    path = os.pathsep.join(str(site) for site in sites)
    own = {"ZOO_HOME": str(home), "ZOO_OFFLINE": "1", "XDG_CACHE_HOME": str(cache), "PYTHONPATH": path}
    return kept | own | {"HF_HUB_DISABLE_UPDATE_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1"} | more


class Ran:
    """How a command of its own process ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run_zoo(env: dict[str, str], *args: str) -> Ran:
    """`zoo` in a cold process."""
    command = [sys.executable, "-m", "zoo", *args]
    return Ran(subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=50))
