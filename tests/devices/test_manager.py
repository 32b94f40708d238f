"""Leases: where models go, who shares them, and what is said when there is no room."""

from __future__ import annotations

import gc
import threading

import pytest

from tests.devices.fakes import World, device, together, use
from zoo.devices import Claim, Fixed, Placement, shared
from zoo.errors import BadData, DeviceError, ZooError


def test_auto_takes_the_first_with_room() -> None:
    world = World(device("cuda:0", 100), device("cpu", 10_000))
    assert world.load("small", 50).device == "cuda:0"
    assert world.load("large", 5_000).device == "cpu"


def test_auto_makes_room_rather_than_take_a_slower_kind() -> None:
    world = World(device("cuda:0", 100), device("cuda:1", 100), device("cpu", 10_000))
    leases = [world.load(name, 80) for name in "abc"]
    assert [lease.device for lease in leases] == ["cuda:0", "cuda:1", "cuda:0"]
    assert world.states() == {"a": "moved to cpu", "b": "here", "c": "here"}


@pytest.mark.parametrize(("wanted", "name"), [("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("cpu", "cpu")])
def test_named_devices(wanted: str, name: str) -> None:
    world = World(device("cuda:0", 100), device("cuda:1", 100), device("cpu", 100))
    assert world.load("m", 10, on=wanted).device == name


@pytest.mark.parametrize("wanted", ["cuda:7", "gpu", "", "CPU", "tpu", "cuda:x", ["cpu", "cuda:1"], []])
def test_unknown_devices_name_those_that_are_there(wanted: str | list[str]) -> None:
    with pytest.raises(DeviceError) as error:
        World(device("cpu", 100)).load("m", 10, on=wanted)
    assert "cpu" in error.value.remedy


def test_a_budget_too_small_says_what_is_needed_and_who_holds_what() -> None:
    world = World(device("cpu", 10**10), budget="1GB")
    with pytest.raises(DeviceError) as error:
        world.load("big", 5 * 10**9, activation=10**9)
    assert error.value.cause == (
        "big needs 6.0 GB (weights 5.0 GB, activations 1.0 GB), and models may take 1.0 GB on cpu"
    )
    assert "`zoo fit big`" in error.value.remedy
    assert "ZOO_DEVICE_BUDGET" in error.value.remedy
    assert world.states() == {}

    first, second = world.load("first", 3 * 10**8), world.load("second", 4 * 10**8)
    first.pin()
    with pytest.raises(DeviceError, match=r"of which 300\.0 MB are held by first \(pinned\)"):
        world.load("third", 8 * 10**8)
    assert world.states() == {"first": "here", "second": "here"}, "nothing leaves for a model that has no room anyway"
    assert use(second) is not None


def test_one_model_held_twice_is_loaded_once() -> None:
    world = World(device("cpu:1", 100), device("cpu", 100))
    one, two, other = world.load("m", 60), world.load("m", 60), world.load("m", 60, on="cpu")
    assert use(one) is use(two) is not use(other)
    assert world.made == [("m", "cpu:1"), ("m", "cpu")]
    assert world.leased() == {"cpu:1": 60, "cpu": 60}
    assert [row["holders"] for row in world.manager.residents()] == [2, 1]


def test_it_goes_with_its_last_lease() -> None:
    world = World(device("cpu", 100))
    one, two = world.load("m", 60), world.load("m", 60)
    one.release()
    one.release()
    assert world.leased() == {"cpu": 60}
    two.release()
    assert world.manager.residents() == []
    assert world.leased() == {"cpu": 0}
    for lease in (one, two):
        with pytest.raises(ZooError, match="was released"):
            lease.module()
    world.load("m", 60)
    assert world.made == [("m", "cpu")] * 2


def test_a_lease_that_nobody_has_any_more_is_released() -> None:
    world = World(device("cpu", 100))
    lease = world.load("m", 60, keep=False)
    lease.pin()
    del lease
    gc.collect()
    assert world.manager.residents() == []


def test_released_in_its_turn_it_stays_until_the_turn_ends() -> None:
    world = World(device("cpu", 100))
    lease = world.load("m", 60)
    with lease.turn() as module:
        lease.release()
        assert world.states() == {"m": "here"}
        assert module.body.weight.shape == (4, 4)
    assert world.states() == {}


def test_many_that_want_the_same_wait_for_one_to_make_it() -> None:
    world = World(device("cpu", 100))
    begun = threading.Barrier(8)

    def load() -> object:
        begun.wait()
        return world.load("m", 60)

    leases = together([load] * 8)
    assert world.made == [("m", "cpu")]
    assert len({id(use(lease)) for lease in leases}) == 1


def test_when_making_fails_everything_is_given_back_and_others_try_themselves() -> None:
    world = World(device("cpu", 100))
    inside, go_on = threading.Event(), threading.Event()

    def fails(claim: Claim, placement: Placement) -> object:
        inside.set()
        go_on.wait(20)
        raise BadData("broken file", "")

    def first() -> str:
        with pytest.raises(BadData):
            world.load("m", 60, make=fails)
        return "failed"

    def second() -> str:
        inside.wait(20)
        threading.Timer(0.05, go_on.set).start()
        return world.load("m", 60).device

    assert sorted(together([first, second])) == ["cpu", "failed"]
    assert world.leased() == {"cpu": 60}
    assert world.made == [("m", "cpu")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError("illegal"), SystemExit])
def test_any_end_of_making_gives_the_room_back(error: BaseException) -> None:
    world = World(device("cpu:1", 100), device("cpu", 100))

    def fails(claim: Claim, placement: Placement) -> object:
        raise error

    for _ in range(3):
        with pytest.raises(type(error) if isinstance(error, BaseException) else error):
            world.load("m", 60, make=fails)
    assert world.leased() == {"cpu:1": 0, "cpu": 0}
    assert world.load("m", 100).device == "cpu:1"


def test_too_large_for_one_device_it_is_spread_in_order() -> None:
    world = World(device("cuda:0", 100), device("cuda:1", 50), device("cpu", 1000))
    over_two = world.load("two", 120, activation=10)
    assert over_two.placement.memory == {"cuda:0": 90, "cuda:1": 40}
    assert over_two.placement.spread
    over_two.release()
    lease = world.load("all", 1010, activation=10)
    assert list(lease.placement.memory) == ["cuda:0", "cuda:1", "cpu"]
    assert sum(lease.placement.memory.values()) >= 1010
    again = world.load("all", 1010, activation=10)
    assert again.placement == lease.placement
    assert len(world.made) == 2


def test_who_names_one_device_gets_that_or_an_error() -> None:
    world = World(device("cuda:0", 100), device("cpu", 1000))
    for on, spread in (("cuda:0", True), (["cuda:0"], True), ("auto", False)):
        with pytest.raises(DeviceError, match=r"needs 1\.1 kB"):
            world.load("m", 1050, on=on, spread=spread)
    assert world.load("m", 1050, on=["cpu", "cuda:0"]).placement.devices == ("cpu", "cuda:0")


def test_listeners_are_told_and_cannot_harm() -> None:
    world = World(device("cpu", 100))
    seen: list[dict[str, str]] = []
    world.manager.subscribe(lambda: seen.append(world.states()))
    lease = world.load("m", 60)
    lease.release()
    assert seen[0] == {"m": "loading"}
    assert {"m": "here"} in seen
    assert seen[-1] == {}
    world.manager.subscribe(lambda: 1 / 0)
    with pytest.warns(RuntimeWarning, match="division by zero"):
        lease = world.load("m", 60)
    with pytest.warns(RuntimeWarning, match="division by zero"):
        lease.release()


def test_without_a_manager_the_surface_is_the_same() -> None:
    module = object()
    fixed = Fixed(module)
    with fixed.turn() as given:
        assert given is module is fixed.module()
    fixed.pin()
    fixed.unpin()
    fixed.measured(10**15)
    fixed.release()
    assert fixed.room() > 10**6
    assert fixed.device == fixed.placement.device == "cpu"
    assert not fixed.placement.spread


def test_one_manager_a_process_and_budget() -> None:
    assert len({id(manager) for manager in together([lambda: shared("37%")] * 8)}) == 1
    assert shared() is shared(None) is not shared("37%")
