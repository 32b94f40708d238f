"""Small models that hear: wav2vec 2.0 with random weights, whose head says one letter or nothing, whatever it hears."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from zoo.tasks import Speech

__all__ = ["LETTERS", "noises", "write_listener"]

LETTERS = ("<pad>", "<s>", "</s>", "<unk>", "|", "A", "B", "C")
RATE = 16_000


def write_listener(folder: Path, says: str) -> Path:
    """A model's folder as transformers writes it; `says` is a letter, or `<pad>` for silence."""
    import transformers

    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(LETTERS)}))
    config = transformers.Wav2Vec2Config(
        vocab_size=len(LETTERS), pad_token_id=0, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, conv_dim=(8, 8), conv_kernel=(10, 8), conv_stride=(8, 8), num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    torch.manual_seed(0)
    module = transformers.Wav2Vec2ForCTC(config).eval()
    with torch.no_grad():
        module.lm_head.weight.zero_()
        module.lm_head.bias.copy_(10.0 * torch.eye(len(LETTERS))[LETTERS.index(says)])
    module.save_pretrained(folder)
    tokenizer = transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    transformers.Wav2Vec2Processor(transformers.Wav2Vec2FeatureExtractor(), tokenizer).save_pretrained(folder)
    return folder


def noises(folder: Path, said: Mapping[str, str], seconds: float = 0.3) -> Path:
    """A recording of noise for each name, every one another, and `clips.csv` with what is said to be said in it."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(0)
    for name in said:
        Speech(samples=draw.normal(0, 0.2, int(seconds * RATE)), rate=RATE).save(folder / f"{name}.wav")
    lines = "".join(f'{name}.wav,"{text}"\n' for name, text in said.items())
    (folder / "clips.csv").write_text(f"file_name,text\n{lines}", encoding="utf-8")
    return folder / "clips.csv"
