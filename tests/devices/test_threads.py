"""Many threads at once: the results of one thread, and nobody waits for ever."""

from __future__ import annotations

import random
import threading

import pytest
import torch

from tests.devices.fakes import World, device, together
from zoo.devices.threads import cpu_threads
from zoo.errors import BadData, DeviceError


def net(seed: int) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 14 * 14, 10)
        ).eval()


@pytest.mark.parametrize("on", ["cpu", "cpu:1"])
def test_16_threads_over_4_models_give_the_results_of_one(on: str) -> None:
    """The budget holds two of the four models: they leave and come back all the time."""
    x = torch.randn(4, 3, 16, 16)
    with torch.inference_mode():
        alone = [net(seed)(x) for seed in range(4)]
    world = World(device("cpu:1", 100), device("cpu", 100))
    leases = [world.load(str(seed), 40, on=on, make=lambda c, p: net(int(c.owner))) for seed in range(4)]

    def worker(number: int) -> None:
        order = random.Random(number)
        for _ in range(15):
            seed = order.randrange(4)
            with leases[seed].turn() as module, torch.inference_mode():
                assert torch.equal(module(x), alone[seed])

    together([lambda n=n: worker(n) for n in range(16)])
    rows = world.manager.residents()
    assert sum(row["uses"] for row in rows) == 16 * 15
    assert sum(row["state"] == "here" for row in rows) <= 2


def test_loading_using_pinning_and_releasing_all_at_once_ends() -> None:
    """Random work of eight threads over two small devices, with models that fail to load and turns that fail."""
    world = World(device("cpu:1", 100), device("cpu:2", 60), device("cpu", 120))

    def make(claim, placement):
        if random.random() < 0.1:
            raise BadData("broken", "")
        return torch.nn.Linear(2, 2)

    def once(order: random.Random) -> None:
        on = order.choice(["auto", "cpu", "cpu:1", ["cpu:2", "cpu:1"], ["cpu:1", "cpu:2", "cpu"]])
        lease = world.load(f"m{order.randrange(6)}", order.choice([20, 40, 90]), on=on, make=make, keep=False)
        if order.random() < 0.2:
            lease.pin()
        for _ in range(order.randrange(4)):
            with lease.turn() as module:
                module(torch.zeros(2))
                lease.measured(order.randrange(30))
                if order.random() < 0.1:
                    world.load(f"m{order.randrange(6)}", 20, make=make, keep=False).module()
                if order.random() < 0.1:
                    raise KeyboardInterrupt
        if order.random() < 0.5:
            lease.release()

    def worker(seed: int) -> int:
        order, done = random.Random(seed), 0
        for _ in range(30):
            try:
                once(order)
                done += 1
            except (BadData, DeviceError, KeyboardInterrupt):
                continue
        return done

    assert sum(together([lambda s=s: worker(s) for s in range(8)])) > 50
    assert world.manager.residents() == []
    assert set(world.leased().values()) == {0}


def test_no_more_threads_than_cores_and_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        with cpu_threads(2):
            assert torch.get_num_threads() == 2
            with cpu_threads(3):
                assert torch.get_num_threads() == 2, "a number that was set lower stays"
        assert torch.get_num_threads() == 4
        with cpu_threads(None):
            assert torch.get_num_threads() == 4
        seen: list[int] = []

        def work() -> None:
            with cpu_threads(2):
                seen.append(torch.get_num_threads())

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert seen == [2]
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_a_turn_on_the_cpu_computes_with_the_cores_of_the_container() -> None:
    world = World(device("cpu:1", 100), device("cpu", 100))
    on_cpu, elsewhere = world.load("a", 10, on="cpu"), world.load("b", 10, on="cpu:1")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(5)
        with on_cpu.turn():
            assert torch.get_num_threads() == 2
        with elsewhere.turn():
            assert torch.get_num_threads() == 5
    finally:
        torch.set_num_threads(before)
