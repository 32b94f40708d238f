"""Weights and pictures that are the same on every machine and with every version of the libraries."""

from __future__ import annotations

import math
from typing import Any

from zoo.data import LabelledBox

__all__ = ["COLOURS", "Scene", "calm", "fill", "numbers", "scenes"]

Scene = tuple[Any, tuple[LabelledBox, ...]]

COLOURS = {"red": (220, 30, 30), "blue": (20, 40, 210)}


def numbers(seed: int) -> Any:
    """A generator of numpy whose stream is fixed for good, which that of `default_rng` is not (NEP 19)."""
    import numpy as np

    return np.random.RandomState(seed)


def fill(module: Any, *, gain: float = 1.0, seed: int = 0) -> Any:
    """Give a torch module weights by chance, of a size that keeps what goes through it in its range.

    Args:
        module: it is changed, put into evaluation mode and returned.
        gain: by how much larger the weights of its layers are.
        seed: of the numbers.
    """
    import torch

    draw = numbers(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            values = torch.from_numpy(draw.standard_normal(tuple(parameter.shape)))
            if parameter.ndim > 1:
                parameter.copy_(values * (gain / math.sqrt(max(1, parameter[0].numel()))))
            else:
                parameter.copy_(values * 0.1 + (0 if "bias" in name else 1))
    return module.eval()


def calm(module: Any, *parts: str, by: float = 0.1, bias: float = 0.0) -> None:
    """Make weights of some layers smaller and their biases all the same: scores that are unsure, boxes near anchors.

    Args:
        module: it is changed.
        parts: how the names of the layers begin.
        by: what weights are multiplied by.
        bias: what biases become.
    """
    for name, parameter in module.named_parameters():
        if name.startswith(parts):
            parameter.data = parameter.data * by if parameter.ndim > 1 else parameter.data * 0 + bias


def scenes(count: int, *, wider: bool = False, side: int = 96, seed: int = 0) -> list[Scene]:
    """Grey pictures, each with a red rectangle on the left and a blue one on the right.

    Args:
        count: how many.
        wider: whether every second picture is half as wide again as it is high, or all are square.
        side: height in pixels.
        seed: of where the rectangles lie.
    """
    import numpy as np
    from PIL import Image

    draw, made = numbers(seed), []
    for number in range(count):
        wide = side * 3 // 2 if wider and number % 2 else side
        pixels, boxes = draw.normal(110, 8, (side, wide, 3)), []
        for place, (name, colour) in enumerate(COLOURS.items()):
            across, down = (int(size) for size in draw.randint(side // 4, side * 4 // 10, 2))
            x = place * wide // 2 + int(draw.randint(0, wide // 2 - across))
            y = int(draw.randint(0, side - down))
            pixels[y : y + down, x : x + across] = np.array(colour) + draw.normal(0, 8, (down, across, 3))
            boxes.append(LabelledBox(name, (float(x), float(y), float(x + across), float(y + down))))
        made.append((Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), tuple(boxes)))
    return made
