"""Reading pictures safely, from anything that people have them in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from zoo.errors import BadData

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["FORMATS", "IMAGE_SUFFIXES", "read_image"]

# Only raster formats that Pillow decodes itself: EPS, for one, would run an interpreter.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif")
MAX_PIXELS = 89_478_485  # Pillow's own bound, which it only warns about


def read_image(value: Any) -> Image:
    """The picture in RGB, turned upright as its EXIF orientation says.

    Args:
        value: a path, `bytes`, a binary file, a Pillow image, a numpy array (height, width), (height, width, 1), (…, 3)
            or (…, 4), or a torch tensor (channels, height, width); numbers are uint8 in 0..255 or floats in 0..1.

    Raises:
        BadData: no such file, no picture, broken, empty, too large, or an array of another shape or range.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if isinstance(value, Image.Image):
        return _rgb(value, "the picture")
    if hasattr(value, "shape"):
        return _from_array(value)
    name = _name(value)
    try:
        with Image.open(_stream(value), formats=_formats()) as image:
            _check_size(image.size, name)
            return _rgb(ImageOps.exif_transpose(image), name)
    except UnidentifiedImageError as error:
        raise BadData(f"{name} is not a picture that can be read", f"Use one of: {', '.join(FORMATS)}.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadData(f"{name} is too large: {error}", "Make it smaller.") from error
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, MemoryError) as error:
        raise BadData(f"{name} cannot be read: {error}") from error


def _formats() -> list[str]:
    """The formats that this build of Pillow has."""
    from PIL import Image

    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _name(value: Any) -> str:
    return str(value) if isinstance(value, str | Path) else "the picture"


def _stream(value: Any) -> BinaryIO | Path:
    if isinstance(value, bytes | bytearray | memoryview):
        return io.BytesIO(value)
    if isinstance(value, str | Path):
        return _existing(value)
    if hasattr(value, "read"):
        stream: BinaryIO = value
        return stream
    raise BadData(
        f"{type(value).__name__} is not a picture", "Give a path, bytes, a Pillow image, an array or a tensor."
    )


def _existing(value: str | Path) -> Path:
    if str(value).startswith(("http://", "https://")):
        raise BadData(
            f"{value} is a URL, and URLs are fetched only when asked for", "Allow it with --url, or urls=True."
        )
    path = Path(value).expanduser()
    try:
        if path.is_dir():
            raise BadData(f"{value} is a folder, not a picture")
        if not path.exists():
            raise BadData(f"there is no file {value}")
    except (OSError, ValueError) as error:
        raise BadData(f"{str(value)[:80]!r} is not a path: {error}") from error
    return path


def _check_size(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise BadData(f"{name} is too large: {size[0]} x {size[1]} pixels", f"At most {MAX_PIXELS:,} pixels are read.")
    if not size[0] or not size[1]:
        raise BadData(f"{name} is empty")


def _rgb(image: Image, name: str) -> Image:
    """RGB with 16-bit greys scaled and transparency laid on white, where a plain convert would clip or blacken."""
    from PIL import Image as Pillow

    _check_size(image.size, name)
    if image.mode.startswith(("I;16", "I", "F")):
        return _from_deep_grey(image)
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Pillow.new("RGBA", layered.size, "white")
        return Pillow.alpha_composite(white, layered).convert("RGB")
    return image.convert("RGB")


def _from_deep_grey(image: Image) -> Image:
    import numpy as np
    from PIL import Image as Pillow

    pixels = np.asarray(image, dtype=np.float64)
    top = 65535.0 if image.mode.startswith("I;16") or pixels.max(initial=0) > 255 else 255.0
    if image.mode == "F" and pixels.max(initial=0) <= 1.0:
        top = 1.0
    return Pillow.fromarray((pixels / top * 255).clip(0, 255).astype(np.uint8)).convert("RGB")


def _from_array(value: Any) -> Image:
    import numpy as np
    from PIL import Image as Pillow

    tensor = hasattr(value, "detach")
    array = np.asarray(value.detach().cpu().numpy() if tensor else value)
    if tensor and array.ndim == 3:
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in {2, 3} or (array.ndim == 3 and array.shape[2] not in {3, 4}) or 0 in array.shape:
        wanted = "(3, height, width)" if tensor else "(height, width[, 3])"
        raise BadData(f"an array of shape {tuple(value.shape)} is not a picture", f"Give the shape {wanted}.")
    _check_size((array.shape[1], array.shape[0]), "the array")
    return _rgb(Pillow.fromarray(_bytes(array)), "the array")


def _bytes(array: Any) -> Any:
    import numpy as np

    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if not np.issubdtype(array.dtype, np.floating):
        raise BadData(f"an array of {array.dtype} is not a picture", "Give uint8 in 0..255, or floats in 0..1.")
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
        raise BadData("a picture's floats must lie in 0..1", "Divide by 255, or give uint8.")
    return (array * 255).round().astype(np.uint8)
