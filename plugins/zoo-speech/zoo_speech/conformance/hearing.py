"""Tiny models of transformers that hear: wav2vec 2.0 that writes, or tells classes, and a spectrogram transformer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_speech.conformance.numbers import fill, keep

__all__ = ["make_spectrogram", "make_teller", "make_writer"]

_LETTERS = ("<pad>", "<s>", "</s>", "<unk>", "|", "A", "B", "C")
_KINDS = {0: "bark", 1: "meow", 2: "moo"}
_SMALL: dict[str, Any] = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
}  # fmt: skip
# The kind whose convolutions do not measure the whole recording, so that several are heard at once.
_WAVES: dict[str, Any] = {
    "conv_dim": (8, 8), "conv_kernel": (10, 8), "conv_stride": (8, 8), "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2, "feat_extract_norm": "layer", "do_stable_layer_norm": True,
}  # fmt: skip


def make_writer(folder: Path) -> ModelCard:
    """wav2vec 2.0 that writes three letters (CTC)."""
    import transformers

    letters = {letter: number for number, letter in enumerate(_LETTERS)}
    (folder / "vocab.json").write_text(json.dumps(letters), encoding="utf-8")
    config = transformers.Wav2Vec2Config(vocab_size=len(_LETTERS), pad_token_id=0, **_SMALL, **_WAVES)
    module = fill(transformers.Wav2Vec2ForCTC(config), gain=3.0)
    module.lm_head.bias.data[1:4] = -99.0  # no signs among the letters
    keep(module, folder)
    tokenizer = transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    transformers.Wav2Vec2Processor(_extractor(), tokenizer).save_pretrained(folder)
    return _card("tiny-wav2vec2-ctc", "automatic-speech-recognition", "Wav2Vec2ForCTC")


def make_teller(folder: Path) -> ModelCard:
    """wav2vec 2.0 that tells three classes of recordings."""
    import transformers

    config = transformers.Wav2Vec2Config(**_SMALL, **_WAVES, **_named())
    keep(fill(transformers.Wav2Vec2ForSequenceClassification(config), gain=2.0), folder)
    _extractor().save_pretrained(folder)
    return _card("tiny-wav2vec2", "audio-classification", "Wav2Vec2ForSequenceClassification")


def make_spectrogram(folder: Path) -> ModelCard:
    """The audio spectrogram transformer, which hears 0.64 s at once."""
    import transformers

    config = transformers.ASTConfig(max_length=64, num_mel_bins=32, **_SMALL, **_named())
    keep(fill(transformers.ASTForAudioClassification(config), gain=2.0), folder)
    transformers.ASTFeatureExtractor(max_length=64, num_mel_bins=32).save_pretrained(folder)
    return _card("tiny-ast", "audio-classification", "ASTForAudioClassification")


def _extractor() -> Any:
    from transformers import Wav2Vec2FeatureExtractor

    return Wav2Vec2FeatureExtractor(return_attention_mask=True)


def _named() -> dict[str, Any]:
    return {"id2label": _KINDS, "label2id": {name: number for number, name in _KINDS.items()}}


def _card(name: str, task: str, architecture: str) -> ModelCard:
    return ModelCard(
        id=name, task=task, library="transformers", loader="transformers-audio", architecture=architecture,
        languages=("en",),
    )  # fmt: skip
