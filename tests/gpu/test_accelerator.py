"""What only an accelerator can show, on whichever is here. No test of this file passes without one: all are skipped.

One command runs them on a machine that has one: `pytest -rs tests/gpu`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import nn

from tests.tiny_fixtures import Models
from zoo import Zoo
from zoo.devices import Claim, Device, DeviceManager, Placement
from zoo.devices.dtypes import autocast_dtype, best_dtype
from zoo.models.spread import blocks, spread

MB = 1_000_000
# float32 on an accelerator sums in another order, and may use TF32; 16-bit types keep 8 or 11 bits of a number.
EXACT, ROUGH = 5e-3, 5e-2


def scores(result: Any) -> dict[str, float]:
    """Label to score."""
    return {row["label"]: row["score"] for row in result.to_dict()["labels"]}


def apart(one: Any, two: Any) -> float:
    first, second = scores(one), scores(two)
    assert first.keys() == second.keys()
    return max(abs(first[label] - second[label]) for label in first)


@pytest.mark.parametrize("name", ["pics", "judge"])
def test_results_are_those_of_the_cpu(name: str, gpu: str, here: Zoo, models: Models) -> None:
    value = models.red if name == "pics" else "a very good film"
    with here.load(name, device="cpu") as model:
        expected = model.predict(value, top_k=3)
    with here.load(name, device=gpu, dtype="float32") as model:
        assert {str(parameter.device) for parameter in model.module.parameters()} == {gpu}
        assert apart(model.predict(value, top_k=3), expected) < EXACT


@pytest.mark.parametrize("name", ["pics", "judge"])
def test_auto_takes_the_accelerator_and_its_type(name: str, gpu: str, here: Zoo, models: Models) -> None:
    value = models.red if name == "pics" else "a very good film"
    with here.load(name, device="cpu") as model:
        expected = model.predict(value, top_k=3)
    with here.load(name) as model:
        assert model.device == gpu
        assert model.dtype == getattr(torch, best_dtype(gpu, ("float32", "bfloat16", "float16")))
        assert apart(model.predict(value, top_k=3), expected) < ROUGH


def test_mixed_precision(gpu: str, here: Zoo, models: Models) -> None:
    with here.load("pics", device="cpu") as model:
        expected = model.predict(models.red, top_k=3)
    with here.load("pics", device=gpu, dtype="float32", autocast=autocast_dtype(gpu)) as model:
        assert apart(model.predict(models.red, top_k=3), expected) < ROUGH


def test_real_exhaustion_halves_the_batch(cuda: str, here: Zoo, models: Models) -> None:
    """All but a little memory is taken by others; a batch that does not fit is run in pieces, with equal results."""
    count = 512
    with here.load("pics", device=cuda, dtype="float32", batch=count) as model:
        expected = model.predict(models.red, top_k=3)
        free, _ = torch.cuda.mem_get_info(cuda)
        taken = torch.empty(max(0, free - 400 * MB), dtype=torch.uint8, device=cuda)
        try:
            results = model.predict([str(models.red)] * count, top_k=3)
        finally:
            del taken
        assert model.engine.batch < count, "there was room for the whole batch: nothing was tested"
    assert len(results) == count
    assert max(apart(result, expected) for result in results) < EXACT


def test_peak_memory_is_measured(cuda: str, here: Zoo, models: Models) -> None:
    with here.load("pics", device=cuda, batch=16) as model:
        torch.cuda.reset_peak_memory_stats(cuda)
        model.predict([str(models.red)] * 64)
        assert torch.cuda.max_memory_allocated(cuda) > torch.cuda.memory_allocated(cuda)


def layer(device: str, fill: float, built: list[str]) -> nn.Module:
    """60 MB of weights on a device."""
    built.append(device)
    made = nn.Linear(3872, 3872, bias=False)
    nn.init.constant_(made.weight, fill)
    return made.to(device)


def claim(owner: str) -> Callable[[Device], Claim]:
    return lambda device: Claim(owner=owner, key=owner, weights=60 * MB, activation=MB)


def maker(fill: float, built: list[str]) -> Callable[[Claim, Placement], nn.Module]:
    return lambda claim, placement: layer(placement.device, fill, built)


def test_a_model_leaves_and_returns_with_equal_results(gpu: str) -> None:
    manager = DeviceManager(budget=f"{gpu}=100MB")
    given = torch.ones(1, 3872, device=gpu)
    built: list[str] = []
    first = manager.lease(gpu, claim("first"), maker(0.5, built))
    with first.turn() as module, torch.inference_mode():
        before = module(given).cpu()
    second = manager.lease(gpu, claim("second"), maker(0.25, built))
    with second.turn() as module, torch.inference_mode():
        assert module(given).device == torch.device(gpu)
    states = {row["model"]: row["state"] for row in manager.residents()}
    assert states["second"] == "here"
    assert states["first"] != "here"
    with first.turn() as module, torch.inference_mode():
        assert module.weight.device == torch.device(gpu)
        torch.testing.assert_close(module(given).cpu(), before, rtol=0, atol=0)
    first.release()
    second.release()


def test_one_model_held_twice_is_there_once(gpu: str) -> None:
    manager = DeviceManager(budget=f"{gpu}=100MB")
    built: list[str] = []
    one = manager.lease(gpu, claim("same"), maker(0.5, built))
    two = manager.lease(gpu, claim("same"), maker(0.5, built))
    assert one.module() is two.module()
    assert built == [gpu]
    one.release()
    two.release()


def test_memory_comes_back_when_the_last_holder_goes(cuda: str) -> None:
    manager = DeviceManager(budget=f"{cuda}=100MB")
    before = torch.cuda.memory_allocated(cuda)
    lease = manager.lease(cuda, claim("first"), maker(0.5, []))
    assert torch.cuda.memory_allocated(cuda) - before >= 59 * MB
    lease.release()
    assert torch.cuda.memory_allocated(cuda) == before


def test_many_threads_give_the_results_of_one(gpu: str, here: Zoo, models: Models) -> None:
    with here.load("pics", device=gpu) as pics, here.load("judge", device=gpu) as judge:
        expected = pics.predict(models.red, top_k=3), judge.predict("a good film", top_k=2)

        def both(_: int) -> float:
            return max(
                apart(pics.predict(models.red, top_k=3), expected[0]),
                apart(judge.predict("a good film", top_k=2), expected[1]),
            )

        with ThreadPoolExecutor(8) as pool:
            assert max(pool.map(both, range(32))) < EXACT


def tower() -> nn.Module:
    torch.manual_seed(0)
    rows = [nn.TransformerEncoderLayer(64, 4, 128, batch_first=True, norm_first=True) for _ in range(6)]
    return nn.Sequential(nn.Linear(16, 64), *rows, nn.Linear(64, 4)).eval()


def check_spread(first: str, second: str | None) -> None:
    module = tower()
    given = torch.randn(2, 5, 16)
    with torch.inference_mode():
        expected = module(given)
        one = max(sum(t.nbytes for t in block.parameters()) for block in blocks(module).values())
        memory = {first: 3 * one, **({second: 2 * one} if second else {}), "cpu": 100 * one}
        spread(module, memory)
        got = module(given.to(first))
    assert got.device == torch.device(first)
    torch.testing.assert_close(got.cpu(), expected, rtol=1e-3, atol=1e-4)


def test_blocks_wait_on_the_cpu(gpu: str) -> None:
    check_spread(gpu, None)


def test_blocks_lie_on_two_accelerators(two_gpus: tuple[str, str]) -> None:
    check_spread(*two_gpus)


def test_pinned_batches_arrive_whole(cuda: str, here: Zoo, models: Models) -> None:
    """Copies that overlap with computing must not be read before they ended: many batches, each result checked."""
    with here.load("pics", device=cuda, dtype="float32", batch=4) as model:
        squares = sorted(str(path) for path in models.squares.rglob("*.png"))
        alone = [model.predict(path, top_k=3) for path in squares]
        together = model.predict(squares, top_k=3)
    assert max(apart(one, two) for one, two in zip(alone, together, strict=True)) < EXACT
