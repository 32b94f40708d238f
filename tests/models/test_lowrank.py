"""Low-rank adapters merged at load, against peft's own merging; and modules that are one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from tests.tiny_fixtures import Models
from zoo import Zoo
from zoo.cards import ModelCard
from zoo.errors import IntegrityError, UnsupportedFormat, WeightsMismatch
from zoo.models.lowrank import merge
from zoo.models.training import own_module
from zoo.plugin import Checkpoint

CARD = ModelCard(
    id="me/two", task="text-generation", loader="transformers", library="transformers", architecture="none"
)


def module() -> nn.Module:
    from transformers.pytorch_utils import Conv1D

    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 10), nn.ReLU(), Conv1D(4, 10)).eval()


def adapted(folder: Path, **options: Any) -> nn.Module:
    """The module with adapters that peft made and wrote into a folder."""
    import peft

    config = peft.LoraConfig(r=3, lora_alpha=5, target_modules=["0", "2"], init_lora_weights=False, **options)
    made = peft.get_peft_model(module(), config).eval()
    made.save_pretrained(folder)
    return made


def checkpoint(folder: Path) -> Checkpoint:
    return Checkpoint(card=CARD, path=folder, revision="0" * 64)


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
@pytest.mark.parametrize("options", [{}, {"use_rslora": True}], ids=["plain", "rank-stabilised"])
def test_merged_as_peft_merges(tmp_path: Path, options: dict[str, Any]) -> None:
    theirs = adapted(tmp_path, **options)
    ours = module()
    merge(ours, checkpoint(tmp_path))
    inputs = torch.randn(7, 6)
    with torch.no_grad():
        assert torch.allclose(ours(inputs), theirs(inputs), atol=1e-6)
        assert not torch.allclose(ours(inputs), module()(inputs), atol=1e-2)
    merged = theirs.merge_and_unload()
    for name in ("0.weight", "2.weight"):
        assert torch.equal(ours.state_dict()[name], merged.state_dict()[name])


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
def test_weights_are_replaced_and_not_written_to(tmp_path: Path) -> None:
    adapted(tmp_path)
    made = module()
    before = made[0].weight.detach()
    kept = before.clone()
    merge(made, checkpoint(tmp_path))
    assert torch.equal(before, kept)
    assert not torch.equal(made[0].weight, kept)


def test_a_checkpoint_without_adapters_stays(tmp_path: Path) -> None:
    made = module()
    merge(made, checkpoint(tmp_path))
    assert all(
        torch.equal(a, b) for a, b in zip(made.state_dict().values(), module().state_dict().values(), strict=True)
    )


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
def test_other_kinds_are_refused(tmp_path: Path) -> None:
    adapted(tmp_path)
    path = tmp_path / "adapter_config.json"
    config = json.loads(path.read_text())
    for change, error in (
        ({"peft_type": "IA3"}, UnsupportedFormat),
        ({"use_dora": True}, UnsupportedFormat),
        ({"r": None}, IntegrityError),
        ({"r": 0}, IntegrityError),
    ):
        path.write_text(json.dumps({**config, **change}))
        with pytest.raises(error):
            merge(module(), checkpoint(tmp_path))


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
def test_adapters_of_another_module_are_named(tmp_path: Path) -> None:
    adapted(tmp_path)
    file = tmp_path / "adapter_model.safetensors"
    tensors = load_file(file)
    down = "base_model.model.0.lora_A.weight"
    save_file({name: t for name, t in tensors.items() if name != down}, file)
    with pytest.raises(IntegrityError, match=r"0\.lora_A"):
        merge(module(), checkpoint(tmp_path))
    save_file({name.replace("model.0.", "model.7."): t for name, t in tensors.items()}, file)
    with pytest.raises(WeightsMismatch, match="no layer 7"):
        merge(module(), checkpoint(tmp_path))
    save_file({**tensors, down: torch.zeros(3, 5)}, file)
    with pytest.raises(WeightsMismatch, match=r"\(10, 5\), the weight \(10, 6\)"):
        merge(module(), checkpoint(tmp_path))


def test_an_own_module_is_shared_with_nobody(home: Path, models: Models) -> None:
    zoo = Zoo(home, quiet=True)
    pulled = zoo.obtain("pics")
    with zoo.load("pics") as model, own_module(zoo, pulled, "image-classification", owner="run 1") as own:
        theirs = model.module.state_dict()
        assert all(parameter.requires_grad for parameter in own.parameters())
        assert all(torch.equal(theirs[name], tensor) for name, tensor in own.state_dict().items())
        with torch.no_grad():
            for tensor in own.state_dict().values():
                tensor.add_(1)
        assert not any(torch.equal(theirs[name], tensor) for name, tensor in own.state_dict().items())
        assert "run 1" in {row["model"] for row in zoo.devices.residents()}
    assert "run 1" not in {row["model"] for row in zoo.devices.residents()}
