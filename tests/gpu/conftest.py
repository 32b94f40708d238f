"""Fixtures of the tests that need an accelerator: they are skipped, with the reason, where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from tests.tiny_fixtures import home, models, stocked_home
from zoo import Zoo

__all__ = ["home", "models", "stocked_home"]


def found() -> list[str]:
    """The accelerators that torch can use here, by name."""
    names = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    names += [f"xpu:{index}" for index in range(torch.xpu.device_count())] if torch.xpu.is_available() else []
    return names + (["mps"] if torch.backends.mps.is_available() else [])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip before any fixture is made: those of whole runs come first otherwise, and take their time."""
    names, wanted = found(), set(getattr(item, "fixturenames", ()))
    where = f"torch {torch.__version__} finds {', '.join(names) or 'no CUDA, XPU or MPS device'} here"
    if wanted & {"gpu", "cuda", "two_gpus"} and not names:
        pytest.skip(f"needs an accelerator: {where}")
    if "two_gpus" in wanted and len(names) < 2:
        pytest.skip(f"needs two accelerators: {where}")
    if "cuda" in wanted and not names[0].startswith("cuda"):
        pytest.skip(f"needs CUDA's allocator: {where}")


@pytest.fixture
def gpu() -> Iterator[str]:
    """The first accelerator, with its caches empty before and after."""
    name = found()[0]
    kind = getattr(torch, name.partition(":")[0])
    kind.empty_cache()
    yield name
    kind.empty_cache()


@pytest.fixture
def cuda(gpu: str) -> str:
    """The first accelerator, which is a CUDA device."""
    return gpu


@pytest.fixture
def two_gpus() -> tuple[str, str]:
    """The first two accelerators."""
    first, second, *_ = found()
    return first, second


@pytest.fixture
def here(home) -> Zoo:
    """A zoo of the test's own, with the small models."""
    return Zoo(home, offline=True, quiet=True)
