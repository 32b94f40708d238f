"""What the meta device foretells is what a real run takes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_map

from zoo.fitting.adapting import prepare
from zoo.fitting.forward import forward, training_mode, training_step
from zoo.models.memory import PeakMemory
from zoo.plugin import meta_floats, pretrained_sample

transformers = pytest.importorskip("transformers")
timm = pytest.importorskip("timm")

SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def text_model(kind: str) -> nn.Module:
    if kind == "bert":
        return transformers.BertForSequenceClassification(transformers.BertConfig(vocab_size=99, **SMALL)).eval()
    if kind == "llama":
        config = transformers.LlamaConfig(vocab_size=99, num_key_value_heads=2, max_position_embeddings=256, **SMALL)
        return transformers.LlamaForCausalLM(config).eval()
    if kind == "gpt2":
        config = transformers.GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=4, n_positions=256)
        return transformers.GPT2LMHeadModel(config).eval()
    config = transformers.T5Config(vocab_size=99, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    return transformers.T5ForConditionalGeneration(config).eval()


def real(sample: Any) -> Any:
    """Numbers in the place of a sample's shapes; the last tokens are masked out, as in a batch of several lengths."""

    def filled(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        return torch.rand(leaf.shape) if leaf.is_floating_point() else torch.ones_like(leaf, device="cpu")

    args, named = tree_map(filled, sample)
    if "attention_mask" in named:
        named["attention_mask"][:, -3:] = 0
    return args, named


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("kind", ["bert", "llama", "gpt2", "t5"])
def test_a_forward_of_texts(kind: str, batch: int) -> None:
    module = text_model(kind)
    sample = pretrained_sample(module, batch, 64)
    assert sample is not None
    args, named = real(sample)
    with torch.inference_mode(), PeakMemory() as memory:
        module(*args, **named)
    foretold = forward(module.to("meta"), sample)
    assert foretold.stopped is None
    assert foretold.peak == pytest.approx(memory.peak, rel=0.03)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "test_convnext"])
def test_pictures_forward_and_a_step_of_training(name: str) -> None:
    module = timm.create_model(name).eval()
    x = torch.rand(4, 3, 64, 64) if name != "test_vit" else torch.rand(4, 3, 160, 160)
    with torch.inference_mode(), PeakMemory() as run:
        module(x)
    with training_mode(module), PeakMemory() as trained:
        torch.nn.functional.cross_entropy(module(x).float(), torch.zeros(4, dtype=torch.long)).backward()
    module.zero_grad(set_to_none=True)
    blank = module.to("meta")
    sample = ((meta_floats(blank, *x.shape),), {})
    assert forward(blank, sample).peak == pytest.approx(run.peak, rel=0.03)
    with training_mode(blank):
        assert training_step(blank, sample).peak == pytest.approx(trained.peak, rel=0.03)


def test_lora_keeps_less_than_full_and_more_than_the_head() -> None:
    peaks = {}
    for method in ("head", "lora", "full"):
        module = text_model("bert").to("meta")
        trained = prepare(module, method, "it")
        sample = pretrained_sample(module, 4, 64)
        assert sample is not None
        with training_mode(module):
            taken = training_step(module, sample)
        assert taken.stopped is None
        peaks[method] = (taken.peak, sum(p.numel() for p in trained))
    assert peaks["head"] < peaks["lora"] < peaks["full"]
    layers, projections, rank, width = 2, 4, 8, 32
    assert peaks["lora"][1] == layers * projections * 2 * rank * width


def test_a_forward_that_depends_on_numbers_says_where_it_stopped() -> None:
    class Odd(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x * 2)[x.nonzero()]

    taken = forward(Odd(), ((torch.empty(1000, device="meta"),), {}))
    assert taken.stopped
    assert taken.peak >= 4000
