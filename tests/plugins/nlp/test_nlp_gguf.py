"""A small GGUF file, written by the gguf library, through the loader and its runner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from zoo_nlp.adapters.writing import GgufWriter, Writer
from zoo_nlp.generation import TextGeneration
from zoo_nlp.gguf_loader import GgufLoader

from tests.plugins.nlp.learning import learn, outputs, own, saved
from zoo.cards import ModelCard
from zoo.errors import IntegrityError, NotInstalled
from zoo.models.context import Context
from zoo.plugin import Checkpoint, Target

LETTERS = "abcdefghijklmnopqrstuvwxyz Ġ.?!"
TOKENS = ["<|end|>", "<|start|>", *dict.fromkeys(LETTERS.replace(" ", "")), "ab", "cd"]
WIDTH, HEADS, LAYERS, INNER = 32, 2, 2, 64


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    folder = tmp_path / "gguf"
    folder.mkdir()
    _write(folder / "small.gguf")
    card = ModelCard(
        id="small-gguf",
        task="text-generation",
        library="transformers",
        loader="gguf",
        architecture="LlamaForCausalLM",
        config={"max_position_embeddings": 64},
    ).check()
    return Checkpoint(card=card, path=folder, revision="0" * 64)


def _write(path: Path) -> None:
    """A Llama with random weights, its big matrices in Q8_0."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, 3, *[1] * (len(TOKENS) - 2)])
    writer.add_token_merges(["a b", "c d"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(0)
    random = np.random.default_rng(0)
    for name, shape in _shapes().items():
        values = random.normal(0, 0.3, shape).astype(np.float32)
        if len(shape) == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _shapes() -> dict[str, tuple[int, ...]]:
    made: dict[str, tuple[int, ...]] = {"token_embd.weight": (len(TOKENS), WIDTH), "output_norm.weight": (WIDTH,)}
    for i in range(LAYERS):
        block = {f"attn_{name}": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
        block |= {"ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER)}
        block |= {"attn_norm": (WIDTH,), "ffn_norm": (WIDTH,)}
        made |= {f"blk.{i}.{name}.weight": shape for name, shape in block.items()}
    return made


def test_outputs_equal_those_of_transformers(checkpoint: Checkpoint, context: Context) -> None:
    from transformers import AutoModelForCausalLM

    ours = GgufLoader().load(checkpoint, context)
    assert not context.unmet(ours)
    theirs = AutoModelForCausalLM.from_pretrained(checkpoint.path, gguf_file="small.gguf", dtype=torch.float32).eval()
    ids = torch.tensor([[1, 2, 3, 4, 5]])
    with torch.inference_mode():
        a, b = ours(input_ids=ids).logits, theirs(input_ids=ids).logits
    assert a.abs().max() > 0.1
    assert float((a - b).abs().max()) <= 1e-5
    assert ours.lm_head.weight is ours.model.embed_tokens.weight
    assert not hasattr(ours.config, "quantization_config")


def test_the_float_copy_is_made_once_and_whole(checkpoint: Checkpoint, context: Context) -> None:
    GgufLoader().load(checkpoint, context)
    folder = context.cache("dequantised")
    assert [path.name for path in folder.iterdir()] == ["float32"]
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "float32").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= before.keys()
    GgufLoader().load(checkpoint, context)
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "float32").iterdir()} == before


def test_the_copy_of_another_process_is_kept(tmp_path: Path) -> None:
    from zoo_nlp.derived import derived

    def make(made: Path) -> None:
        for folder in (made, tmp_path / "ready"):
            folder.mkdir()
            (folder / "who").write_text("first" if folder.name == "ready" and folder.parent == tmp_path else "late")

    assert (derived(tmp_path, "ready", make) / "who").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["ready"]


def test_texts_by_the_tokenizer_in_the_file(checkpoint: Checkpoint, context: Context, run: Any) -> None:
    module = GgufLoader().load(checkpoint, context)
    runner = TextGeneration(GgufLoader().convert(checkpoint, context))
    assert runner.tokens.limit == 64
    results = run(module, runner, ["abc", "hello there"], max_new_tokens=5)
    assert all(result.text for result in results)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no gguf file at all" * 10])
def test_a_broken_file_is_one_clear_error(checkpoint: Checkpoint, context: Context, content: bytes) -> None:
    (checkpoint.path / "small.gguf").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"small\.gguf cannot be read as GGUF"):
        GgufLoader().load(checkpoint, context)
    assert not list(context.cache("dequantised").iterdir())


def test_a_missing_file_is_named(checkpoint: Checkpoint, context: Context) -> None:
    (checkpoint.path / "small.gguf").unlink()
    with pytest.raises(NotInstalled, match="0 GGUF files"):
        GgufLoader().load(checkpoint, context)


TEXTS = [("abcd ab cd.", None), ("cdab cd?", None)]


@pytest.mark.parametrize("converted", [False, True])
def test_a_gguf_model_that_learnt_is_a_folder_of_transformers(
    checkpoint: Checkpoint, context: Context, run: Any, converted: bool
) -> None:
    target = Target(kind="text")
    seen = GgufLoader().convert(checkpoint, context) if converted else checkpoint
    adapter = GgufWriter(seen)
    torch.manual_seed(0)
    module = adapter.trainable(own(checkpoint, GgufLoader()), target)
    losses = learn(adapter, module, target, TEXTS, rate=1e-2)
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])
    wanted = outputs(adapter, module, target, TEXTS)
    tuned, made = saved(GgufWriter(checkpoint), module, target, method="full", task="text-generation")
    assert made.drop == ("small.gguf",)
    assert tuned.card.loader == "transformers"
    assert not list(tuned.path.glob("*.gguf"))
    again = own(tuned)
    assert again.config.use_cache
    assert torch.equal(outputs(Writer(tuned), again, target, TEXTS), wanted)
    [result] = run(again, TextGeneration(tuned), ["ab"], max_new_tokens=3)
    assert isinstance(result.text, str)


def test_low_rank_adapters_leave_the_gguf_file_as_it_is(checkpoint: Checkpoint, tmp_path: Path) -> None:
    adapter, target = GgufWriter(checkpoint), Target(kind="text")
    module = adapter.trainable(own(checkpoint, GgufLoader()), target)
    names = adapter.lora(module)
    assert len(names) == 7 * LAYERS
    assert names[0] == "model.layers.0.self_attn.q_proj"
    (tmp_path / "work").mkdir()
    made = adapter.save(module, target, tmp_path / "work", method="lora")
    assert (made.files, made.drop, made.card) == ((), (), {})
