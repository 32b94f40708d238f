"""Folders in the form of transformers load to the same outputs as transformers gives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from zoo_nlp.heads import PooledClassifier, encoder_of
from zoo_nlp.transformers_loader import TransformersLoader

from zoo.errors import IntegrityError, UnsafeFile, UnsupportedFormat, WeightsMismatch
from zoo.models.context import Context
from zoo.plugin import Checkpoint

IDS = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 9, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])


def _rewrite(checkpoint: Checkpoint, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    path = checkpoint.path / "model.safetensors"
    save_file({k: v.clone() for k, v in change(load_file(path)).items()}, path)


def _configure(checkpoint: Checkpoint, name: str = "config.json", **changes: Any) -> None:
    path = checkpoint.path / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _difference(ours: Any, theirs: Any) -> float:
    with torch.inference_mode():
        a, b = (m(input_ids=IDS, attention_mask=MASK)[0] * MASK.bool().unsqueeze(-1) for m in (ours, theirs))
    assert a.abs().max() > 0.1
    return float((a - b).abs().max())


@pytest.mark.parametrize(
    ("kind", "head", "task", "sizes"),
    [
        ("bert", "AutoModel", "feature-extraction", {}),
        ("bert", "AutoModelForMaskedLM", "fill-mask", {}),
        ("bert", "AutoModelForMaskedLM", "fill-mask", {"tie_word_embeddings": False}),
        ("roberta", "AutoModelForMaskedLM", "fill-mask", {}),
        ("distilbert", "AutoModel", "sentence-similarity", {}),
        ("distilbert", "AutoModelForMaskedLM", "fill-mask", {}),
        ("gpt2", "AutoModelForCausalLM", "text-generation", {}),
        ("llama", "AutoModelForCausalLM", "text-generation", {"tie_word_embeddings": True}),
        ("llama", "AutoModelForCausalLM", "text-generation", {"tie_word_embeddings": False}),
    ],
)
def test_outputs_equal_those_of_transformers(
    make: Any, context: Context, kind: str, head: str, task: str, sizes: dict[str, Any]
) -> None:
    theirs, checkpoint = make(kind, head, task=task, **sizes)
    ours = TransformersLoader().load(checkpoint, context)
    assert type(ours) is type(theirs)
    assert not ours.training
    assert not context.unmet(ours)
    assert _difference(ours, theirs) <= 1e-5


@pytest.mark.parametrize("kind", ["roberta", "bert", "distilbert"])
def test_classifiers_equal_those_of_transformers(make: Any, context: Context, kind: str) -> None:
    theirs, checkpoint = make(kind, "AutoModelForSequenceClassification", task="text-classification", num_labels=3)
    ours = TransformersLoader().load(checkpoint, context)
    with torch.inference_mode():
        a, b = (m(input_ids=IDS, attention_mask=MASK).logits for m in (ours, theirs))
    assert a.shape == (2, 3)
    assert float((a - b).abs().max()) <= 1e-5


def test_tied_weights_stay_one_parameter(make: Any, context: Context) -> None:
    _, checkpoint = make("gpt2", "AutoModelForCausalLM", task="text-generation")
    ours = TransformersLoader().load(checkpoint, context)
    assert ours.lm_head.weight is ours.transformer.wte.weight


def test_a_file_with_a_head_serves_a_body(make: Any, context: Context) -> None:
    theirs, checkpoint = make("bert", "AutoModelForPreTraining", task="feature-extraction")
    ours = TransformersLoader().load(checkpoint, context)
    assert ours.pooler is not None
    assert _difference(ours, theirs.bert) <= 1e-5


def test_a_file_of_pretraining_serves_masked_words(make: Any, context: Context) -> None:
    theirs, checkpoint = make("bert", "AutoModelForPreTraining", task="fill-mask", tasks=("feature-extraction",))
    ours = TransformersLoader().load(checkpoint, context)
    assert type(ours).__name__ == "BertForMaskedLM"
    assert _difference(encoder_of(ours), theirs.bert) <= 1e-5
    assert _difference(ours, theirs) <= 1e-5


def test_a_file_without_prefix_serves_a_model_with_a_head(make: Any, context: Context) -> None:
    theirs, checkpoint = make("gpt2", "AutoModelForCausalLM", task="text-generation")
    _rewrite(checkpoint, lambda t: {k.removeprefix("transformer."): v for k, v in t.items()} | {"h.0.attn.bias": IDS})
    assert _difference(TransformersLoader().load(checkpoint, context), theirs) <= 1e-5


def test_old_names_of_layer_norm_and_positions(make: Any, context: Context) -> None:
    theirs, checkpoint = make("bert", "AutoModel", task="feature-extraction")

    def old(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        names = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
        made = {next((k.replace(n, o) for n, o in names.items() if n in k), k): v for k, v in tensors.items()}
        return made | {"embeddings.position_ids": torch.arange(32)[None]}

    _rewrite(checkpoint, old)
    assert _difference(TransformersLoader().load(checkpoint, context), theirs) <= 1e-5


def test_a_file_without_pooler_gives_a_model_without_one(make: Any, context: Context) -> None:
    theirs, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    _rewrite(checkpoint, lambda t: {k: v for k, v in t.items() if "pooler" not in k})
    ours = TransformersLoader().load(checkpoint, context)
    assert ours.pooler is None
    assert _difference(ours, theirs) <= 1e-5


def test_shards(make: Any, context: Context) -> None:
    theirs, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    theirs.save_pretrained(checkpoint.path, max_shard_size="8KB")
    (checkpoint.path / "model.safetensors").unlink(missing_ok=True)
    assert len(checkpoint.weight_files()) > 1
    assert _difference(TransformersLoader().load(checkpoint, context), theirs) <= 1e-5


def test_a_fine_tuned_head_on_a_body(make: Any, context: Context) -> None:
    theirs, checkpoint = make(
        "bert",
        "AutoModelForMaskedLM",
        task="text-classification",
        config={"head": "pooled-linear", "labels": ["bad", "good", "so-so"]},
    )
    weight, bias = torch.randn(3, 16), torch.randn(3)
    save_file({"head.weight": weight, "head.bias": bias}, checkpoint.path / "head.safetensors")
    ours = TransformersLoader().load(checkpoint, context)
    assert isinstance(ours, PooledClassifier)
    assert not context.unmet(ours)
    with torch.inference_mode():
        hidden = theirs.bert(input_ids=IDS, attention_mask=MASK).last_hidden_state
        mean = (hidden * MASK.unsqueeze(-1)).sum(1) / MASK.sum(1, keepdim=True)
        assert torch.allclose(ours(input_ids=IDS, attention_mask=MASK).logits, mean @ weight.T + bias, atol=1e-5)


def test_a_head_of_another_size_is_refused(make: Any, context: Context) -> None:
    _, checkpoint = make(
        "bert", "AutoModel", task="text-classification", config={"head": "pooled-linear", "labels": ["bad", "good"]}
    )
    save_file({"head.weight": torch.randn(3, 16), "head.bias": torch.randn(3)}, checkpoint.path / "head.safetensors")
    with pytest.raises(WeightsMismatch, match=r"head\.weight \(3, 16\) instead of \(2, 16\)"):
        TransformersLoader().load(checkpoint, context)


@pytest.mark.parametrize("head", ["AutoModel", "AutoModelForMaskedLM"])
def test_a_missing_tensor_is_named(make: Any, context: Context, head: str) -> None:
    _, checkpoint = make("bert", head, task="fill-mask" if "Masked" in head else "feature-extraction")
    name = "encoder.layer.1.output.dense.weight"
    _rewrite(checkpoint, lambda t: {k: v for k, v in t.items() if not k.endswith(name)})
    with pytest.raises(WeightsMismatch, match=rf"1 missing \(\S*{name}\)"):
        TransformersLoader().load(checkpoint, context)


def test_a_missing_classifier_is_named(make: Any, context: Context) -> None:
    _, checkpoint = make("bert", "AutoModel", task="text-classification")
    with pytest.raises(WeightsMismatch, match=r"classifier\.weight"):
        TransformersLoader().load(checkpoint, context)


def test_an_extra_tensor_is_named(make: Any, context: Context) -> None:
    _, checkpoint = make("llama", "AutoModelForCausalLM", task="text-generation")
    _rewrite(checkpoint, lambda t: t | {"model.layers.0.surprise.weight": torch.ones(2)})
    with pytest.raises(WeightsMismatch, match=r"1 extra \(model\.layers\.0\.surprise\.weight\)"):
        TransformersLoader().load(checkpoint, context)


def test_two_tensors_for_one_tied_parameter_are_refused(make: Any, context: Context) -> None:
    _, checkpoint = make("llama", "AutoModelForCausalLM", task="text-generation", tie_word_embeddings=False)
    _configure(checkpoint, tie_word_embeddings=True)
    with pytest.raises(WeightsMismatch, match="two different tensors"):
        TransformersLoader().load(checkpoint, context)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_of_its_own_is_refused(make: Any, context: Context, name: str) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    canary = checkpoint.path / "canary"
    (checkpoint.path / "modeling.py").write_text(f"open({str(canary)!r}, 'w').close()\nclass Model: pass\n")
    _configure(checkpoint, name, auto_map={"AutoModel": "modeling.Model", "AutoConfig": "modeling.Model"})
    with pytest.raises(UnsafeFile, match="auto_map"):
        TransformersLoader().load(checkpoint, context)
    assert not canary.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "no-such-model"},
        {"hidden_size": "many"},
        {"num_attention_heads": 0},
        {"quantization_config": {"quant_method": "bitsandbytes"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_strange_configuration_is_one_clear_error(make: Any, context: Context, changes: dict[str, Any]) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    _configure(checkpoint, **changes)
    with pytest.raises(UnsupportedFormat, match="small"):
        TransformersLoader().load(checkpoint, context)


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00", "null"])
def test_a_broken_configuration_is_one_clear_error(make: Any, context: Context, content: str) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    (checkpoint.path / "config.json").write_text(content)
    with pytest.raises(IntegrityError, match=r"config\.json"):
        TransformersLoader().load(checkpoint, context)


def test_a_cut_weight_file_is_one_clear_error(make: Any, context: Context) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    path = checkpoint.path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(IntegrityError, match=r"model\.safetensors"):
        TransformersLoader().load(checkpoint, context)


def test_half_precision(make: Any, context: Context) -> None:
    _, checkpoint = make("llama", "AutoModelForCausalLM", task="text-generation")
    half = Context(device=context.device, dtype=torch.bfloat16, cache=checkpoint.path / "cache", model="small")
    ours = TransformersLoader().load(checkpoint, half)
    assert {parameter.dtype for parameter in ours.parameters()} == {torch.bfloat16}
    shutil.rmtree(checkpoint.path)  # nothing is read later
    assert ours(input_ids=IDS).logits.dtype == torch.bfloat16


def test_loading_opens_no_socket(make: Any, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from zoo_nlp.embedding import SentenceEmbedding

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("a socket was opened")

    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    TransformersLoader().load(checkpoint, context)
    SentenceEmbedding(checkpoint)
