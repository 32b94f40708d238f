"""The loader `whisper`: transformers' Whisper from a CTranslate2 file or from a transformers folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import WhisperConfig, WhisperForConditionalGeneration

from zoo.cards import ModelCard
from zoo.errors import IntegrityError, UnsupportedFormat
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_speech.ctranslate2 import read_ctranslate2
from zoo_speech.sampling import whisper_sample

__all__ = ["CT2_FILE", "WhisperLoader", "config_of", "transformers_tensors"]

CT2_FILE = "model.bin"
Arrays = Mapping[str, npt.NDArray[Any]]

_MULTILINGUAL_VOCABULARY = 51_865  # from this size on, all the token numbers are one higher (openai/whisper, model.py)
_NORM = {"gamma": "weight", "beta": "bias"}
_TOP = {
    "encoder/conv1": "model.encoder.conv1",
    "encoder/conv2": "model.encoder.conv2",
    "encoder/layer_norm": "model.encoder.layer_norm",
    "decoder/layer_norm": "model.decoder.layer_norm",
    "decoder/embeddings": "model.decoder.embed_tokens",
    "decoder/projection": "proj_out",
    "encoder/position_encodings/encodings": "model.encoder.embed_positions.weight",
    "decoder/position_encodings/encodings": "model.decoder.embed_positions.weight",
}
# In a layer: transformers' name, or the names of the parts that CTranslate2 stacks along the first axis.
_LAYER = {
    "self_attention/layer_norm": ("self_attn_layer_norm",),
    "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attention/linear_1": ("self_attn.out_proj",),
    "attention/layer_norm": ("encoder_attn_layer_norm",),
    "attention/linear_0": ("encoder_attn.q_proj",),
    "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
    "attention/linear_2": ("encoder_attn.out_proj",),
    "ffn/layer_norm": ("final_layer_norm",),
    "ffn/linear_0": ("fc1",),
    "ffn/linear_1": ("fc2",),
}
_LAYER_NAME = re.compile(r"(encoder|decoder)/layer_(\d+)/(.+)/(\w+)")
# What the file says of the computation, and what transformers' Whisper computes (activation 3 is the exact GELU).
_SETTINGS = {
    "decoder/activation": 3,
    "decoder/alibi": 0,
    "decoder/pre_norm": 1,
    "decoder/scale_embeddings": 0,
    "decoder/start_from_zero_embedding": 0,
}


class WhisperLoader(Loader):
    """Loads `model.bin` of CTranslate2 when there is no safetensors file, else a transformers folder."""

    def blank(self, card: ModelCard) -> WhisperForConditionalGeneration:
        """A Whisper of the card's dimensions on the meta device."""
        known = WhisperConfig().to_dict().keys()
        config = WhisperConfig(**{name: value for name, value in card.config.items() if name in known})
        with torch.device("meta"):
            return WhisperForConditionalGeneration(config).eval()

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Windows of 30 s; see `zoo.plugin.Loader.sample`."""
        return whisper_sample(module, batch)

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> WhisperForConditionalGeneration:
        """Whisper with all weights in place.

        Raises:
            IntegrityError: a file is damaged, or no Whisper.
            WeightsMismatch: its tensors are not those of a Whisper.
        """
        if checkpoint.has(CT2_FILE) and not any(checkpoint.path.glob("*.safetensors")):
            config, tensors = _from_ctranslate2(checkpoint)
        else:
            config, tensors = _from_folder(checkpoint)
        with context.no_init():
            module = WhisperForConditionalGeneration(config)
        context.assign(module, tensors)
        return module.to(context.device).eval()


def _from_folder(checkpoint: Checkpoint) -> tuple[WhisperConfig, dict[str, torch.Tensor]]:
    read = checkpoint.read_json("config.json")
    if not isinstance(read, dict) or read.get("model_type") != "whisper":
        raise UnsupportedFormat(f"{checkpoint.card.id}: its config.json is not that of a Whisper model")
    return WhisperConfig.from_dict(read), checkpoint.tensors()


def _from_ctranslate2(checkpoint: Checkpoint) -> tuple[WhisperConfig, dict[str, torch.Tensor]]:
    model = read_ctranslate2(checkpoint.file(CT2_FILE))
    if model.spec != "WhisperSpec":
        raise UnsupportedFormat(f"{checkpoint.card.id}: {CT2_FILE} holds a {model.spec}, not a Whisper model")
    tensors = {name: _tensor(array) for name, array in transformers_tensors(model.variables)}
    return config_of(model.variables), tensors


def _tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    # The file packs its arrays without gaps: one that does not begin at a multiple of its type's size is copied.
    return torch.from_numpy(np.require(array, requirements=["ALIGNED", "WRITEABLE", "C"]))


def transformers_tensors(variables: Arrays) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """The file's arrays under transformers' names, stacked ones taken apart; settings are checked and left out.

    Raises:
        UnsupportedFormat: quantised weights, or a setting that transformers' Whisper does not have.
    """
    for name, wanted in _SETTINGS.items():
        if name in variables and int(variables[name]) != wanted:
            raise UnsupportedFormat(f"the model's {name} is {int(variables[name])}; only {wanted} is read")
    for name, array in variables.items():
        if name.endswith("_scale") or (array.ndim and not np.issubdtype(array.dtype, np.floating)):
            raise UnsupportedFormat(f"{name} is quantised, which is not read", "Use the float16 or float32 model.")
        if array.ndim:
            yield from _renamed(name, array)


def _renamed(name: str, array: npt.NDArray[Any]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    if found := _LAYER_NAME.fullmatch(name):
        side, number, place, leaf = found.groups()
        parts = _LAYER.get(place, (place,))
        if len(array) % len(parts):
            raise IntegrityError(f"{name} of {len(array)} rows cannot be {len(parts)} stacked parts")
        for part, piece in zip(parts, np.split(array, len(parts)), strict=True):
            # A bias of the keys shifts all scores of a query alike, so softmax cancels it: transformers has none.
            if not (part.endswith("k_proj") and leaf == "bias"):
                yield f"model.{side}.layers.{number}.{part}.{_NORM.get(leaf, leaf)}", piece
        return
    place, _, leaf = name.rpartition("/")
    yield _TOP.get(name) or f"{_TOP.get(place, place)}.{_NORM.get(leaf, leaf)}", array


def config_of(variables: Arrays) -> WhisperConfig:
    """The configuration that the shapes of the file's arrays imply.

    Raises:
        IntegrityError: an array that every Whisper has is missing, or has another number of dimensions.
    """
    try:
        vocabulary, width = variables["decoder/embeddings/weight"].shape
        _, mels, _ = variables["encoder/conv1/weight"].shape
        heads = {int(variables[f"{side}/num_heads"]) for side in ("encoder", "decoder")}
        if any(number < 1 or width % number for number in heads):
            raise ValueError(f"{width} features cannot be shared among {heads} heads")
        end = 50_257 if vocabulary >= _MULTILINGUAL_VOCABULARY else 50_256
        return WhisperConfig(
            vocab_size=vocabulary,
            num_mel_bins=mels,
            d_model=width,
            max_source_positions=len(variables["encoder/position_encodings/encodings"]),
            max_target_positions=len(variables["decoder/position_encodings/encodings"]),
            decoder_start_token_id=min(end + 1, vocabulary - 1),
            **{name: min(end, vocabulary - 1) for name in ("bos_token_id", "eos_token_id", "pad_token_id")},
            **_side("encoder", variables),
            **_side("decoder", variables),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise IntegrityError(f"the file is not a whole Whisper model: {error}") from error


def _side(side: str, variables: Arrays) -> dict[str, int]:
    numbers = {int(found[2]) for name in variables if (found := _LAYER_NAME.fullmatch(name)) and found[1] == side}
    return {
        f"{side}_layers": len(numbers),
        f"{side}_attention_heads": int(variables[f"{side}/num_heads"]),
        f"{side}_ffn_dim": len(variables[f"{side}/layer_0/ffn/linear_0/bias"]),
    }
