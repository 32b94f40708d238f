"""Random variations of pictures with their boxes for training, with all their numbers from a generator that is given.

Crops, margins and mirrors go by whole pixels, so that boxes stay exactly around what they were around. Sources: the
crops and the zooming out of Liu et al., "SSD: Single Shot MultiBox Detector" (arXiv:1512.02325, sections 2.2 and 3.6),
with a margin of up to the picture's own size instead of three times that, which leaves small data sets little to see.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance, ImageStat

from zoo.data import LabelledBox

if TYPE_CHECKING:
    import random

__all__ = ["LEAST", "Boxes", "cropped", "drawn_part", "framed", "mirrored", "recoloured", "varied"]

Boxes = tuple[LabelledBox, ...]
Part = tuple[int, int, int, int]  # left, upper, right, lower

# An object of which less than this share is left by a crop is neither learnt nor background.
LEAST = 0.4
_TRIES = 20
_AREA = (0.3, 1.0)  # of the picture, for crops
_SHAPE = (0.5, 2.0)  # ratio of width to height, by the picture's own
_COVERED = (0.5, 0.7, 0.9, 1.0)  # how much of some object a crop must show
_MOST = 2.0  # how many times its side a picture grows to by a margin


def varied(image: Image.Image, boxes: Boxes, draw: random.Random) -> tuple[Image.Image, Boxes]:
    """A picture recoloured, cropped (half of them) or given a margin (a quarter), and mirrored (half), with its boxes.

    Args:
        image: in RGB.
        boxes: inside the picture.
        draw: the numbers.
    """
    image = recoloured(image, draw)
    kind = draw.random()
    if kind < 0.5:
        image, boxes = cropped(image, boxes, drawn_part(draw, image.size, boxes))
    elif kind < 0.75:
        image, boxes = framed(image, boxes, draw)
    return mirrored(image, boxes) if draw.random() < 0.5 else (image, boxes)


def mirrored(image: Image.Image, boxes: Boxes) -> tuple[Image.Image, Boxes]:
    """Left and right exchanged."""
    wide = image.width
    made = tuple(_at(one, (wide - one.box[2], one.box[1], wide - one.box[0], one.box[3])) for one in boxes)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), made


def cropped(image: Image.Image, boxes: Boxes, part: Part) -> tuple[Image.Image, Boxes]:
    """A part of a picture: boxes are cut off at its edges, and of what is hardly left nothing is to be learnt.

    An object of which less than 40 % is left stands there as `crowd`; one of which nothing is left is gone.
    """
    left, upper, right, lower = part
    made = []
    for one in boxes:
        x1, y1, x2, y2 = one.box
        seen = (max(x1, left) - left, max(y1, upper) - upper, min(x2, right) - left, min(y2, lower) - upper)
        if (share := _share(seen, one.box)) > 0:
            made.append(dataclasses.replace(_at(one, seen), crowd=one.crowd or share < LEAST))
    return image.crop(part), tuple(made)


def framed(image: Image.Image, boxes: Boxes, draw: random.Random) -> tuple[Image.Image, Boxes]:
    """A picture somewhere on a larger canvas of its mean colour, so that its objects become smaller."""
    growth = draw.uniform(1.0, _MOST)
    wide, high = round(image.width * growth), round(image.height * growth)
    x, y = draw.randint(0, wide - image.width), draw.randint(0, high - image.height)
    red, green, blue = (round(value) for value in ImageStat.Stat(image).mean)
    canvas = Image.new("RGB", (wide, high), (red, green, blue))
    canvas.paste(image, (x, y))
    return canvas, tuple(_at(b, (b.box[0] + x, b.box[1] + y, b.box[2] + x, b.box[3] + y)) for b in boxes)


def drawn_part(draw: random.Random, size: tuple[int, int], boxes: Sequence[LabelledBox]) -> Part:
    """A part of a picture of `size` (width, height) that shows half of some object at least; else the whole picture.

    How much it must show of it is drawn, as is its area (30 to 100 %) and its shape; twenty parts are tried.
    """
    width, height = size
    wanted = draw.choice(_COVERED)
    learnt = [one for one in boxes if not one.crowd]
    for _ in range(_TRIES):
        area = draw.uniform(*_AREA)
        ratio = math.exp(draw.uniform(math.log(_SHAPE[0]), math.log(_SHAPE[1])))
        wide, high = round(width * math.sqrt(area * ratio)), round(height * math.sqrt(area / ratio))
        if not (0 < wide <= width and 0 < high <= height):
            continue
        left, upper = draw.randint(0, width - wide), draw.randint(0, height - high)
        part = (left, upper, left + wide, upper + high)
        if not learnt or any(_covered(one, part) >= wanted for one in learnt):
            return part
    return 0, 0, width, height


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


def _at(one: LabelledBox, box: tuple[float, float, float, float]) -> LabelledBox:
    return dataclasses.replace(one, box=box, area=None)


def _covered(one: LabelledBox, part: Part) -> float:
    x1, y1, x2, y2 = one.box
    return _share((max(x1, part[0]), max(y1, part[1]), min(x2, part[2]), min(y2, part[3])), one.box)


def _share(seen: tuple[float, float, float, float], whole: tuple[float, float, float, float]) -> float:
    """How much of a box is seen, 0 to 1."""
    wide, high = seen[2] - seen[0], seen[3] - seen[1]
    area = (whole[2] - whole[0]) * (whole[3] - whole[1])
    return wide * high / area if wide > 0 and high > 0 and area > 0 else 0.0
