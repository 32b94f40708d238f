"""Tiny voices of transformers: VITS, and SpeechT5 with its vocoder."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_speech.conformance.numbers import fill, keep

__all__ = ["make_speecht5", "make_vits"]

_ALPHABET = "abcdefghijklmnopqrstuvwxyz'"
_VITS: dict[str, Any] = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "ffn_dim": 32, "flow_size": 16,
    "spectrogram_bins": 9, "duration_predictor_filter_channels": 16, "upsample_initial_channel": 16,
    "upsample_rates": [4, 4], "upsample_kernel_sizes": [8, 8], "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]], "prior_encoder_num_flows": 2, "prior_encoder_num_wavenet_layers": 1,
    "posterior_encoder_num_wavenet_layers": 1, "depth_separable_num_layers": 1, "duration_predictor_num_flows": 2,
    "wavenet_dilation_rate": 1, "sampling_rate": 8_000,
}  # fmt: skip
_SPEECHT5: dict[str, Any] = {
    "vocab_size": 81, "hidden_size": 16, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 24,
    "decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 24, "num_mel_bins": 8,
    "speaker_embedding_dim": 12, "speech_decoder_prenet_units": 16, "speech_decoder_postnet_units": 16,
    "speech_decoder_postnet_layers": 2, "conv_dim": (8,), "conv_stride": (5,), "conv_kernel": (10,),
    "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2, "reduction_factor": 10,
}  # fmt: skip
_HIFIGAN: dict[str, Any] = {
    "model_in_dim": 8, "sampling_rate": 16_000, "upsample_initial_channel": 8, "upsample_rates": (4, 4),
    "upsample_kernel_sizes": (8, 8), "resblock_kernel_sizes": (3,), "resblock_dilation_sizes": ((1, 3),),
}  # fmt: skip


def make_vits(folder: Path) -> ModelCard:
    """VITS that speaks the letters a to z."""
    import transformers

    letters = ("<pad>", " ", *_ALPHABET, "<unk>")
    numbers = {letter: number for number, letter in enumerate(letters)}
    (folder / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
    keep(fill(transformers.VitsModel(transformers.VitsConfig(vocab_size=len(letters), **_VITS))), folder)
    transformers.VitsTokenizer(str(folder / "vocab.json"), phonemize=False).save_pretrained(folder)
    return ModelCard(
        id="tiny-vits",
        task="text-to-speech",
        library="transformers",
        loader="transformers-audio",
        architecture="VitsModel",
    )


def make_speecht5(folder: Path) -> ModelCard:
    """SpeechT5 of one layer a side, with a tokenizer of letters and a vocoder."""
    import sentencepiece
    import transformers

    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the quick brown fox jumps over the lazy dog", "hello world."]),
        model_writer=made,
        model_type="char",
        vocab_size=34,
        hard_vocab_limit=False,
        bos_id=0,
        pad_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    (folder / "spm_char.model").write_bytes(made.getvalue())
    transformers.SpeechT5Tokenizer(str(folder / "spm_char.model")).save_pretrained(folder)
    speaker = transformers.SpeechT5ForTextToSpeech(transformers.SpeechT5Config(**_SPEECHT5))
    fill(speaker)
    speaker.speech_decoder_postnet.prob_out.bias.data[:] = -9.0  # it ends where the text's length says so
    keep(speaker, folder)
    vocoder = transformers.SpeechT5HifiGan(transformers.SpeechT5HifiGanConfig(**_HIFIGAN))
    keep(fill(vocoder), folder / "vocoder")
    return ModelCard(
        id="tiny-speecht5",
        task="text-to-speech",
        library="transformers",
        loader="speecht5",
        architecture="SpeechT5ForTextToSpeech",
    )
