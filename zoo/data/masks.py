"""Masks: a class for each pixel, from the files that people draw them in."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BadData

if TYPE_CHECKING:
    import numpy as np

__all__ = ["IGNORED", "mask_classes", "read_mask"]

IGNORED = 255  # the index of pixels that count for nothing, as in PASCAL VOC and Cityscapes
TWO = ("background", "object")
THREADS = 4


def read_mask(value: Any, classes: int | None = None) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The class of each pixel.

    Args:
        value: a path or encoded bytes of a picture (PNG with a palette or grey, of indices; with two classes also black
            and white) or of a numpy file, a Pillow image, or an array (height, width).
        classes: how many there are; None for the numbers as they are in the file. Of two, a mask with values besides 0,
            1 and 255 is cut in the middle.

    Returns:
        array (height, width) of int64 in 0..classes-1, and `IGNORED` (255) where a pixel counts for nothing.

    Raises:
        BadData: no such file, no mask, or a class that is not one of them.
    """
    import numpy as np

    drawn: np.ndarray[Any, np.dtype[np.int64]] = _drawn(value).astype(np.int64)
    if classes is None:
        return drawn
    values = np.unique(drawn)
    if classes == len(TWO) and not set(values.tolist()) <= {0, 1}:
        if set(values.tolist()) <= {0, 1, IGNORED} and 1 in values:
            return drawn
        return np.asarray(drawn > values.max() / 2, dtype=np.int64)
    wrong = [int(one) for one in values if not (0 <= one < classes or one == IGNORED)]
    if wrong:
        raise BadData(f"{_name(value)} has the class {wrong[0]}, where there are {classes}", "Name all classes.")
    return drawn


def mask_classes(values: Sequence[Any]) -> tuple[str, ...]:
    """The classes' names that masks have: background and object, or the first index and then numbers.

    Raises:
        BadData: a mask cannot be read.
    """
    with ThreadPoolExecutor(THREADS) as threads:
        counts: Counter[int] = sum(threads.map(_counted, values), start=Counter())
    ends = counts[0] + counts[IGNORED]
    highest = max((one for one in counts if one != IGNORED), default=0)
    drawn_white = counts[IGNORED] and not counts[1] and ends >= 0.9 * counts.total()
    if highest <= 1 or drawn_white:
        return TWO
    return ("background", *(f"class {number}" for number in range(1, highest + 1)))


def _counted(value: Any) -> Counter[int]:
    import numpy as np

    numbers, counts = np.unique(_drawn(value), return_counts=True)
    return Counter(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))


def _drawn(value: Any) -> np.ndarray[Any, Any]:
    """The numbers of a mask as they are in its file, (height, width)."""
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return _whole(value, "the mask")
    if _is_numpy(value):
        return _whole(_load(value), _name(value))
    return _picture(value)


def _is_numpy(value: Any) -> bool:
    if isinstance(value, bytes):
        return value.startswith(b"\x93NUMPY")
    return isinstance(value, str | Path) and Path(value).suffix.lower() == ".npy"


def _load(value: Any) -> np.ndarray[Any, Any]:
    import numpy as np

    try:
        loaded = np.load(io.BytesIO(value) if isinstance(value, bytes) else value, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadData(f"{_name(value)} is not a numpy file of numbers: {str(error).splitlines()[0]}") from error
    if not isinstance(loaded, np.ndarray):
        raise BadData(f"{_name(value)} holds several arrays", "Save one mask a file.")
    return loaded


def _whole(array: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
    """An array (height, width) of whole numbers; a last or first dimension of 1 is left out."""
    import numpy as np

    if array.ndim == 3 and 1 in {array.shape[0], array.shape[2]}:
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim != 2 or not array.size:
        raise BadData(f"{name} has the shape {array.shape}", "A mask is (height, width), one class a pixel.")
    if array.dtype == np.bool_:
        return array.astype(np.uint8)
    whole = array if np.issubdtype(array.dtype, np.integer) else np.rint(array)
    if not np.issubdtype(array.dtype, np.number) or not np.isfinite(whole).all() or (whole != array).any():
        raise BadData(f"{name} holds {array.dtype} that are not whole numbers", "A mask has one class a pixel.")
    return whole.astype(np.int64)


def _picture(value: Any) -> np.ndarray[Any, Any]:
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with (
            Image.open(io.BytesIO(value) if isinstance(value, bytes) else value)
            if not isinstance(value, Image.Image)
            else value.copy() as image
        ):
            return _numbers(np.asarray(image), image.mode, _name(value))
    except UnidentifiedImageError as error:
        raise BadData(f"{_name(value)} is not a picture that can be read", "Save masks as PNG.") from error
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise BadData(f"{_name(value)} cannot be read: {error}") from error


def _numbers(pixels: np.ndarray[Any, Any], mode: str, name: str) -> np.ndarray[Any, Any]:
    """Indices of a palette and greys as they are; of colours only such that are greys."""
    if mode in {"LA", "PA"}:
        return pixels[..., 0]
    if mode in {"RGB", "RGBA"}:
        if (pixels[..., 0] != pixels[..., 1]).any() or (pixels[..., 0] != pixels[..., 2]).any():
            raise BadData(f"{name} is a mask in colours", "Save the class of each pixel: a grey or palette PNG.")
        return pixels[..., 0]
    return _whole(pixels, name)


def _name(value: Any) -> str:
    return str(value) if isinstance(value, str | Path) else "the mask"
