"""What one forward of a transformers module takes, by its configuration and the names of its arguments.

Everything is made on torch's meta device: shapes and types without numbers. torch is imported when a function is
called.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption

if TYPE_CHECKING:
    import torch

__all__ = ["meta_floats", "meta_tokens", "pretrained_sample", "text_length"]

# A text of unknown length is taken as long as this, or as the model's longest.
USUAL_LENGTH = 512
RATE = 16_000
# What transformers' feature extractors make of a recording: 100 frames a second.
FRAMES = 100
_LONGEST_SIDE = 10_000

_Sample = tuple[tuple[Any, ...], dict[str, Any]]


def pretrained_sample(
    module: Any, batch: int, length: int | None = None, *, side: tuple[int, int] | None = None, seconds: int = 10
) -> _Sample | None:
    """Inputs of any transformers module of texts, pictures, films or sounds; None for a kind that is not known.

    Args:
        module: built by transformers.
        batch: how many inputs at once.
        length: of texts, in tokens.
        side: height and width of pictures; by itself what the configuration, else the image processor's default, says.
        seconds: of sound.

    Raises:
        BadOption: the model takes no text of this length.
    """
    takes = inspect.signature(module.forward).parameters
    needed = {name for name, one in takes.items() if one.default is inspect.Parameter.empty}
    made: dict[str, Any] = {}
    if "pixel_values" in takes or "pixel_values_videos" in takes:
        made |= _pictures(module, batch, side, takes)
    if "input_features" in takes or "input_values" in takes:
        made |= _sounds(module, batch, seconds, takes)
    elif "input_ids" in takes and (not made or "input_ids" in needed or not module.config.is_encoder_decoder):
        made |= _texts(module, batch, length, takes)
    if made and "decoder_input_ids" in takes:
        made["decoder_input_ids"] = meta_tokens(batch, 1)  # texts are written one token at a time
    return ((), made) if made else None


def meta_floats(module: torch.nn.Module, *shape: int) -> torch.Tensor:
    """Numbers of a shape in the module's own floating-point type, on the meta device."""
    import torch

    types = (p.dtype for p in module.parameters() if p.is_floating_point())
    return torch.empty(shape, device="meta", dtype=next(types, torch.float32))


def meta_tokens(*shape: int) -> torch.Tensor:
    """Token ids of a shape, on the meta device."""
    import torch

    return torch.zeros(shape, device="meta", dtype=torch.long)


def text_length(config: Any, length: int | None) -> int:
    """The length of texts: what is asked for, else the model's longest, and 512 at most.

    Raises:
        BadOption: it is not positive, or longer than the model reads.
    """
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    longest = next((n for name in ("max_position_embeddings", "n_positions") if (n := getattr(text, name, None))), None)
    if not isinstance(longest, int) or longest < 1:
        longest = None  # places are relative: there is no limit
    if length is None:
        return min(longest or USUAL_LENGTH, USUAL_LENGTH)
    if length < 1:
        raise BadOption(f"a length of {length} tokens makes no sense", "Give 1 or more.")
    if longest is not None and length > longest:
        raise BadOption(f"the model reads {longest} tokens at most, not {length}", f"Give --length {longest} or less.")
    return length


def _texts(module: Any, batch: int, length: int | None, takes: Any) -> dict[str, Any]:
    count = text_length(module.config, length)
    made: dict[str, Any] = {"input_ids": meta_tokens(batch, count)}
    if "attention_mask" in takes:
        made["attention_mask"] = meta_tokens(batch, count) + 1
    if "logits_to_keep" in takes:
        made["logits_to_keep"] = 1  # as when writing: only what comes next is wanted
    return made


def _pictures(module: Any, batch: int, side: tuple[int, int] | None, takes: Any) -> dict[str, Any]:
    config = _of_pictures(module.config)
    height, width = side or _side(config.get("image_size")) or _processed(module.config) or (224, 224)
    channels = config.get("num_channels") or 3
    if frames := config.get("num_frames"):
        name = "pixel_values_videos" if "pixel_values_videos" in takes else "pixel_values"
        return {name: meta_floats(module, batch, frames, channels, height, width)}
    return {"pixel_values": meta_floats(module, batch, channels, height, width)}


def _of_pictures(config: Any) -> Mapping[str, Any]:
    """The part of a configuration that is about pictures."""
    stated: Mapping[str, Any] = config.to_dict()
    for name in ("vision_config", "encoder"):
        part = stated.get(name)
        if isinstance(part, Mapping) and part.get("image_size"):
            return part
    return stated


def _side(size: Any) -> tuple[int, int] | None:
    if isinstance(size, int) and size > 0:
        return size, size
    return (int(size[-2]), int(size[-1])) if isinstance(size, list | tuple) and len(size) >= 2 else None


def _processed(config: Any) -> tuple[int, int] | None:
    """The largest picture that transformers' image processor for this kind of model makes unless told otherwise."""
    from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING

    try:
        found = IMAGE_PROCESSOR_MAPPING[type(config)]
    except KeyError:
        return None
    kinds = [kind for kind in (found.values() if isinstance(found, Mapping) else [found]) if kind is not None]
    stated = next((size for kind in kinds if (size := getattr(kind, "size", None))), None) or {}
    if {"height", "width"} <= stated.keys():
        return stated["height"], stated["width"]
    edges = [int(edge) for name in ("shortest_edge", "longest_edge") if (edge := stated.get(name))]
    if not edges or max(edges) > _LONGEST_SIDE:
        return None  # numbers of pixels, not of edges (Qwen2-VL)
    return edges[0], edges[-1]


def _sounds(module: Any, batch: int, seconds: int, takes: Any) -> dict[str, Any]:
    config = module.config
    if "input_features" in takes:  # frames by what is heard in each
        names = ("input_feat_per_channel", "feature_projection_input_dim", "num_mel_bins")
        bands = next((count for name in names if (count := getattr(config, name, None))), 80)
        return {"input_features": meta_floats(module, batch, seconds * FRAMES, bands)}
    bands, frames = getattr(config, "num_mel_bins", None), getattr(config, "max_length", None)
    if isinstance(bands, int) and isinstance(frames, int):  # the spectrogram transformer's pictures of sound
        return {"input_values": meta_floats(module, batch, frames, bands)}
    return {"input_values": meta_floats(module, batch, seconds * RATE)}
