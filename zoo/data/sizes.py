"""How large a picture is as it will be seen, from the beginning of its file alone."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.images import FORMATS, read_image
from zoo.errors import BadData

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["upright_sizes"]

_ORIENTATION = 0x0112  # of EXIF; 5 to 8 lie on their side
_EXIF_OF_PNG = {"exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp"}


def upright_sizes(values: Sequence[Any]) -> list[tuple[int, int] | None]:
    """Width and height of each picture, turned upright as `read_image` turns it; None for one that cannot be opened.

    Args:
        values: what `read_image` takes; of files and encoded bytes only the header is read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a picture of too many pixels is refused when it is read
        return [_size(value) for value in values]


def _size(value: Any) -> tuple[int, int] | None:
    from PIL import Image

    if isinstance(value, Image.Image):
        return _upright(value)
    try:
        if not isinstance(value, str | Path | bytes | bytearray):
            return read_image(value).size
        formats = [name for name in FORMATS if name in _readable()]
        with Image.open(io.BytesIO(value) if isinstance(value, bytes | bytearray) else value, formats=formats) as image:
            return _upright(image)
    except (
        BadData,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        OverflowError,
        MemoryError,
        Image.DecompressionBombError,
    ):
        return None


def _readable() -> dict[str, Any]:
    from PIL import Image

    Image.init()
    return dict(Image.OPEN)


def _upright(image: Image) -> tuple[int, int]:
    # Pillow decodes a whole PNG to look for EXIF behind its pixels.
    known = image.format != "PNG" or _EXIF_OF_PNG & image.info.keys()
    turned = known and image.getexif().get(_ORIENTATION, 1) in {5, 6, 7, 8}
    return (image.height, image.width) if turned else image.size
