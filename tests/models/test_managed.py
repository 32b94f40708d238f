"""Models under the device manager, through the public API: shared, evicted, brought back, pinned, refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.tiny_fixtures import Models
from zoo import Zoo
from zoo.devices import DeviceManager
from zoo.errors import BadInput, BadOption, DeviceError, ZooError
from zoo.models.building import ACTIVATION_LEAST
from zoo.settings import Settings

# Room for the activations of one model and the weights of one `test_resnet` (1.5 MB), but not of two.
ONE = f"{ACTIVATION_LEAST + 2_000_000}"


@pytest.fixture
def opened(home: Path) -> Callable[[str | None], Zoo]:
    def make(budget: str | None = None) -> Zoo:
        return Zoo(home, offline=True, quiet=True, devices=DeviceManager(budget=budget))

    return make


@pytest.fixture
def twins(models: Models, tmp_path: Path) -> tuple[str, str]:
    """Two models of different weights."""
    from safetensors.torch import load_file

    from tests.tiny import rewritten

    tensors = load_file(models.pics / "model.safetensors")
    tensors["fc.bias"] = tensors["fc.bias"] + 1
    other = rewritten(models.pics, tmp_path / "other", tensors)
    return str(models.pics), str(other)


def states(zoo: Zoo) -> dict[str, str]:
    return {row["model"]: row["state"] for row in zoo.devices.residents()}


def test_a_model_that_is_held_twice_is_loaded_once(opened, models: Models) -> None:
    zoo = opened()
    one, two = zoo.load("local/pics"), zoo.load("local/pics", "image-feature-extraction")
    assert one.module is two.module
    assert [row["holders"] for row in zoo.devices.residents()] == [2]
    one.unload()
    assert two.predict(models.red).vector.shape[0] > 1
    two.unload()
    assert zoo.devices.residents() == []


def test_another_type_is_another_module(opened) -> None:
    zoo = opened()
    with zoo.load("local/pics") as exact, zoo.load("local/pics", dtype="bfloat16") as short:
        assert exact.module is not short.module
        assert {p.dtype for p in short.module.parameters()} == {torch.bfloat16}


def test_two_zoos_of_a_process_share_devices(home: Path) -> None:
    assert Zoo(home).devices is Zoo(home.parent / "other").devices


def test_the_least_recently_used_makes_way_and_comes_back(opened, twins: tuple[str, str], models: Models) -> None:
    zoo = opened(f"cpu={ONE}")
    first, second = (zoo.load(name) for name in twins)
    assert sorted(states(zoo).values()) == ["dropped", "here"]
    before = first.predict(models.red)
    assert states(zoo)[second.card.id] == "dropped"
    assert second.predict(models.red) != before
    assert first.predict(models.red) == before
    first.unload()
    second.unload()


def test_a_pinned_model_stays_and_is_named(opened, twins: tuple[str, str]) -> None:
    zoo = opened(f"cpu={ONE}")
    with zoo.load(twins[0], pin=True) as pinned:
        with pytest.raises(DeviceError) as error:
            zoo.load(twins[1])
        assert f"{pinned.card.id} (pinned)" in error.value.cause
        assert "zoo fit" in error.value.remedy
        assert states(zoo) == {pinned.card.id: "here"}
        pinned.unpin()
        zoo.load(twins[1]).unload()
        assert states(zoo) == {pinned.card.id: "dropped"}


def test_a_module_in_the_users_hands_is_pinned(opened, twins: tuple[str, str]) -> None:
    zoo = opened(f"cpu={ONE}")
    with zoo.load(twins[0]) as model:
        module = model.module
        with pytest.raises(DeviceError, match="pinned"):
            zoo.load(twins[1])
        assert model.module is module


def test_a_turn_gives_the_module(opened) -> None:
    with opened().load("local/pics") as model, model.turn() as module:
        assert isinstance(module, torch.nn.Module)
        assert not module.training
    with pytest.raises(ZooError, match="was unloaded"), model.turn():
        pass


def test_a_budget_too_small_says_what_is_needed_and_what_helps(opened) -> None:
    zoo = opened("1MB")
    with pytest.raises(DeviceError) as error:
        zoo.load("local/pics")
    assert "local/pics needs" in error.value.cause
    assert "models may take 1.0 MB on cpu" in error.value.cause
    assert "zoo fit local/pics" in error.value.remedy
    assert zoo.devices.residents() == []


@pytest.mark.parametrize("device", ["cuda:7", "gpu", "", "cpu,cuda:7", ["cpu", "tpu"]])
def test_unknown_devices_name_those_that_are_there(opened, device) -> None:
    with pytest.raises(DeviceError) as error:
        opened().load("local/pics", device=device)
    assert "cpu" in error.value.remedy


@pytest.mark.parametrize("text", ["lots", "12 potatoes", "cpu=", "=5GB", "200%"])
def test_a_budget_that_cannot_be_read(home: Path, text: str) -> None:
    zoo = Zoo(settings=Settings(home=home, offline=True, device_budget=text))
    with pytest.raises(BadInput) as error:
        zoo.load("local/pics")
    assert "ZOO_DEVICE_BUDGET" in error.value.cause


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dtype": "float31"}, "there is no floating-point type 'float31'"),
        ({"autocast": "int8"}, "there is no type for autocast 'int8'"),
        ({"engine": "onnx"}, "there is no engine 'onnx'"),
        ({"quantize": "int7"}, "there is no precision 'int7'"),
        ({"batch": 0}, "a batch of 0"),
        ({"samples": "a text"}, "samples is one text"),
        ({"engine": "onnxruntime", "compile": True}, "compile is torch's own"),
        ({"quantize": "int8", "autocast": "bfloat16"}, "autocast is torch's own"),
    ],
)
def test_bad_options_are_refused_before_anything_is_loaded(opened, options: dict[str, object], said: str) -> None:
    zoo = opened()
    with pytest.raises(BadOption) as error:
        zoo.load("local/pics", **options)
    assert said in error.value.cause
    assert error.value.remedy
    assert zoo.devices.residents() == []


def test_many_threads_on_several_models_give_what_one_gives(opened, twins: tuple[str, str], models: Models) -> None:
    """With room for one picture model at a time, so that they keep making way for each other."""
    zoo = opened(f"cpu={ONE}")
    pictures = sorted(models.squares.rglob("*.png"))
    loaded = [*(zoo.load(name, batch=4) for name in twins), zoo.load("local/judge", batch=4)]
    inputs = [pictures, pictures, [f"the film was {'very ' * n}good" for n in range(10)]]
    alone = [model.predict(given) for model, given in zip(loaded, inputs, strict=True)]
    results: dict[int, object] = {}

    def work(number: int) -> None:
        results[number] = loaded[number % 3].predict(inputs[number % 3])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert len(results) == 12
    for number, made in results.items():
        assert made == alone[number % 3]


def test_a_forgotten_model_is_let_go(opened) -> None:
    import gc

    zoo = opened()
    zoo.load("local/pics")
    gc.collect()
    assert zoo.devices.residents() == []
