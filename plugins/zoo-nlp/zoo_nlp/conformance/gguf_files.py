"""GGUF files, as llama.cpp's own library writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.cards import ModelCard

__all__ = ["gguf_llama"]

WIDTH, HEADS, LAYERS, INNER, LIMIT = 32, 2, 2, 64, 256


def gguf_llama(folder: Path) -> ModelCard:
    """A Llama over bytes in one file, its matrices in Q8_0."""
    import gguf
    import numpy as np

    tokens = _tokens()
    writer = gguf.GGUFWriter(folder / "tiny.gguf", "llama")
    _describe(writer, tokens)
    numbers = np.random.default_rng(0)
    for name, shape in _shapes(len(tokens)).items():
        if len(shape) == 1:
            writer.add_tensor(name, np.ones(shape, dtype=np.float32))
            continue
        kind = gguf.GGMLQuantizationType.Q8_0
        values = gguf.quantize(numbers.normal(0, 0.3, shape).astype(np.float32), kind)
        writer.add_tensor(name, values, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return ModelCard(
        id="tiny-gguf",
        task="text-generation",
        library="transformers",
        loader="gguf",
        architecture="LlamaForCausalLM",
        config={"max_position_embeddings": LIMIT},
    )


def _describe(writer: Any, tokens: list[str]) -> None:
    writer.add_context_length(LIMIT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, *[1] * (len(tokens) - 2)])  # control tokens, then ordinary ones
    writer.add_token_merges(["t h", "a n"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(0)


def _tokens() -> list[str]:
    """GPT's kind of tokenizer: a token a byte, and two that merges make."""
    from tokenizers.pre_tokenizers import ByteLevel

    return ["<|end|>", "<|start|>", *sorted(ByteLevel.alphabet()), "th", "an"]


def _shapes(tokens: int) -> dict[str, tuple[int, ...]]:
    made: dict[str, tuple[int, ...]] = {"token_embd.weight": (tokens, WIDTH), "output_norm.weight": (WIDTH,)}
    for number in range(LAYERS):
        block = {f"attn_{name}": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
        block |= {"ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER)}
        norms = {"attn_norm": (WIDTH,), "ffn_norm": (WIDTH,)}
        made |= {f"blk.{number}.{name}.weight": shape for name, shape in (block | norms).items()}
    return made
