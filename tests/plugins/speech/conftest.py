"""What the speech tests share: a writer of CTranslate2 files, and a tiny Whisper with random weights."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

DTYPES = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
SPECIAL = ["endoftext", "startoftranscript", "en", "de", "translate", "transcribe"]
SPECIAL += ["startoflm", "startofprev", "nospeech", "notimestamps"]
WORDS = ["a", "b", "c", "d", "Ġa", "Ġb", "Ġc", "Ġd"]


def text(value: str) -> bytes:
    raw = value.encode() + b"\0"
    return struct.pack("<H", len(raw)) + raw


def variable(name: str, array: np.ndarray) -> bytes:
    array = np.asarray(array)
    head = text(name) + struct.pack("<B", array.ndim) + struct.pack(f"<{array.ndim}I", *array.shape)
    return head + struct.pack("<BI", DTYPES[array.dtype.name], array.nbytes) + array.tobytes()


def ct2(variables: Mapping[str, np.ndarray], aliases: Mapping[str, str] | None = None, spec="WhisperSpec", version=6):
    head = struct.pack("<I", version) + text(spec) + struct.pack("<II", 3, len(variables))
    tail = b"".join(text(a) + text(b) for a, b in (aliases or {}).items())
    return head + b"".join(variable(n, a) for n, a in variables.items()) + struct.pack("<I", len(aliases or {})) + tail


@pytest.fixture(scope="session")
def writer():
    """`writer.ct2(variables, aliases)` and its parts."""
    return SimpleNamespace(ct2=ct2, variable=variable, text=text)


@pytest.fixture(scope="session")
def tiny():
    """A Whisper of one small layer a side, random, in evaluation mode."""
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(0)
    numbers = {name: index + len(WORDS) for index, name in enumerate(SPECIAL)}
    config = WhisperConfig(
        vocab_size=len(WORDS) + len(SPECIAL) + 1501,
        d_model=16,
        num_mel_bins=80,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=4,
        encoder_ffn_dim=24,
        decoder_ffn_dim=40,
        max_target_positions=48,
        decoder_start_token_id=numbers["startoftranscript"],
        bos_token_id=numbers["endoftext"],
        eos_token_id=numbers["endoftext"],
        pad_token_id=numbers["endoftext"],
    )
    module = WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
    return module


def ct2_variables(module) -> dict[str, np.ndarray]:
    """The module's weights as CTranslate2 names and stacks them; written apart from the loader's own table."""
    state = {name: value.numpy() for name, value in module.state_dict().items()}
    made: dict[str, np.ndarray] = {}
    for side in ("encoder", "decoder"):
        made[f"{side}/num_heads"] = np.int16(getattr(module.config, f"{side}_attention_heads"))
        made[f"{side}/position_encodings/encodings"] = state[f"model.{side}.embed_positions.weight"]
        _norm(made, state, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for number in range(getattr(module.config, f"{side}_layers")):
            _layer(made, state, side, number)
    for number in (1, 2):
        for leaf in ("weight", "bias"):
            made[f"encoder/conv{number}/{leaf}"] = state[f"model.encoder.conv{number}.{leaf}"]
    made["decoder/embeddings/weight"] = state["model.decoder.embed_tokens.weight"]
    settings = {"activation": 3, "alibi": 0, "pre_norm": 1, "scale_embeddings": 0, "start_from_zero_embedding": 0}
    return made | {f"decoder/{name}": np.int8(value) for name, value in settings.items()}


def _layer(made, state, side: str, number: int) -> None:
    new, old = f"{side}/layer_{number}", f"model.{side}.layers.{number}"
    _norm(made, state, f"{new}/self_attention/layer_norm", f"{old}.self_attn_layer_norm")
    _norm(made, state, f"{new}/ffn/layer_norm", f"{old}.final_layer_norm")
    _stack(made, state, f"{new}/self_attention/linear_0", [f"{old}.self_attn.{x}_proj" for x in "qkv"])
    _stack(made, state, f"{new}/self_attention/linear_1", [f"{old}.self_attn.out_proj"])
    _stack(made, state, f"{new}/ffn/linear_0", [f"{old}.fc1"])
    _stack(made, state, f"{new}/ffn/linear_1", [f"{old}.fc2"])
    if side == "decoder":
        _norm(made, state, f"{new}/attention/layer_norm", f"{old}.encoder_attn_layer_norm")
        _stack(made, state, f"{new}/attention/linear_0", [f"{old}.encoder_attn.q_proj"])
        _stack(made, state, f"{new}/attention/linear_1", [f"{old}.encoder_attn.{x}_proj" for x in "kv"])
        _stack(made, state, f"{new}/attention/linear_2", [f"{old}.encoder_attn.out_proj"])


def _norm(made, state, new: str, old: str) -> None:
    made[f"{new}/gamma"], made[f"{new}/beta"] = state[f"{old}.weight"], state[f"{old}.bias"]


def _stack(made, state, new: str, parts: list[str]) -> None:
    made[f"{new}/weight"] = np.concatenate([state[f"{part}.weight"] for part in parts])
    # Keys have no bias in transformers; CTranslate2 stores zeros for them.
    biases = [state.get(f"{part}.bias", np.zeros(len(state[f"{part}.weight"]), np.float32)) for part in parts]
    made[f"{new}/bias"] = np.concatenate(biases)


@pytest.fixture(scope="session")
def tiny_variables(tiny):
    """The tiny Whisper's weights under CTranslate2's names."""
    return ct2_variables(tiny)


def write_vocabulary(folder: Path, **settings) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models

    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(WORDS)}, []))
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(f"<|{name}|>", special=True) for name in SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps(settings))


@pytest.fixture
def tiny_folder(tmp_path, tiny_variables):
    """A checkpoint of the tiny Whisper in CTranslate2's form."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    alias = {"decoder/projection/weight": "decoder/embeddings/weight"}
    (folder / "model.bin").write_bytes(ct2(tiny_variables, alias))
    write_vocabulary(folder, suppress_ids=[12, 13, 14, 15, 16], suppress_ids_begin=[8])
    return folder


@pytest.fixture
def load_folder(tmp_path):
    """`load_folder(folder)`: the checkpoint in it, and the Whisper that the loader makes of it."""
    import torch
    from zoo_speech.cards import CARDS
    from zoo_speech.whisper_loader import WhisperLoader

    from zoo.models.context import Context
    from zoo.plugin import Checkpoint

    def load(folder: Path, dtype=torch.float32):
        checkpoint = Checkpoint(card=CARDS[0], path=folder, revision="0" * 64)
        context = Context(device=torch.device("cpu"), dtype=dtype, cache=tmp_path / "cache", model="tiny")
        module = WhisperLoader().load(checkpoint, context)
        assert context.unmet(module) == []
        return checkpoint, module

    return load
