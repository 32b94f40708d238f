"""The models of transformers that `load.py` writes: usual sizes, random weights, tokenizers of the usual size."""

from __future__ import annotations

import itertools
import json
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers import models as tokenizing

__all__ = ["PRETRAINED", "Peer", "write_pretrained"]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A model, and the class that reads what it is given."""

    head: str
    config: Callable[[], Any]
    processor: str
    write_processor: Callable[[Path], Any]
    inputs: Callable[[Any], dict[str, Any]]


def _words(count: int) -> list[str]:
    """That many different words of letters, the shortest first."""
    made = (
        "".join(letters)
        for size in itertools.count(1)
        for letters in itertools.product(string.ascii_lowercase, repeat=size)
    )
    return list(itertools.islice(made, count))


def word_pieces(folder: Path) -> None:
    """A WordPiece tokenizer of 30,522 words, as BERT has."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = _words(30522 - len(special))
    made = Tokenizer(tokenizing.WordPiece({w: i for i, w in enumerate([*special, *words])}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, model_max_length=512, **dict(zip(names, special, strict=True))
    ).save_pretrained(folder)


def byte_pairs(folder: Path) -> None:
    """A byte-level tokenizer with about fifty thousand merges, as GPT-2 and RoBERTa have."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pairs = list(itertools.islice(itertools.product(alphabet, repeat=2), 50000))
    special = ["<|endoftext|>", "<pad>", "<mask>"]
    tokens = [*alphabet, *("".join(pair) for pair in pairs)][: 50257 - len(special)]
    known = {token: i for i, token in enumerate([*special, *tokens])}
    made = Tokenizer(tokenizing.BPE(known, [pair for pair in pairs if "".join(pair) in known]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    end, pad, mask = special
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, model_max_length=512, bos_token=end, eos_token=end, pad_token=pad, mask_token=mask
    ).save_pretrained(folder)


def letters(folder: Path) -> None:
    """The characters of a CTC model, and how its sound is prepared."""
    vocabulary = {token: i for i, token in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *string.ascii_uppercase])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    tokenizer = transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    transformers.Wav2Vec2Processor(transformers.Wav2Vec2FeatureExtractor(), tokenizer).save_pretrained(folder)


def picture_processor(folder: Path) -> None:
    """How pictures are prepared for a ViT."""
    transformers.ViTImageProcessor().save_pretrained(folder)


def _tokens(module: Any) -> dict[str, Any]:
    drawn = torch.randint(5, 1000, (2, 32), generator=torch.Generator().manual_seed(1))
    return {"input_ids": drawn, "attention_mask": torch.ones_like(drawn)}


def _pictures(module: Any) -> dict[str, Any]:
    return {"pixel_values": torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))}


def _sound(module: Any) -> dict[str, Any]:
    return {"input_values": torch.randn(1, 16000, generator=torch.Generator().manual_seed(1))}


def _text(head: str, config: Callable[[], Any], write: Callable[[Path], Any]) -> Peer:
    return Peer(head=head, config=config, processor="AutoTokenizer", write_processor=write, inputs=_tokens)


def _llama() -> Any:
    return transformers.LlamaConfig(
        vocab_size=50257,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=2048,
    )


def _roberta() -> Any:
    return transformers.RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1)


PRETRAINED = {
    "bert-base": _text("BertModel", transformers.BertConfig, word_pieces),
    "bert-base-masked": _text("BertForMaskedLM", transformers.BertConfig, word_pieces),
    "distilbert-base": _text("DistilBertForSequenceClassification", transformers.DistilBertConfig, word_pieces),
    "roberta-base": _text("RobertaForMaskedLM", _roberta, byte_pairs),
    "gpt2": _text("GPT2LMHeadModel", transformers.GPT2Config, byte_pairs),
    "llama-150m": _text("LlamaForCausalLM", _llama, byte_pairs),
    "vit-base": Peer(
        head="ViTForImageClassification",
        config=transformers.ViTConfig,
        processor="AutoImageProcessor",
        write_processor=picture_processor,
        inputs=_pictures,
    ),
    "wav2vec2-base": Peer(
        head="Wav2Vec2ForCTC",
        config=transformers.Wav2Vec2Config,
        processor="AutoProcessor",
        write_processor=letters,
        inputs=_sound,
    ),
}


def write_pretrained(peer: Peer, folder: Path) -> None:
    """Write the model with random weights, and its tokenizer or processor, as transformers saves them."""
    getattr(transformers, peer.head)(peer.config()).save_pretrained(folder)
    peer.write_processor(folder)
