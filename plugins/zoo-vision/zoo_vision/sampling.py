"""What one forward of this plugin's modules takes: pictures and films of the size that a card names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zoo.plugin import meta_floats, meta_tokens, pretrained_sample

if TYPE_CHECKING:
    from torch import nn

    from zoo.cards import ModelCard

__all__ = ["detector_sample", "film_sample", "picture_sample", "transformers_sample"]

_Sample = tuple[tuple[Any, ...], dict[str, Any]]

# The shape of a picture that is scaled by its shorter side.
_WIDE = 4 / 3
_CAPTION = 77


def picture_sample(card: ModelCard, module: nn.Module, batch: int) -> _Sample | None:
    """Pictures (batch, channels, height, width) for timm's and torchvision's classifiers and segmenters."""
    config = card.config
    if size := config.get("input_size"):
        return (meta_floats(module, batch, *size),), {}
    if (side := _pair(config.get("crop_size"))) is not None:
        return (meta_floats(module, batch, 3, *side),), {}
    low = config.get("resize_size")
    return ((meta_floats(module, batch, 3, low, round(low * _WIDE)),), {}) if isinstance(low, int) else None


def film_sample(card: ModelCard, module: nn.Module, batch: int) -> _Sample:
    """Clips (batch, 3, frames, height, width) for torchvision's video models."""
    height, width = _pair(card.config["crop_size"]) or (112, 112)
    return (meta_floats(module, batch, 3, card.config["clip_len"], height, width),), {}


def detector_sample(card: ModelCard, module: nn.Module, batch: int) -> _Sample:
    """Lists of pictures for torchvision's detectors, as large as the module itself would make them."""
    low, high = card.config["min_size"], card.config["max_size"]
    return ([meta_floats(module, 3, low, high) for _ in range(batch)],), {}


def transformers_sample(card: ModelCard, module: Any, batch: int, length: int | None) -> _Sample | None:
    """Pictures, with a caption or question where the module asks for one."""
    made = pretrained_sample(module, batch, length, side=_pair(card.config.get("image_size")))
    if made is not None and card.architecture.startswith("OneFormer"):
        made[1]["task_inputs"] = meta_tokens(batch, _CAPTION)
    return made


def _pair(size: Any) -> tuple[int, int] | None:
    if isinstance(size, int) and not isinstance(size, bool):
        return size, size
    if isinstance(size, Mapping) or not isinstance(size, list | tuple) or len(size) < 2:
        return None
    return int(size[-2]), int(size[-1])
