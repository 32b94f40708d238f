"""Masks as pictures of class numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from zoo.data import read_mask

__all__ = ["IGNORED", "read_classes"]

# The number of pixels that count for nothing, as in Pascal VOC.
IGNORED = 255


def read_classes(value: Any, classes: int) -> Image.Image:
    """A grey picture whose pixels are the numbers of classes, 255 where nothing is known.

    Args:
        value: what `zoo.data.read_mask` takes.
        classes: how many there are.

    Raises:
        BadData: no mask, or a number that is no class.
    """
    return Image.fromarray(read_mask(value, classes).astype(np.uint8))
