"""The preprocessing of pictures: equal to the libraries' own to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import create_transform
from torchvision.transforms import InterpolationMode
from torchvision.transforms._presets import ImageClassification
from zoo_vision.preprocess import transform_for

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture
def photo() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (190, 301, 3), dtype=np.uint8))


@pytest.mark.parametrize("changes", [{}, {"crop_mode": "squash"}, {"crop_mode": "border"}, {"mean": (0.5, 0.5, 0.5)}])
def test_timm(photo: Image.Image, changes: dict[str, Any]) -> None:
    config = {"interpolation": "bicubic", "mean": MEAN, "std": STD, "crop_pct": 0.875, "crop_mode": "center"} | changes
    expected = create_transform(input_size=(3, 96, 128), is_training=False, **config)(photo)
    assert torch.equal(transform_for({"input_size": (3, 96, 128), **config})(photo), expected)


def test_torchvision(photo: Image.Image) -> None:
    preset = ImageClassification(
        crop_size=96, resize_size=112, mean=MEAN, std=STD, interpolation=InterpolationMode.BILINEAR
    )
    config = {"crop_size": 96, "resize_size": 112, "mean": MEAN, "std": STD, "interpolation": "bilinear"}
    assert torch.equal(transform_for(config)(photo), preset(photo))
