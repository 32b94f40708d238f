"""From a picture to the tensor that a classifier was evaluated with, as its library does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

__all__ = ["transform_for"]


def transform_for(config: Mapping[str, Any]) -> Callable[[Image], torch.Tensor]:
    """The evaluation transform of a card: an RGB picture in, a float32 tensor (3, height, width) out.

    A `config` with `resize_size` is read as torchvision's presets are, any other as timm's data configuration.
    """
    return _torchvision(config) if "resize_size" in config else _timm(config)


def _timm(config: Mapping[str, Any]) -> Callable[[Image], torch.Tensor]:
    from timm.data import create_transform

    made: Callable[[Image], torch.Tensor] = create_transform(
        input_size=tuple(config["input_size"]),
        interpolation=config["interpolation"],
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        crop_pct=config["crop_pct"],
        crop_mode=config["crop_mode"],
        is_training=False,
    )
    return made


def _torchvision(config: Mapping[str, Any]) -> Callable[[Image], torch.Tensor]:
    """The steps of `torchvision.transforms._presets.ImageClassification`, which is not public."""
    from torchvision.transforms import Compose, InterpolationMode, transforms

    made: Callable[[Image], torch.Tensor] = Compose(
        [
            transforms.Resize(config["resize_size"], InterpolationMode(config["interpolation"]), antialias=True),
            transforms.CenterCrop(config["crop_size"]),
            transforms.ToTensor(),
            transforms.Normalize(config["mean"], config["std"]),
        ]
    )
    return made
