"""The engine: autocast, memory formats, compilation and transfers; speed itself is measured in `benchmarks/`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import nn

from zoo.errors import BadOption
from zoo.models import Engine
from zoo.models.accelerating import Mover
from zoo.plugin import NoOptions, Runner


class Pictures(Runner):
    """Tensors (3, 8, 8) through a module; what it saw is kept."""

    batch = 4

    def __init__(self) -> None:
        self.seen: list[torch.Tensor] = []
        self.types: set[torch.dtype] = set()

    def prepare(self, value: torch.Tensor, options: Any) -> Sequence[torch.Tensor]:
        return [value]

    def collate(self, examples: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.stack(list(examples))

    def forward(self, module: Any, batch: torch.Tensor, options: Any) -> torch.Tensor:
        return module(batch)

    def finish(self, outputs: torch.Tensor, examples: Sequence[Any], options: Any) -> Sequence[torch.Tensor]:
        self.types.add(outputs.dtype)
        return list(outputs.float())


class Seeing(Pictures):
    def forward(self, module: Any, batch: torch.Tensor, options: Any) -> torch.Tensor:
        self.seen.append(batch)
        return module(batch)


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.Flatten(), nn.Linear(64, 5)).eval()


@pytest.fixture
def pictures() -> list[torch.Tensor]:
    return list(torch.randn(10, 3, 8, 8, generator=torch.Generator().manual_seed(1)))


def run(module: nn.Module, pictures: list[torch.Tensor], runner: Runner | None = None, **options: Any) -> torch.Tensor:
    made = Engine(module, runner or Pictures(), device=torch.device("cpu"), dtype=torch.float32, **options)
    return torch.stack(list(made.run(pictures, NoOptions())))


def test_channels_last_changes_the_layout_and_not_the_results(module: nn.Module, pictures: list[torch.Tensor]) -> None:
    runner = Seeing()
    found = run(module, pictures, runner, channels_last=True)
    assert all(batch.is_contiguous(memory_format=torch.channels_last) for batch in runner.seen)
    torch.testing.assert_close(found, run(module, pictures, channels_last=False), rtol=1e-5, atol=1e-6)


def test_channels_last_is_for_cpu_and_torch(module: nn.Module) -> None:
    batch = torch.zeros(2, 3, 4, 4)
    for device, runs, expected in (("cpu", module, True), ("cpu", object(), False), ("meta", module, False)):
        made = Mover(torch.device(device), None).moved(batch, runs)
        assert made.is_contiguous(memory_format=torch.channels_last) is expected


def test_batches_are_moved_to_device_and_type() -> None:
    given = {"x": torch.zeros(2), "n": torch.zeros(2, dtype=torch.int64), "l": [torch.zeros(1)], "s": "s"}
    moved = Mover(torch.device("cpu"), torch.float16).moved(given, None)
    assert moved["x"].dtype == moved["l"][0].dtype == torch.float16
    assert moved["n"].dtype == torch.int64
    assert moved["s"] == "s"


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_autocast_computes_in_the_smaller_type(module: nn.Module, pictures: list[torch.Tensor], kind: str) -> None:
    runner = Pictures()
    found = run(module, pictures, runner, autocast=kind)
    assert runner.types == {getattr(torch, kind)}
    torch.testing.assert_close(found, run(module, pictures), rtol=0.05, atol=0.05)
    assert not torch.equal(found, run(module, pictures))


def test_unknown_types_for_autocast_are_refused(module: nn.Module) -> None:
    with pytest.raises(BadOption, match="int4"):
        Engine(module, Pictures(), autocast="int4")


@pytest.mark.parametrize("options", [{"autocast": "bfloat16"}, {"compile": True}])
def test_what_is_torchs_own_is_refused_for_other_engines(options: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match="does not run on torch"):
        Engine(object(), Pictures(), **options)


def test_compiled_gives_the_same(module: nn.Module, pictures: list[torch.Tensor]) -> None:
    """Traced and run by the backend that needs no compiler; the number of pictures changes at the end."""
    found = run(module, pictures, compile="eager", batch=4)
    torch.testing.assert_close(found, run(module, pictures), rtol=1e-5, atol=1e-6)


def test_what_cannot_be_compiled_runs_plainly(module: nn.Module, pictures: list[torch.Tensor]) -> None:
    with pytest.warns(UserWarning, match=r"torch\.compile does not work here, going on without it: .*no-such"):
        found = run(module, pictures, compile="no-such-backend")
    torch.testing.assert_close(found, run(module, pictures))
