"""Small models with random weights, written by transformers itself, and what runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tiny import tokenizer
from zoo.cards import ModelCard
from zoo.models.context import Context
from zoo.models.engine import Engine
from zoo.plugin import Checkpoint

WORDS = [
    *("a", "b", "c", "d", "e", "cat", "dog", "sat", "on", "the", "mat", "is", "good", "bad", "film"),
    *(".", "?", "##s", "capital", "france", "paris", "of"),
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = [*SPECIAL, *WORDS]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """What the core gives to a loader."""
    return Context(device=torch.device("cpu"), dtype=torch.float32, cache=tmp_path / "cache", model="small")


ENCODER = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
SIZES: dict[str, dict[str, int]] = {
    "bert": ENCODER,
    "mpnet": ENCODER,
    "roberta": ENCODER,
    "xlm-roberta": ENCODER,
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32},
    "llama": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "intermediate_size": 32,
    },
}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., tuple[Any, Checkpoint]]:
    """`make("bert", "AutoModel", task="feature-extraction")`: transformers' model and its checkpoint."""

    def made(
        kind: str,
        head: str,
        *,
        task: str,
        tasks: tuple[str, ...] = (),
        config: dict[str, Any] | None = None,
        **sizes: Any,
    ) -> tuple[Any, Checkpoint]:
        import transformers

        torch.manual_seed(0)
        options = {"vocab_size": len(VOCABULARY), "pad_token_id": 0, "eos_token_id": 3, "bos_token_id": 2}
        if kind != "gpt2":
            options["max_position_embeddings"] = 32
        built = transformers.AutoConfig.for_model(kind, **{**options, **SIZES[kind], **sizes})
        model = getattr(transformers, head).from_config(built).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, 0.3)
        folder = tmp_path / "model"
        model.save_pretrained(folder)
        tokenizer(VOCABULARY).save_pretrained(folder)
        card = ModelCard(
            id="small",
            task=task,
            tasks=tasks,
            library="transformers",
            loader="transformers",
            architecture=kind,
            config=config or {},
        ).check()
        return model, Checkpoint(card=card, path=folder, revision="0" * 64)

    return made


@pytest.fixture
def run() -> Callable[..., list[Any]]:
    """`run(module, runner, inputs, **options)`: results by the core's engine."""

    def made(module: Any, runner: Any, inputs: list[Any], batch: int | None = None, **options: Any) -> list[Any]:
        return list(Engine(module, runner, batch=batch).run(inputs, runner.Options(**options)))

    return made
