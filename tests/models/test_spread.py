"""A module spread over several devices: blocks stay whole, everything lies somewhere, results stay the same.

The devices are pretended (`tests/gpu/pretended.py`): they refuse tensors of another device as real ones do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from tests.gpu.pretended import Pretended, pretended
from zoo.errors import DeviceError
from zoo.models.spread import Plan, blocks, plan, spread

SMALL = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
TOKENS = torch.arange(3, 17).reshape(2, 7)
AHEAD = 10**12


def from_timm(name: str, size: int = 64, **settings: Any) -> Callable[[], tuple[nn.Module, dict[str, Any]]]:
    def build() -> tuple[nn.Module, dict[str, Any]]:
        import timm

        return timm.create_model(name, **settings).eval(), {"x": torch.randn(2, 3, size, size)}

    return build


def from_torchvision(name: str, size: int = 64, **settings: Any) -> Callable[[], tuple[nn.Module, dict[str, Any]]]:
    def build() -> tuple[nn.Module, dict[str, Any]]:
        import torchvision

        module = getattr(torchvision.models, name)(**settings).eval()
        return module, {"x": torch.randn(2, 3, size, size)}

    return build


def deeplab() -> tuple[nn.Module, dict[str, Any]]:
    from torchvision.models.segmentation import deeplabv3_mobilenet_v3_large

    return deeplabv3_mobilenet_v3_large(weights_backbone=None).eval(), {"x": torch.randn(2, 3, 64, 64)}


def convnext() -> tuple[nn.Module, dict[str, Any]]:
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    sizes = [CNBlockConfig(16, 32, 2), CNBlockConfig(32, 64, 3), CNBlockConfig(64, None, 2)]
    return ConvNeXt(sizes).eval(), {"x": torch.randn(2, 3, 64, 64)}


def from_transformers(
    name: str, settings: dict[str, Any], inputs: dict[str, Any]
) -> Callable[[], tuple[nn.Module, dict[str, Any]]]:
    def build() -> tuple[nn.Module, dict[str, Any]]:
        import transformers

        made = getattr(transformers, name)
        return made(made.config_class(**settings)).eval(), inputs

    return build


WHISPER = {
    "vocab_size": 100,
    "d_model": 32,
    "encoder_layers": 3,
    "decoder_layers": 3,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_source_positions": 50,
    "max_target_positions": 20,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
T5 = {
    "vocab_size": 100,
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 64,
    "num_layers": 3,
    "num_heads": 4,
    "decoder_start_token_id": 0,
}
GPT2 = {"vocab_size": 100, "n_embd": 32, "n_layer": 4, "n_head": 4, "bos_token_id": 1, "eos_token_id": 2}

# What is built, the classes of its blocks with residual connections, and how many of them there are.
MODELS = {
    "timm resnet": (from_timm("resnet18"), {"BasicBlock"}, 8),
    "timm vit": (from_timm("vit_tiny_patch16_224", img_size=64, depth=5), {"Block"}, 5),
    "timm swin": (
        from_timm("swin_tiny_patch4_window7_224", img_size=64, window_size=2, embed_dim=24, depths=(2, 2, 2, 2)),
        {"SwinTransformerBlock"},
        8,
    ),
    "timm convnext": (from_timm("convnext_atto", depths=(2, 2, 2, 2)), {"ConvNeXtBlock"}, 8),
    "timm efficientnet": (from_timm("efficientnet_lite0"), {"InvertedResidual", "DepthwiseSeparableConv"}, 16),
    "torchvision resnet": (from_torchvision("resnet18"), {"BasicBlock"}, 8),
    "torchvision vit": (
        from_torchvision(
            "VisionTransformer", image_size=64, patch_size=16, num_layers=4, num_heads=4, hidden_dim=64, mlp_dim=128
        ),
        {"EncoderBlock"},
        4,
    ),
    "torchvision swin": (
        from_torchvision(
            "SwinTransformer",
            patch_size=[4, 4],
            embed_dim=24,
            depths=[2, 2, 2],
            num_heads=[2, 4, 4],
            window_size=[4, 4],
        ),
        {"SwinTransformerBlock"},
        6,
    ),
    "torchvision convnext": (convnext, {"CNBlock"}, 7),
    "torchvision efficientnet": (from_torchvision("efficientnet_b0"), {"MBConv"}, 16),
    "torchvision mobilenet": (from_torchvision("mobilenet_v2"), {"InvertedResidual"}, 17),
    "torchvision deeplab": (
        deeplab,
        {"InvertedResidual", "ASPP"},
        16,
    ),
    "bert": (from_transformers("BertForMaskedLM", SMALL, {"input_ids": TOKENS}), {"BertLayer"}, 4),
    "gpt2": (from_transformers("GPT2LMHeadModel", GPT2, {"input_ids": TOKENS}), {"GPT2Block"}, 4),
    "llama": (from_transformers("LlamaForCausalLM", SMALL, {"input_ids": TOKENS}), {"LlamaDecoderLayer"}, 4),
    "t5": (
        from_transformers("T5ForConditionalGeneration", T5, {"input_ids": TOKENS, "decoder_input_ids": TOKENS[:, :3]}),
        {"T5Block"},
        6,
    ),
    "whisper": (
        from_transformers(
            "WhisperForConditionalGeneration",
            WHISPER,
            {"input_features": torch.randn(2, 80, 100), "decoder_input_ids": TOKENS[:, :3]},
        ),
        {"WhisperEncoderLayer", "WhisperDecoderLayer"},
        6,
    ),
}
GENERATORS = ("gpt2", "llama", "t5", "whisper")


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with torch.inference_mode(), pretended(monkeypatch):
        yield


def size(module: nn.Module) -> int:
    held = [*module.parameters(), *module.buffers()]
    return sum(tensor.nbytes for tensor in held)


def tight(module: nn.Module) -> dict[str, int]:
    """Room on two accelerators for the rest, the largest block that waits, and about two blocks; the CPU has more."""
    sizes = [size(block) for block in blocks(module).values()]
    largest = max(sizes)
    some = min(largest, (sum(sizes) - largest) // 2)
    return {"cuda:0": size(module) - sum(sizes) + largest + some, "cuda:1": largest, "cpu": AHEAD}


def logits(output: Any) -> torch.Tensor:
    if isinstance(output, torch.Tensor):
        return output
    made: torch.Tensor = output.logits if hasattr(output, "logits") else output["out"]
    return made


def at(device: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: value.to(device) for name, value in inputs.items()}


def call(module: nn.Module, inputs: dict[str, Any]) -> torch.Tensor:
    return logits(module(inputs["x"]) if "x" in inputs else module(**inputs))


@pytest.mark.parametrize("name", MODELS)
def test_blocks_are_whole_and_hold_no_other(name: str) -> None:
    build, kinds, count = MODELS[name]
    module, _ = build()
    found = blocks(module)
    assert sum(type(block).__name__ in kinds for block in found.values()) == count
    assert not [one for one in found for two in found if one.startswith(f"{two}.")], "a block within a block"
    for part, whole in module.named_modules():
        if type(whole).__name__ in kinds:
            assert not [one for one in found if one.startswith(f"{part}.")], f"{part} is cut"


@pytest.mark.parametrize("name", MODELS)
def test_results_are_those_of_the_whole(name: str, devices: None) -> None:
    torch.manual_seed(0)
    module, inputs = MODELS[name][0]()
    expected = call(module, inputs)
    memory = tight(module)
    made = plan(module, memory)
    assert all(made.bytes.get(device, 0) <= room for device, room in memory.items())
    assert len(set(made.blocks.values())) > 1, "nothing was spread"
    spread(module, memory)
    everywhere(module, made)
    got = call(module, at("cuda:0", inputs))
    assert got.device == torch.device("cuda:0")
    assert isinstance(got, Pretended)
    torch.testing.assert_close(got.inner, expected, rtol=0, atol=1e-6)


def everywhere(module: nn.Module, made: Plan) -> None:
    """Each tensor lies where the plan says: those that wait are on the meta device, none was forgotten."""
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        block = next((block for block in made.blocks if name.startswith(f"{block}.")), None)
        device = made.blocks[block] if block else made.main
        waits = device == "cpu" and isinstance(tensor, nn.Parameter)
        expected = "meta" if waits else made.main if device == "cpu" else device
        assert str(tensor.device) == expected, name


@pytest.mark.parametrize("name", GENERATORS)
def test_generation_works_over_devices(name: str, devices: None) -> None:
    torch.manual_seed(0)
    module, inputs = MODELS[name][0]()
    inputs = {key: value for key, value in inputs.items() if key != "decoder_input_ids"}
    settings = {"max_new_tokens": 4, "do_sample": False, "pad_token_id": 0}
    expected = module.generate(**inputs, **settings)  # type: ignore[operator]
    spread(module, tight(module))
    got = module.generate(**at("cuda:0", inputs), **settings)  # type: ignore[operator]
    assert got.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("name", "first", "second"), [("gpt2", "lm_head", "transformer.wte"), ("t5", "lm_head", "shared")]
)
def test_tied_weights_stay_tied(name: str, first: str, second: str, devices: None) -> None:
    module, _ = MODELS[name][0]()
    spread(module, tight(module))
    assert module.get_parameter(f"{first}.weight") is module.get_parameter(f"{second}.weight")


def test_blocks_that_share_weights_stay_together() -> None:
    row = nn.Sequential(*(nn.Linear(8, 8) for _ in range(3)))
    row[2].weight = row[0].weight
    assert list(blocks(row)) == ["1"]


def test_a_pipeline_of_parts_works_as_the_whole(devices: None) -> None:
    """A model used through its parts, not through its own forward."""
    torch.manual_seed(0)
    module, inputs = MODELS["timm vit"][0]()
    expected = module.forward_head(module.forward_features(inputs["x"]), pre_logits=True)  # type: ignore[operator]
    spread(module, tight(module))
    got = module.forward_head(module.forward_features(inputs["x"].to("cuda:0")), pre_logits=True)  # type: ignore[operator]
    torch.testing.assert_close(got.inner, expected, rtol=0, atol=1e-6)


def test_without_a_cpu_to_wait_on_no_room_is_kept_for_it() -> None:
    module = nn.Sequential(*(nn.Linear(64, 64) for _ in range(4)))
    one = size(module) // 4
    made = plan(module, {"cuda:0": 2 * one, "cuda:1": 2 * one, "cpu": AHEAD})
    assert list(made.blocks.values()) == ["cuda:0", "cuda:0", "cuda:1", "cuda:1"]
    assert made.bytes == {"cuda:0": 2 * one, "cuda:1": 2 * one}


def test_the_main_device_keeps_room_for_one_waiting_block() -> None:
    module = nn.Sequential(*(nn.Linear(64, 64) for _ in range(4)))
    one = size(module) // 4
    made = plan(module, {"cuda:0": 2 * one, "cpu": AHEAD})
    assert list(made.blocks.values()) == ["cuda:0", "cpu", "cpu", "cpu"]
    assert made.bytes == {"cuda:0": 2 * one, "cpu": 3 * one}


def test_planning_needs_no_weights() -> None:
    with torch.device("meta"):
        module = MODELS["gpt2"][0]()[0]
    made = plan(module, tight(module))
    assert set(made.blocks.values()) == {"cuda:0", "cuda:1", "cpu"}
    assert made == plan(MODELS["gpt2"][0]()[0], tight(module))


@pytest.mark.parametrize(
    ("memory", "says"),
    [
        ({"cuda:0": 17_000, "cuda:1": 17_000, "cpu": 17_000}, "together"),
        ({"cuda:0": 10_000, "cuda:1": 10_000, "cpu": AHEAD}, "block 0"),
    ],
)
def test_too_little_memory_is_told(memory: dict[str, int], says: str) -> None:
    module = nn.Sequential(*(nn.Linear(64, 64) for _ in range(4)))
    with pytest.raises(DeviceError, match=says) as caught:
        spread(module, memory)
    assert "ZOO_DEVICE_BUDGET" in caught.value.remedy


def test_a_part_that_cannot_be_divided_is_told() -> None:
    module, _ = MODELS["gpt2"][0]()
    with pytest.raises(DeviceError, match="cannot be divided"):
        plan(module, {"cuda:0": 1000, "cuda:1": AHEAD})


def test_a_spread_module_refuses_to_be_moved(devices: None) -> None:
    module, _ = MODELS["gpt2"][0]()
    spread(module, tight(module))
    with pytest.raises(RuntimeError, match="load it again"):
        module.to("cpu")


def test_weights_mapped_from_a_file_stay_mapped(tmp_path: Path, devices: None) -> None:
    module = nn.Sequential(*(nn.Linear(64, 64) for _ in range(4)))
    save_file(module.state_dict(), tmp_path / "model.safetensors")
    mapped = load_file(tmp_path / "model.safetensors")
    module.load_state_dict(mapped, assign=True)
    one = size(module) // 4
    inputs = torch.randn(3, 64)
    expected = module(inputs)
    spread(module, {"cuda:0": 2 * one, "cpu": AHEAD})
    for _ in range(2):
        torch.testing.assert_close(module(inputs.to("cuda:0")).inner, expected)
    waiting = module[3]._hf_hook  # type: ignore[union-attr]
    held = [hook.weights_map["weight"] for hook in waiting.hooks if hook.offload]  # type: ignore[union-attr]
    assert [tensor.data_ptr() for tensor in held] == [mapped["3.weight"].data_ptr()], "the mapped weights were copied"


def test_it_runs_on_ordinary_tensors_too() -> None:
    """No pretence: two names of the CPU, of which torch makes one device."""
    torch.manual_seed(0)
    module, inputs = MODELS["bert"][0]()
    with torch.inference_mode():
        expected = call(module, inputs)
        memory = tight(module)
        spread(module, {"cpu:0": memory["cuda:0"], "cpu:1": memory["cuda:1"], "cpu": AHEAD})
        torch.testing.assert_close(call(module, inputs), expected)
