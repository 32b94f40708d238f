"""A zoo with pictures' models that differ: one that sees colours, one whose weights say little, one that is broken."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from tests.tiny import copied, rewritten
from tests.tiny_fixtures import Models, cli, home, models, stocked_home

__all__ = ["cli", "home", "models", "stocked_home"]


@pytest.fixture(scope="session")
def several(models: Models, stocked_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stocked zoo with two pictures' models more; copied by `zoo`, never used itself."""
    from zoo import Zoo

    base = tmp_path_factory.getbasetemp() / "several"
    if not base.exists():
        shutil.copytree(stocked_home, base, symlinks=True)
        tensors = load_file(models.pics / "model.safetensors")
        generator = torch.Generator().manual_seed(0)
        # Running means far off: nothing of a picture comes through, whatever it shows.
        blind = {
            name: torch.full_like(t, 1e3)
            if name.endswith("running_mean")
            else torch.randn(t.shape, generator=generator) * 1e-3
            if name.endswith("weight") and t.ndim > 1
            else t
            for name, t in tensors.items()
        }
        folders = tmp_path_factory.mktemp("folders")
        zoo = Zoo(base, offline=True, quiet=True)
        zoo.pull(str(rewritten(models.pics, folders / "blind", blind)))
        nan = {
            name: torch.full_like(t, float("nan")) if name.endswith("conv1.weight") else t
            for name, t in tensors.items()
        }
        zoo.pull(str(rewritten(models.pics, folders / "nan", nan)))
        zoo.pull(str(copied(models.pics, folders / "twin")))
    return base


@pytest.fixture
def zoo(several: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A zoo of the test's own with `pics`, its twin, a blind one and one of NaN; texts' models besides."""
    from zoo import Zoo

    copy = tmp_path / "zoo"
    shutil.copytree(several, copy, symlinks=True)
    monkeypatch.setenv("ZOO_HOME", str(copy))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    return Zoo(copy, offline=True, quiet=True)


@pytest.fixture
def named(zoo) -> Callable[[str], str]:
    """`named("blind")`: the id under which a folder's model is known."""
    ids = [row["id"] for row in zoo.installed()]
    return lambda name: next(one for one in ids if one.rpartition("/")[2].startswith(name) or one == name)


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of two classes whose brightness overlaps, 30 each."""
    folder = tmp_path_factory.getbasetemp() / "shapes"
    if not folder.exists():
        generator = np.random.default_rng(0)
        for name, level in (("dark", 100), ("light", 150)):
            (folder / name).mkdir(parents=True)
            for number in range(30):
                pixels = generator.normal(level + generator.normal(0, 12), 20, (24, 24, 3))
                Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder
