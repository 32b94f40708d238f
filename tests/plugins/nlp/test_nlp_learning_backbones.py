"""Any backbone of transformers learns: its parts are found, its head is new, and it is loaded again as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from zoo_nlp.adapters.classification import TextClassifier
from zoo_nlp.adapters.embedding import SentenceEmbedder
from zoo_nlp.adapters.tagging import TokenTagger

from tests.plugins.nlp.learning import learn, outputs, own, saved
from tests.tiny import tokenizer
from zoo.cards import ModelCard
from zoo.models.lowrank import merge
from zoo.plugin import Checkpoint, Target

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "film", "cat", "dog", "the", "was", "very")
TARGET = Target(kind="single", labels=("no", "yes"))
ROWS = [("a good film", "yes"), ("the dog was very bad", "no"), ("good", "yes"), ("bad cat", "no")]

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
POSITIONS = {"max_position_embeddings": 40}
BERT = {**SIZES, **POSITIONS}
LLAMA = {**BERT, "num_key_value_heads": 1}
T5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_decoder_layers": 1, "num_heads": 2}
BART = {
    **{"d_model": 16, "encoder_layers": 2, "decoder_layers": 1, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32},
    **{"encoder_attention_heads": 2, "decoder_attention_heads": 2, **POSITIONS},
}
DEBERTA = {
    "relative_attention": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_buckets": 8,
    "norm_rel_ebd": "layer_norm",
}
OPT = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "ffn_dim": 32, "word_embed_proj_dim": 16}

# model_type: the class that wrote the file, its sizes, the first and the last group of layers before the head, linear
# layers, and how a text vector is made.
BACKBONES: dict[str, tuple[str, dict[str, Any], list[str], list[str], int, str]] = {
    "albert": (
        "AutoModel",
        {**BERT, "embedding_size": 8},
        ["embeddings"],
        ["encoder.albert_layer_groups.0"],
        6,
        "mean",
    ),
    "bart": ("AutoModel", BART, ["embed_tokens"], ["layers.1"], 12, "mean"),
    "bert": ("AutoModel", BERT, ["embeddings"], ["encoder.layer.1"], 12, "mean"),
    "deberta-v2": ("AutoModelForMaskedLM", {**BERT, **DEBERTA}, ["embeddings"], ["encoder.layer.1"], 16, "mean"),
    "distilbert": (
        *("AutoModelForMaskedLM", {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}),
        *(["embeddings"], ["transformer.layer.1"], 12, "mean"),
    ),
    "electra": ("AutoModel", {**BERT, "embedding_size": 8}, ["embeddings"], ["encoder.layer.1"], 12, "mean"),
    "gpt2": (
        *("AutoModelForCausalLM", {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 40}),
        *(["wte", "wpe"], ["h.1", "ln_f"], 8, "lasttoken"),
    ),
    "llama": ("AutoModelForCausalLM", LLAMA, ["embed_tokens"], ["layers.1", "norm"], 14, "lasttoken"),
    "modernbert": ("AutoModelForMaskedLM", BERT, ["embeddings"], ["layers.1", "final_norm"], 8, "mean"),
    "mpnet": ("AutoModel", BERT, ["embeddings"], ["encoder.layer.1"], 12, "mean"),
    "opt": (
        "AutoModelForCausalLM",
        {**OPT, **POSITIONS},
        ["decoder.embed_tokens"],
        ["decoder.layers.1"],
        12,
        "lasttoken",
    ),
    "mistral": ("AutoModel", LLAMA, ["embed_tokens"], ["layers.1", "norm"], 14, "lasttoken"),
    "roberta": ("AutoModelForMaskedLM", BERT, ["embeddings"], ["encoder.layer.1"], 12, "mean"),
    "squeezebert": (
        *("AutoModel", {**BERT, "embedding_size": 16, "q_groups": 1, "k_groups": 1, "v_groups": 1}),
        *(["embeddings"], ["encoder.layers.1"], 0, "mean"),
    ),
    "t5": ("AutoModelForSeq2SeqLM", T5, ["embed_tokens"], ["block.1", "final_layer_norm"], 12, "mean"),
    "xlm": ("AutoModel", {"emb_dim": 16, "n_layers": 2, "n_heads": 2}, ["embeddings"], ["ffns.1"], 12, "mean"),
    "xlm-roberta": ("AutoModel", BERT, ["embeddings"], ["encoder.layer.1"], 12, "mean"),
}


@pytest.fixture
def backbone(tmp_path: Path) -> Callable[[str], Checkpoint]:
    """A small model of a kind, with random weights, in a folder as transformers writes it."""

    def made(kind: str) -> Checkpoint:
        import transformers

        head, sizes, *_ = BACKBONES[kind]
        tokens = {"vocab_size": len(WORDS), "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
        if kind == "modernbert":
            tokens |= {"cls_token_id": 2, "sep_token_id": 3}
        torch.manual_seed(0)
        config = transformers.AutoConfig.for_model(kind, **{**tokens, **sizes})
        model = getattr(transformers, head).from_config(config)
        folder = tmp_path / "model"
        model.save_pretrained(folder)
        tokenizer(WORDS).save_pretrained(folder)
        card = ModelCard(
            id="small", task="feature-extraction", library="transformers", loader="transformers", architecture=kind
        )
        return Checkpoint(card=card.check(), path=folder, revision="0" * 64)

    return made


@pytest.mark.parametrize("kind", BACKBONES)
def test_parts_are_found(backbone: Any, kind: str) -> None:
    _, _, first, last, linear, pooling = BACKBONES[kind]
    adapter = TextClassifier(backbone(kind))
    module = adapter.trainable(own(adapter.checkpoint), TARGET)
    assert module.pooling.mode == pooling
    groups = adapter.layers(module)
    assert groups[-1] == ["head"]
    assert set(groups[0]) >= {f"encoder.{name}" for name in first}
    assert set(groups[-2]) >= {f"encoder.{name}" for name in last}
    names = [name for group in groups for name in group]
    assert len(names) == len(set(names))
    for name, parameter in module.named_parameters():
        assert parameter.requires_grad
        assert sum(name.startswith(f"{part}.") for part in names) == 1, name
    assert len(adapter.lora(module)) == linear


@pytest.mark.parametrize("kind", BACKBONES)
def test_what_learnt_is_loaded_again_to_the_bit(backbone: Any, kind: str) -> None:
    adapter = TextClassifier(backbone(kind))
    torch.manual_seed(0)
    module = adapter.trainable(own(adapter.checkpoint), TARGET)
    before = {name: value.clone() for name, value in module.named_parameters()}
    learn(adapter, module, TARGET, ROWS, steps=2, rate=1e-3)
    still = [name for name, value in module.named_parameters() if torch.equal(value, before[name])]
    assert still == []
    wanted = outputs(adapter, module, TARGET, ROWS)
    full, _ = saved(adapter, module, TARGET, method="full", task="text-classification")
    assert torch.equal(outputs(TextClassifier(full), own(full), TARGET, ROWS), wanted)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "t5"])
def test_a_head_alone_is_loaded_on_its_base(backbone: Any, kind: str) -> None:
    adapter = TextClassifier(backbone(kind))
    module = adapter.trainable(own(adapter.checkpoint), TARGET)
    head, _ = saved(adapter, module, TARGET, method="head", task="text-classification")
    again = own(head)
    assert torch.equal(outputs(adapter, again, TARGET, ROWS), outputs(adapter, module, TARGET, ROWS))
    assert [name for name, _ in again.named_parameters()] == [name for name, _ in module.named_parameters()]


@pytest.mark.parametrize("kind", ["deberta-v2", "llama"])
def test_tags_on_other_bodies(backbone: Any, kind: str) -> None:
    adapter = TokenTagger(backbone(kind))
    target, rows = Target(kind="tags", labels=("N", "O")), [(("a", "good", "cat"), ("O", "O", "N"))]
    module = adapter.trainable(own(adapter.checkpoint), target)
    learn(adapter, module, target, rows, steps=2, rate=1e-3)
    full, _ = saved(adapter, module, target, method="full", task="token-classification")
    wanted = outputs(adapter, module, target, rows)
    assert torch.equal(outputs(TokenTagger(full), own(full), target, rows), wanted)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama"])
def test_low_rank_adapters_merge_into_what_is_loaded(backbone: Any, kind: str) -> None:
    from peft import LoraConfig, inject_adapter_in_model
    from peft.tuners.lora import LoraLayer
    from safetensors.torch import save_file

    adapter = TextClassifier(backbone(kind))
    module = adapter.trainable(own(adapter.checkpoint), TARGET)
    names = list(adapter.lora(module))
    config = LoraConfig(r=4, lora_alpha=8, target_modules=names, fan_in_fan_out=kind == "gpt2")
    inject_adapter_in_model(config, module)
    assert [name for name, part in module.named_modules() if isinstance(part, LoraLayer)] == names
    module.head.requires_grad_(True)
    learn(adapter, module, TARGET, ROWS, steps=5, rate=1e-2)
    tuned, made = saved(adapter, module, TARGET, method="lora", task="text-classification")
    assert made.files == ("head.safetensors",)
    halves = {
        f"base_model.model.{name}.{half}.weight": getattr(module.get_submodule(name), half)["default"].weight.detach()
        for name in names
        for half in ("lora_A", "lora_B")
    }
    plain = own(tuned)
    save_file(halves, tuned.path / "adapter_model.safetensors")
    config.save_pretrained(str(tuned.path))
    again = own(tuned)
    merge(again, tuned)
    wanted = outputs(adapter, module, TARGET, ROWS)
    assert torch.allclose(outputs(adapter, again, TARGET, ROWS), wanted, atol=1e-5)
    assert not torch.allclose(outputs(adapter, plain, TARGET, ROWS), wanted, atol=1e-3)


@pytest.mark.parametrize("kind", ["llama", "squeezebert", "xlm-roberta"])
def test_vectors_of_other_bodies(backbone: Any, kind: str) -> None:
    adapter, target = SentenceEmbedder(backbone(kind)), Target(kind="pairs")
    rows = [(("a good film", "good film"), None), (("the dog", "a dog"), None)]
    module = adapter.trainable(own(adapter.checkpoint), target)
    learn(adapter, module, target, rows, steps=2, rate=1e-3)
    assert adapter.layers(module)[-1] != ["head"]
    assert outputs(adapter, module, target, rows).shape == (2, 2, 16)
