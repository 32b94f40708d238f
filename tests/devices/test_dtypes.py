"""The floating-point type follows what the device computes natively and what the model allows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from zoo.devices.dtypes import autocast_dtype, best_dtype, natives

ALL = ("float32", "bfloat16", "float16")


@pytest.mark.parametrize(
    ("capability", "best", "mixed"),
    [
        ((10, 0), "bfloat16", "bfloat16"),
        ((9, 0), "bfloat16", "bfloat16"),
        ((8, 6), "bfloat16", "bfloat16"),
        ((8, 0), "bfloat16", "bfloat16"),
        ((7, 5), "float16", "float16"),
        ((7, 0), "float16", "float16"),
        ((6, 1), "float32", "float16"),
    ],
)
def test_cuda_goes_by_compute_capability(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], best: str, mixed: str
) -> None:
    asked: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: asked.append(device) or capability)
    assert best_dtype("cuda:1", ALL) == best
    assert autocast_dtype("cuda:1") == mixed
    assert set(asked) == {torch.device("cuda:1")}, "another device than the one asked for"


@pytest.mark.parametrize(
    ("bfloat16", "half", "best"),
    [(True, True, "bfloat16"), (False, True, "float16"), (False, False, "float32")],
)
def test_xpu_goes_by_its_properties(monkeypatch: pytest.MonkeyPatch, bfloat16: bool, half: bool, best: str) -> None:
    properties = SimpleNamespace(has_bfloat16_conversions=bfloat16, has_fp16=half)
    monkeypatch.setattr(torch.xpu, "get_device_properties", lambda device: properties)
    assert best_dtype("xpu:0", ALL) == best


def test_mps_takes_half_precision() -> None:
    assert best_dtype("mps", ALL) == autocast_dtype("mps") == "float16"


def test_the_cpu_stays_exact_unless_asked() -> None:
    assert best_dtype("cpu", ALL) == "float32"
    assert autocast_dtype("cpu") == "bfloat16"
    assert natives("cpu:1") == ("float32",)


@pytest.mark.parametrize(
    ("allowed", "best"),
    [
        (("float32",), "float32"),
        (("float32", "float16"), "float16"),
        (("float32", "bfloat16"), "bfloat16"),
        (("bfloat16", "float32"), "bfloat16"),
    ],
)
def test_a_model_takes_only_what_it_allows(allowed: tuple[str, ...], best: str) -> None:
    assert best_dtype("cuda:0", allowed, natives=lambda device: ("bfloat16", "float16", "float32")) == best


def test_an_older_card_does_not_emulate_bfloat16() -> None:
    assert best_dtype("cuda:0", ("float32", "bfloat16"), natives=lambda device: ("float16", "float32")) == "float32"


def test_a_model_of_16_bit_only_keeps_its_type() -> None:
    assert best_dtype("cpu", ("bfloat16",)) == "bfloat16"
