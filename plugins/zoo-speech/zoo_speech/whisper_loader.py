"""The loader `whisper`: transformers' Whisper from a CTranslate2 file or from a transformers folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import WhisperConfig, WhisperForConditionalGeneration
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from zoo.cards import ModelCard
from zoo.errors import IntegrityError, UnsupportedFormat
from zoo.plugin import ADAPTER_FILE, HEAD_FILE, Checkpoint, LoadContext, Loader
from zoo_speech.ctranslate2 import read_ctranslate2
from zoo_speech.heads import Headless, SoundClassifier, has_head, labels_of, with_head
from zoo_speech.sampling import whisper_sample

__all__ = ["CT2_FILE", "ENCODER", "WhisperLoader", "config_of", "mel_bands", "transformers_tensors"]

CT2_FILE = "model.bin"
ENCODER = "model.encoder."  # before the names of the encoder's tensors
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

    def blank(self, card: ModelCard) -> torch.nn.Module:
        """A Whisper of the card's dimensions on the meta device, or a head on its encoder."""
        known = WhisperConfig().to_dict().keys()
        config = WhisperConfig(**{name: value for name, value in card.config.items() if name in known})
        with torch.device("meta"):
            if has_head(card):
                return SoundClassifier(WhisperEncoder(config), len(labels_of(card))).eval()
            made: torch.nn.Module = WhisperForConditionalGeneration(config).eval()
            return made

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Windows of 30 s; see `zoo.plugin.Loader.sample`."""
        return whisper_sample(module, batch)

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> torch.nn.Module:
        """Whisper with all weights in place, or its encoder with a head for classes of recordings.

        Raises:
            IntegrityError: a file is damaged, or no Whisper.
            WeightsMismatch: its tensors are not those of a Whisper.
        """
        if has_head(checkpoint.card):
            return with_head(_encoder(checkpoint, context), checkpoint, context)
        config, tensors = _read(checkpoint)
        with context.no_init():
            module = WhisperForConditionalGeneration(config)
        context.assign(module, tensors)
        made: torch.nn.Module = module.to(context.device).eval()
        return made


def _read(checkpoint: Checkpoint) -> tuple[WhisperConfig, dict[str, torch.Tensor]]:
    weights = [path for path in checkpoint.path.glob("*.safetensors") if path.name not in {HEAD_FILE, ADAPTER_FILE}]
    return _from_ctranslate2(checkpoint) if checkpoint.has(CT2_FILE) and not weights else _from_folder(checkpoint)


def _encoder(checkpoint: Checkpoint, context: LoadContext) -> WhisperEncoder:
    """The encoder alone, of files that hold the whole model or no more than it."""
    config, tensors = _read(Headless.of(checkpoint))
    with context.no_init():
        module = WhisperEncoder(config).to(context.dtype)
    context.assign(module, tensors, rename=_within_encoder)
    return module


def _within_encoder(name: str) -> str | None:
    return name.removeprefix(ENCODER) if name.startswith(ENCODER) else None


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


def mel_bands(checkpoint: Checkpoint) -> int:
    """How many bands of frequency the model hears: by its card, else by its `config.json`, else 80.

    Raises:
        IntegrityError: the number makes no sense.
    """
    config = checkpoint.read_json("config.json") if checkpoint.has("config.json") else {}
    stated = config.get("num_mel_bins") if isinstance(config, dict) else None
    made = checkpoint.card.config.get("num_mel_bins") or stated or 80
    if not isinstance(made, int) or not 1 <= made <= 512:
        raise IntegrityError(f"{checkpoint.card.id}: {made!r} mel bands make no sense")
    return made
