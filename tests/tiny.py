"""Small real models with random weights, in folders as timm and transformers write them, and data for them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

__all__ = ["COLOURS", "WORDS", "coloured_pictures", "copied", "text_table", "write_pictures_model", "write_text_model"]

WORDS = ("a", "good", "bad", "film", "play", "was", "very", "the", "end", "cat", "dog", "##s", "great", "poor")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (20, 40, 210)}


def write_pictures_model(folder: Path, labels: Sequence[str] = ("ant", "bee", "cat")) -> Path:
    """timm's `test_resnet`, 0.4 million parameters, saved in the form that timm itself gives to the hub."""
    import timm
    from timm.models import save_for_hf

    torch.manual_seed(0)
    module = timm.create_model("test_resnet", num_classes=len(labels))
    save_for_hf(module, folder, safe_serialization=True, model_config={"label_names": list(labels)})
    return folder


def write_text_model(folder: Path, head: str = "BertModel", **config: Any) -> Path:
    """A BERT of 16 dimensions with a word-piece tokenizer, saved by transformers."""
    import transformers

    vocabulary = (*SPECIAL, *WORDS)
    torch.manual_seed(0)
    settings = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        **config,
    )
    module = getattr(transformers, head)(settings).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
    module.save_pretrained(folder)
    tokenizer(vocabulary).save_pretrained(folder)
    return folder


def tokenizer(vocabulary: Sequence[str]) -> Any:
    """A WordPiece tokenizer of these words, the first of which are the special tokens, for texts of 16 tokens."""
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import WordPiece
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(WordPiece({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=16,
    )


def coloured_pictures(folder: Path, count: int = 8, colours: Mapping[str, tuple[int, int, int]] = COLOURS) -> Path:
    """A folder per colour with noisy squares of it, which even random features tell apart."""
    generator = np.random.default_rng(0)
    for name, colour in colours.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.asarray(colour) + generator.normal(0, 12, (24, 24, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


def text_table(path: Path, count: int = 12) -> Path:
    """A CSV of short judgements, `good` and `bad`, which one word decides."""
    ends = ("film", "play", "cat", "dog")
    rows = ["text,label"]
    for number in range(count):
        end = ends[number % len(ends)]
        very = "very " * (number % 3)
        rows += [f"the {end} was {very}good,positive", f"the {end} was {very}bad,negative"]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def copied(source: Path, target: Path, **changes: Any) -> Path:
    """A copy of a model's folder; keywords change keys of its config.json, None removes one."""
    shutil.copytree(source, target)
    if changes:
        path = target / "config.json"
        config = json.loads(path.read_text(encoding="utf-8")) | changes
        path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}), encoding="utf-8")
    return target


def rewritten(source: Path, target: Path, tensors: Mapping[str, torch.Tensor]) -> Path:
    """A copy of a model's folder with other weights."""
    copied(source, target)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, target / "model.safetensors")
    return target
