"""How much models may take."""

from __future__ import annotations

import pytest

from tests.devices.fakes import World, device
from zoo.devices import Budget, Device
from zoo.errors import BadInput, DeviceError


@pytest.mark.parametrize(
    ("text", "cpu", "cuda"),
    [
        ("2GB", 2 * 10**9, 2 * 10**9),
        ("2 gib", 2 * 2**30, 2 * 2**30),
        ("50%", 4 * 10**9, 10 * 10**9),
        ("cpu=1.5GB,cuda:0=100%", 1_500_000_000, 20 * 10**9),
        (" cuda = 512MiB , 1GB ", 10**9, 512 * 2**20),
        ("1000000", 1_000_000, 1_000_000),
        ("0", 0, 0),
        ("100GB", 8 * 10**9, 20 * 10**9),
        ("cpu=1GB", 10**9, 9 * 10**9),
        (None, 3_200_000_000, 9 * 10**9),
        ("  ", 3_200_000_000, 9 * 10**9),
    ],
)
def test_budgets(text: str | None, cpu: int, cuda: int) -> None:
    budget = Budget.parse(text)
    assert budget.of(device("cpu", 8 * 10**9, free=4 * 10**9)) == cpu
    assert budget.of(device("cuda:0", 20 * 10**9, free=10**10)) == cuda


@pytest.mark.parametrize(
    "text", ["much", "2 parsecs", "-1GB", "101%", "cpu=", "=2GB", "cpu=1GB,cpu=2GB", "1GB,2GB", ",", "1GB,", "٣GB", "%"]
)
def test_what_cannot_be_read_names_the_variable_and_shows_how(text: str) -> None:
    with pytest.raises(BadInput) as error:
        Budget.parse(text)
    assert error.value.cause.startswith(f"ZOO_DEVICE_BUDGET={text!r}")
    assert "cpu=4GB,cuda:0=20GB" in error.value.remedy


def test_a_device_that_is_not_there_is_an_error_when_first_used() -> None:
    world = World(device("cpu", 100), budget="cuda:1=5GB")
    for use in (world.manager.state, lambda: world.load("m", 10)):
        with pytest.raises(DeviceError, match="ZOO_DEVICE_BUDGET names cuda:1") as error:
            use()
        assert "cpu" in error.value.remedy


def test_what_is_held_already_counts_as_free_but_only_what_the_process_has_in_truth() -> None:
    """Mapped weights are free in the device's sense, so they must not be counted twice."""
    plain = Device(name="cuda:0", description="", total=1000, free=400, own=0)
    holding = Device(name="cuda:0", description="", total=1000, free=400, own=250)
    assert Budget().of(plain, held=300) == 360
    assert Budget().of(holding, held=300) == 585
    assert Budget().of(holding, held=100) == 450
    assert Budget().of(holding, held=0) == 360


def test_a_safe_share_is_left_by_default() -> None:
    world = World(device("cpu:1", 1000), device("cpu", 1000), budget=None)
    assert [row["budget"] for row in world.manager.state()] == [800, 800]
    with pytest.raises(DeviceError):
        world.load("m", 801, on="cpu")
    assert world.load("m", 800, on="cpu").room() == 0
