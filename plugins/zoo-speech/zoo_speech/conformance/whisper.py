"""A tiny Whisper in the form of CTranslate2, whose layout `zoo_speech.ctranslate2` reads."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_speech.conformance.numbers import fill

__all__ = ["make_whisper"]

Arrays = dict[str, Any]

_WORDS = ("a", "b", "c", "d", "Ġa", "Ġb", "Ġc", "Ġd")
_SIGNS = (
    *("endoftext", "startoftranscript", "en", "de", "translate", "transcribe"),
    *("startoflm", "startofprev", "nospeech", "notimestamps"),
)
_NUMBERS = {name: len(_WORDS) + place for place, name in enumerate(_SIGNS)}
_TIMES = 1501
_VERSION, _REVISION = 6, 3
_TYPES = {"float32": 0, "int8": 1, "int16": 2}
_SETTINGS = {"activation": 3, "alibi": 0, "pre_norm": 1, "scale_embeddings": 0, "start_from_zero_embedding": 0}
_PARTS = {
    "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attention/linear_1": ("self_attn.out_proj",),
    "attention/linear_0": ("encoder_attn.q_proj",),
    "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
    "attention/linear_2": ("encoder_attn.out_proj",),
    "ffn/linear_0": ("fc1",),
    "ffn/linear_1": ("fc2",),
}
_NORMS = {
    "self_attention/layer_norm": "self_attn_layer_norm",
    "attention/layer_norm": "encoder_attn_layer_norm",
    "ffn/layer_norm": "final_layer_norm",
}


def make_whisper(folder: Path) -> ModelCard:
    """Two languages, eight pieces of words, one layer a side."""
    from tokenizers import AddedToken, Tokenizer, decoders, models

    module = _module()
    (folder / "model.bin").write_bytes(_file(_variables(module)))
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(_WORDS)}, []))
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(f"<|{name}|>", special=True) for name in _SIGNS])
    tokenizer.save(str(folder / "tokenizer.json"))
    never = [_NUMBERS[name] for name in ("translate", "transcribe", "startoflm", "startofprev", "nospeech")]
    settings = {"suppress_ids": never, "suppress_ids_begin": [_NUMBERS["endoftext"]]}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    return ModelCard(
        id="tiny-whisper",
        task="automatic-speech-recognition",
        tasks=("audio-classification",),
        library="transformers",
        loader="whisper",
        architecture="WhisperForConditionalGeneration",
        config={"num_mel_bins": 80},
        languages=("de", "en"),
    )


def _module() -> Any:
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    end = _NUMBERS["endoftext"]
    config = WhisperConfig(
        vocab_size=len(_WORDS) + len(_SIGNS) + _TIMES,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        max_target_positions=32,
        decoder_start_token_id=_NUMBERS["startoftranscript"],
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), end),
    )
    module = fill(WhisperForConditionalGeneration(config), gain=2.0, seed=2)
    module.model.decoder.embed_tokens.weight.data[: len(_WORDS)] *= 2  # it says more than times
    return module


def _variables(module: Any) -> Arrays:
    """The module's weights as CTranslate2 names and stacks them."""
    import numpy as np

    state = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    made: Arrays = {f"decoder/{name}": np.int8(number) for name, number in _SETTINGS.items()}
    made["decoder/embeddings/weight"] = state["model.decoder.embed_tokens.weight"]
    for name in ("conv1", "conv2"):
        made |= {f"encoder/{name}/{leaf}": state[f"model.encoder.{name}.{leaf}"] for leaf in ("weight", "bias")}
    for side in ("encoder", "decoder"):
        made[f"{side}/num_heads"] = np.int16(getattr(module.config, f"{side}_attention_heads"))
        made[f"{side}/position_encodings/encodings"] = state[f"model.{side}.embed_positions.weight"]
        made |= _norm(state, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for number in range(getattr(module.config, f"{side}_layers")):
            made |= _layer(state, f"{side}/layer_{number}", f"model.{side}.layers.{number}")
    return made


def _layer(state: Arrays, new: str, old: str) -> Arrays:
    made: Arrays = {}
    for name, own in _NORMS.items():
        if f"{old}.{own}.weight" in state:
            made |= _norm(state, f"{new}/{name}", f"{old}.{own}")
    for name, parts in _PARTS.items():
        if f"{old}.{parts[0]}.weight" in state:
            made |= _stacked(state, f"{new}/{name}", [f"{old}.{part}" for part in parts])
    return made


def _norm(state: Arrays, new: str, old: str) -> Arrays:
    return {f"{new}/gamma": state[f"{old}.weight"], f"{new}/beta": state[f"{old}.bias"]}


def _stacked(state: Arrays, new: str, parts: list[str]) -> Arrays:
    import numpy as np

    # Keys have no bias in transformers; CTranslate2 stores zeros for them.
    biases = [state.get(f"{part}.bias", np.zeros(len(state[f"{part}.weight"]), np.float32)) for part in parts]
    weights = [state[f"{part}.weight"] for part in parts]
    return {f"{new}/weight": np.concatenate(weights), f"{new}/bias": np.concatenate(biases)}


def _file(variables: Mapping[str, Any]) -> bytes:
    parts = [struct.pack("<I", _VERSION), _text("WhisperSpec"), struct.pack("<II", _REVISION, len(variables))]
    parts += [_variable(name, array) for name, array in variables.items()]
    alias = _text("decoder/projection/weight") + _text("decoder/embeddings/weight")
    return b"".join([*parts, struct.pack("<I", 1), alias])


def _variable(name: str, given: Any) -> bytes:
    import numpy as np

    array = np.asarray(given)
    head = _text(name) + struct.pack("<B", array.ndim) + struct.pack(f"<{array.ndim}I", *array.shape)
    return head + struct.pack("<BI", _TYPES[array.dtype.name], array.nbytes) + array.tobytes()


def _text(text: str) -> bytes:
    raw = text.encode() + b"\0"
    return struct.pack("<H", len(raw)) + raw
