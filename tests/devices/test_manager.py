"""Devices are found, and leases are what they claim."""

from __future__ import annotations

import threading

import pytest

from zoo.devices import Device, DeviceManager, discover
from zoo.errors import DeviceError


def device(name: str, free: int) -> Device:
    return Device(name=name, description="", total=free, free=free)


def manager(*devices: Device) -> DeviceManager:
    return DeviceManager(lambda: devices)


def test_this_machine_has_a_cpu_with_memory() -> None:
    found = discover()
    assert found[-1].name == "cpu"
    assert 0 < found[-1].free <= found[-1].total
    assert len({d.name for d in found}) == len(found)


def test_auto_takes_the_first_with_room() -> None:
    made = manager(device("cuda:0", 100), device("cpu", 10_000))
    assert made.lease("small", 50).device == "cuda:0"
    assert made.lease("large", 5_000).device == "cpu"


@pytest.mark.parametrize(("wanted", "name"), [("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("cpu", "cpu")])
def test_named_devices(wanted: str, name: str) -> None:
    made = manager(device("cuda:0", 100), device("cuda:1", 100), device("cpu", 100))
    assert made.lease("m", 10, wanted).device == name


@pytest.mark.parametrize("wanted", ["cuda:7", "gpu", "", "CPU", "tpu", "cuda:x"])
def test_unknown_devices_name_those_that_are_there(wanted: str) -> None:
    with pytest.raises(DeviceError) as error:
        manager(device("cpu", 100)).lease("m", 10, wanted)
    assert "cpu" in error.value.remedy


def test_too_large_says_how_much_is_free() -> None:
    with pytest.raises(DeviceError) as error:
        manager(device("cpu", 1_000_000_000)).lease("big", 5_000_000_000)
    assert "big needs 6.0 GB" in error.value.cause
    assert "cpu has 1.0 GB free" in error.value.cause


def test_leases_are_counted_and_given_back() -> None:
    made = manager(device("cpu", 1_000))
    one, two = made.lease("a", 10), made.lease("b", 10)
    assert [lease.owner for lease in made.leases()] == ["a", "b"]
    made.release(one)
    made.release(one)
    assert made.leases() == (two,)


def test_many_threads() -> None:
    made = manager(device("cpu", 10**9))
    threads = [threading.Thread(target=lambda: made.release(made.lease("m", 1))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.leases() == ()
