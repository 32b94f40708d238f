"""Random variations of pictures for training, with all their numbers from a generator that is given.

torchvision's transforms draw from torch's global generator; here each example's variation depends on nothing else.
Sources: random resized crops as of Szegedy et al., "Going deeper with convolutions" (arXiv:1409.4842), with a smallest
area of .35 instead of .08, since small data sets lose the object in smaller ones; light changes of colour.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from PIL.Image import Resampling

__all__ = ["Box", "drawn_box", "mirrored", "recoloured", "resampling"]

# Left, upper, right, lower in pixels.
Box = tuple[float, float, float, float]

_TRIES = 10


def drawn_box(
    draw: random.Random,
    size: tuple[int, int],
    *,
    area: tuple[float, float] = (0.35, 1.0),
    shape: tuple[float, float] = (3 / 4, 4 / 3),
) -> Box:
    """A part of a picture of `size` (width, height).

    Args:
        draw: the numbers.
        size: of the picture.
        area: smallest and largest share of the picture.
        shape: smallest and largest ratio of width to height.

    Returns:
        the part; the whole picture where none of ten tries fits into it.
    """
    width, height = size
    for _ in range(_TRIES):
        share = draw.uniform(*area) * width * height
        ratio = math.exp(draw.uniform(math.log(shape[0]), math.log(shape[1])))
        wide, high = math.sqrt(share * ratio), math.sqrt(share / ratio)
        if wide <= width and high <= height:
            left, upper = draw.uniform(0, width - wide), draw.uniform(0, height - high)
            return left, upper, left + wide, upper + high
    return 0.0, 0.0, float(width), float(height)


def mirrored(draw: random.Random) -> bool:
    """Whether this picture is mirrored: half of them are."""
    return draw.random() < 0.5


def recoloured(image: Image.Image, draw: random.Random, strength: float = 0.2) -> Image.Image:
    """Brightness, contrast and saturation changed by up to `strength` each, in an order that is drawn."""
    changes: list[Callable[[Image.Image], ImageEnhance.Brightness | ImageEnhance.Contrast | ImageEnhance.Color]] = [
        ImageEnhance.Brightness,
        ImageEnhance.Contrast,
        ImageEnhance.Color,
    ]
    draw.shuffle(changes)
    for change in changes:
        image = change(image).enhance(draw.uniform(1 - strength, 1 + strength))
    return image


def resampling(name: str) -> Resampling:
    """Pillow's filter of this name; bicubic for names that are none (timm's `random`)."""
    return getattr(Image.Resampling, name.upper(), Image.Resampling.BICUBIC)
