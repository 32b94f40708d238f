"""Does it fit, where, and what would make it fit?"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import pytest

from zoo.errors import BadOption, DeviceError, NotInstalled, UnknownModel
from zoo.fitting import Fit, Question, read_bytes

Ask = Callable[..., Fit]


def total(made: Fit, place: int = 0) -> int:
    need = made.verdicts[place].need
    assert need is not None
    return need.total


def test_weights_are_those_of_the_files(ask: Ask, text_model: str) -> None:
    import torch
    from safetensors.torch import load_file

    stored = sum(t.nbytes for t in load_file(f"{text_model}/model.safetensors").values())
    made = ask(text_model)
    assert made.fits is True
    need = made.verdicts[0].need
    assert need is not None
    assert need.weights == pytest.approx(stored, rel=0.05)
    half = ask(text_model, dtype="bfloat16").verdicts[0].need
    assert half is not None
    assert half.weights == pytest.approx(need.weights / 2, rel=0.05)
    assert torch.get_default_dtype() is torch.float32


def test_the_largest_batch_fits_and_one_more_does_not(ask: Ask, picture_model: str) -> None:
    room = 60_000_000
    largest = ask(picture_model, room).verdicts[0].largest
    assert largest is not None
    assert largest > 1
    assert ask(picture_model, room, batch=largest).fits is True
    assert ask(picture_model, room, batch=largest + 1).fits is False


def test_full_fine_tuning_is_sixteen_bytes_a_parameter(ask: Ask, text_model: str) -> None:
    for dtype in ("float32", "bfloat16"):
        need = ask(text_model, finetune="full", dtype=dtype).verdicts[0].need
        assert need is not None
        whole = need.weights + need.gradients + need.optimizer
        parameters = need.weights / (4 if dtype == "float32" else 2)
        assert whole == pytest.approx(16 * parameters, rel=0.05)


def options(text: str) -> dict[str, Any]:
    """The question's fields of options as they are written on the command line."""
    words, made = shlex.split(text), {}
    while words:
        name = words.pop(0).removeprefix("--")
        if name == "checkpointing":
            made[name] = True
        elif name == "memory":
            made[name] = read_bytes(words.pop(0))
        else:
            value = words.pop(0)
            made[name] = int(value) if value.isdecimal() else value
    return made


@pytest.mark.parametrize(
    ("question", "share"),
    [
        ({"batch": 64}, 0.5),
        ({"batch": 16, "finetune": "full"}, 0.6),
        ({"batch": 16, "finetune": "lora"}, 0.7),
        ({}, 0.9),
    ],
)
def test_every_advice_makes_it_fit(ask: Ask, text_model: str, question: dict[str, Any], share: float) -> None:
    room = int(total(ask(text_model, **question)) * share)
    made = ask(text_model, room, **question)
    assert made.fits is False
    assert len(made.advice) > 1
    for advice in made.advice:
        changed = {**question, **options(advice.options)}
        if changed.get("finetune") in {"probe", "head"}:
            changed.pop("checkpointing", None)
        assert ask(text_model, room, **changed).fits is True, advice.options
    assert all(_way in str(made) for _way in [made.advice[0].options])


def test_a_model_may_be_spread(ask: Ask, text_model: str) -> None:
    whole = ask(text_model)
    need = whole.verdicts[0].need
    assert need is not None
    room = need.activations + int(need.weights * 0.7)
    made = ask(text_model, room, room)
    assert made.fits is True
    assert made.spread == ["cpu", "cpu:1"]
    assert str(made) == "yes, spread over cpu and cpu:1"
    assert ask(text_model, room, room, finetune="full").spread == []


def test_a_device_that_is_not_here(ask: Ask, picture_model: str) -> None:
    made = ask(picture_model, memory=read_bytes("8GB"))
    assert [v.place.device for v in made.verdicts] == ["not here"]
    assert made.verdicts[0].dtype == "bfloat16"
    assert str(made).startswith("yes, on a device of 8.0 GB, with room for a batch of ")


def test_detectors_of_the_catalog_are_estimated_and_say_so(ask: Ask) -> None:
    made = ask("torchvision/ssdlite320_mobilenet_v3_large.coco_v1")
    assert made.fits is True
    assert any("estimate" in note for note in made.notes)
    assert made.download.here is False
    assert made.download.size


def test_engines_other_than_torch_go_by_the_size_of_their_files(ask: Ask) -> None:
    made = ask("u2netp")
    assert made.fits is True
    assert made.source in {"estimated from the size of the files", "the card's number of parameters"}


def test_answers_have_a_json_form(ask: Ask, text_model: str) -> None:
    made = ask(text_model, 100_000, batch=64).to_dict()
    assert made["fits"] is False
    assert made["devices"][0]["needs"]["total"] > made["devices"][0]["room"]
    assert made["inputs"]["input_ids"] == [32]  # the model's longest
    assert made["answer"].startswith("no: it needs ")


def test_longer_texts_than_the_model_reads_are_refused(ask: Ask, text_model: str) -> None:
    with pytest.raises(BadOption, match="reads 32 tokens at most, not 33"):
        ask(text_model, length=33)


def test_lora_needs_attention(ask: Ask, picture_model: str) -> None:
    with pytest.raises(BadOption, match="no attention projections"):
        ask(picture_model, finetune="lora")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch": 0}, "a batch of 0"),
        ({"length": 0}, "a length of 0"),
        ({"finetune": "fulll"}, "Did you mean full"),
        ({"dtype": "float8"}, "no floating-point type 'float8'"),
        ({"quantize": "int4"}, "no quantisation 'int4'"),
        ({"quantize": "int8", "finetune": "full"}, "cannot be fine-tuned"),
        ({"checkpointing": True}, "for training"),
        ({"memory": 1, "device": "cpu"}, "not here"),
    ],
)
def test_bad_questions(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        Question(**wrong)


@pytest.mark.parametrize("text", ["8 potatoes", "", "-1GB", "0GB", "GB", "8e9", "8 GB 9"])
def test_bad_amounts(text: str) -> None:
    with pytest.raises(BadOption, match="no amount of memory"):
        read_bytes(text)


def test_amounts() -> None:
    assert [read_bytes(t) for t in ("8", "8GB", "1.5 gb", "16GiB", "500MB")] == [
        8 * 10**9, 8 * 10**9, 15 * 10**8, 16 * 2**30, 5 * 10**8
    ]  # fmt: skip


def test_unknown_names(ask: Ask, text_model: str) -> None:
    with pytest.raises(UnknownModel):
        ask("resnet-of-my-dreams-1234")
    with pytest.raises(NotInstalled, match="nothing is known of some/where here"):
        ask("hf:some/where")
    with pytest.raises(DeviceError, match="there is no device 'cuda:7' here"):
        ask(text_model, device="cuda:7")
