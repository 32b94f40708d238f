"""Folders of transformers: config.json, model.safetensors, tokenizer.json; BERT, Llama and BART of 16 dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard

__all__ = ["bart", "bert", "llama", "saved"]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (
    *["the", "cat", "dog", "sat", "on", "mat", "was", "a", "good", "bad", "very", "film", "and", "not"],
    ".",
    ",",
    "?",
    "!",
    "'",
    "-",
)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
LIMIT = 256
DEPTH = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": LIMIT}


def bert(folder: Path, *, head: str, tasks: Sequence[str], labels: Sequence[str] = ()) -> ModelCard:
    """A BERT with transformers' class `head`; labels by their number in config.json."""
    import transformers

    named: dict[str, Any] = {}
    if labels:
        named = {"id2label": dict(enumerate(labels)), "label2id": {label: n for n, label in enumerate(labels)}}
    config = transformers.BertConfig(vocab_size=len(_vocabulary()), hidden_size=16, **DEPTH, **named)
    saved(lambda: getattr(transformers, head)(config), folder)
    _pieces().save_pretrained(folder)
    return _card(head, tasks)


def llama(folder: Path) -> ModelCard:
    """A Llama over bytes, whose output layer is its embedding."""
    import transformers

    config = transformers.LlamaConfig(
        vocab_size=258,
        hidden_size=16,
        num_key_value_heads=1,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=True,
        **DEPTH,
    )
    saved(lambda: transformers.LlamaForCausalLM(config), folder)
    _bytes().save_pretrained(folder)
    return _card("LlamaForCausalLM", ("text-generation",))


def bart(folder: Path) -> ModelCard:
    """A BART that reads and writes word pieces."""
    import transformers

    sides = {f"{side}_{name}": 2 for side in ("encoder", "decoder") for name in ("layers", "attention_heads")}
    config = transformers.BartConfig(
        vocab_size=len(_vocabulary()),
        d_model=16,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=LIMIT,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        decoder_start_token_id=3,
        forced_eos_token_id=None,
        **sides,
    )
    saved(lambda: transformers.BartForConditionalGeneration(config), folder)
    _pieces().save_pretrained(folder)
    return _card("BartForConditionalGeneration", ("summarization", "translation"))


def _pieces() -> Any:
    """BERT's kind of tokenizer, over a few words and all letters and digits: it reads any English text."""
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import WordPiece
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(WordPiece({piece: n for n, piece in enumerate(_vocabulary())}, **_special({"unk": "[UNK]"})))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {name: f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=made, model_max_length=LIMIT, model_input_names=inputs, **_special(names)
    )


def _vocabulary() -> tuple[str, ...]:
    return tuple(dict.fromkeys((*SPECIAL, *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS))))


def _bytes() -> Any:
    """GPT's kind of tokenizer without merges: a token a byte."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    tokens = ("<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet()))
    made = Tokenizer(BPE({token: n for n, token in enumerate(tokens)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    names = {"bos": "<s>", "eos": "</s>", "pad": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=LIMIT, **_special(names))


def _special(names: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}_token": token for name, token in names.items()}


def saved(build: Callable[[], Any], folder: Path) -> None:
    """Save a model of transformers with random weights, large enough that inputs differ in what comes out."""
    import torch
    from transformers.utils import logging

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build().eval()
        with torch.no_grad():
            for parameter in module.parameters():
                if parameter.ndim > 1:
                    parameter.normal_(0, 0.3)
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    module.save_pretrained(folder)
    if bars:
        logging.enable_progress_bar()


def _card(architecture: str, tasks: Sequence[str]) -> ModelCard:
    task, *further = tasks
    return ModelCard(
        id=f"tiny-{architecture.lower()}",
        task=task,
        tasks=tuple(further),
        library="transformers",
        loader="transformers",
        architecture=architecture,
    )
