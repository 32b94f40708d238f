"""What is in the files: facts about each picture and recording, and why one that cannot be read cannot."""

from __future__ import annotations

import io
import warnings
import wave
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.doctor.signs import unlike
from zoo.data.images import FORMATS

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "Mask",
    "Picture",
    "Recording",
    "look_at_all",
    "look_at_mask",
    "look_at_picture",
    "look_at_recording",
    "size_of",
]

_VALUES = 256  # that a mask may have: more than any list of classes
_SMALL = (12, 12)  # of the versions that near-duplicates are compared by
_FLAT = 2  # steps of 0..255 that a picture of one colour may vary by
_DRAFT = 256  # JPEGs are decoded at an eighth of their size where that leaves this many pixels a side


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """Facts about a picture.

    Attributes:
        problem: why it cannot be used, or None.
        size: width and height in pixels.
        mode, format: Pillow's names.
        animated: whether it has several frames.
        hash: its difference hash, where it was decoded.
        small: a small version as RGB bytes, where it was decoded.
        flat: whether all its pixels have one colour, or nearly; None where it was not decoded.
    """

    problem: str | None = None
    size: tuple[int, int] = (0, 0)
    mode: str = ""
    format: str = ""
    animated: bool = False
    hash: int = 0
    small: bytes = b""
    flat: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """Facts about a recording: seconds, samples a second, channels; `silent` is None where it was not decoded."""

    problem: str | None = None
    seconds: float = 0.0
    rate: int = 0
    channels: int = 0
    silent: bool | None = None


def look_at_all(look: Callable[[Any, bool], Any], values: Iterable[tuple[Any, bool]]) -> list[Any]:
    """Look at each value, decoded where its flag says so; in threads, as decoders let others run."""
    # Filters of warnings belong to the process, so one thread leaving them would end another's: set them around the
    # pool. A bomb is refused by its size; what else is odd about a file's header shows when it is decoded.
    with warnings.catch_warnings(), ThreadPoolExecutor() as pool:
        warnings.simplefilter("ignore")
        return list(pool.map(lambda item: look(*item), values))


def size_of(value: Any) -> int | None:
    """Bytes of an encoded input; None where it is not encoded, or not there."""
    if isinstance(value, bytes | bytearray):
        return len(value)
    try:
        return Path(value).stat().st_size if isinstance(value, str | Path) else None
    except (OSError, ValueError):
        return None


def look_at_picture(value: Any, decode: bool) -> Picture:
    """Facts about a path, encoded bytes or a Pillow image; from its header alone where `decode` is false."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(value, Image.Image):
        return _facts(value, decode)
    if not isinstance(value, str | Path | bytes | bytearray):
        return _from_array(value, decode)
    if not size_of(value):
        return Picture(problem="is an empty file" if size_of(value) == 0 else "is not there, or may not be read")
    try:
        with Image.open(
            io.BytesIO(value) if isinstance(value, bytes | bytearray) else value, formats=_formats()
        ) as image:
            return _facts(image, decode)
    except UnidentifiedImageError:
        return Picture(problem=unlike(_head(value), "picture"))
    except PermissionError:
        return Picture(problem="may not be read")
    except Image.DecompressionBombError:
        return Picture(problem="is a decompression bomb: its header promises too many pixels")
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, MemoryError) as error:
        return Picture(problem=f"is broken: {error}" if str(error) else "is broken")


def _formats() -> list[str]:
    from PIL import Image

    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _facts(image: Image, decode: bool) -> Picture:
    from PIL import Image as Pillow

    size, mode, kind = image.size, image.mode, image.format or ""
    if size[0] * size[1] > (Pillow.MAX_IMAGE_PIXELS or size[0] * size[1]):
        return Picture(problem=f"is too large: {size[0]} x {size[1]} pixels", size=size)
    known: dict[str, Any] = {
        "size": size,
        "mode": mode,
        "format": kind,
        "animated": bool(getattr(image, "is_animated", False)),
    }
    if not decode or not all(size):
        return Picture(**known) if all(size) else Picture(problem="has no pixels")
    if kind == "JPEG" and min(size) >= 2 * _DRAFT:
        image.draft(None, (_DRAFT, _DRAFT))
    return Picture(**known, **_digest(image))


def _digest(image: Image) -> dict[str, Any]:
    """The difference hash of nine by eight greys, a small version, and whether there is anything to see."""
    import numpy as np

    colours = _colours(image)
    grey = np.asarray(colours.convert("L").resize((9, 8)), dtype=np.int16)
    signs = np.packbits(grey[:, 1:] > grey[:, :-1])
    return {
        "hash": int.from_bytes(signs.tobytes(), "big"),
        "small": colours.resize(_SMALL).tobytes(),
        "flat": all(high - low <= _FLAT for low, high in _extremes(colours)),
    }


def _colours(image: Image) -> Image:
    """In RGB; deep greys stretched to eight bits."""
    import numpy as np
    from PIL import Image as Pillow

    if image.mode.startswith(("I", "F")):
        deep = np.asarray(image, dtype=np.float64)
        low, high = float(deep.min()), float(deep.max())
        image = Pillow.fromarray(((deep - low) / max(high - low, 1e-9) * 255).astype(np.uint8))
    return image.convert("RGBA").convert("RGB") if image.mode in {"P", "PA"} else image.convert("RGB")


def _extremes(image: Image) -> list[tuple[int, int]]:
    """The lowest and the highest of each of three channels."""
    found: Any = image.getextrema()
    return list(found)


def _from_array(value: Any, decode: bool) -> Picture:
    from zoo.data.images import read_image
    from zoo.errors import BadData

    try:
        return _facts(read_image(value), decode)
    except BadData as error:
        return Picture(problem=f"cannot be used: {error.cause}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mask:
    """Facts about a mask: width and height, and how many pixels have each value, where it was decoded."""

    problem: str | None = None
    size: tuple[int, int] = (0, 0)
    values: Mapping[int, int] = field(default_factory=dict)


def look_at_mask(value: Any, decode: bool) -> Mask:
    """Facts about what `read_mask` takes; from its header alone where `decode` is false."""
    import numpy as np

    from zoo.data.masks import read_mask
    from zoo.errors import BadData

    if not decode and isinstance(value, str | Path | bytes | bytearray):
        picture = look_at_picture(value, False)
        return Mask(problem=picture.problem, size=picture.size)
    try:
        indices = read_mask(value, _VALUES)
    except BadData as error:
        return Mask(problem=error.cause)
    found, counts = np.unique(indices, return_counts=True)
    height, width = indices.shape[:2]
    return Mask(size=(width, height), values={int(v): int(n) for v, n in zip(found, counts, strict=True)})


def look_at_recording(value: Any, decode: bool) -> Recording:
    """Facts about a path or encoded bytes; needs soundfile for anything but WAV, and says nothing without it."""
    if not isinstance(value, str | Path | bytes | bytearray):
        return Recording()
    if not size_of(value):
        return Recording(problem="is an empty file" if size_of(value) == 0 else "is not there, or may not be read")
    try:
        import soundfile  # type: ignore[import-untyped, unused-ignore]
    except (ImportError, OSError):  # the package, or the library that it wraps, is not installed
        return _look_at_wave(value)
    try:
        with soundfile.SoundFile(io.BytesIO(value) if isinstance(value, bytes | bytearray) else str(value)) as file:
            known = {"rate": file.samplerate, "channels": file.channels}
            if not decode:
                return Recording(**known, seconds=file.frames / file.samplerate)
            frames, loudest = 0, 0.0
            for block in file.blocks(blocksize=1 << 18, dtype="float32"):
                frames += len(block)
                loudest = max(loudest, float(abs(block).max(initial=0)))
            if frames < file.frames * 0.99:
                return Recording(problem=f"is cut: {frames:,} of {file.frames:,} samples", **known)
            return Recording(**known, seconds=frames / file.samplerate, silent=loudest < 1e-4)
    except soundfile.LibsndfileError as error:
        return Recording(problem=unlike(_head(value), "recording", str(error.error_string)))
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        return Recording(problem=unlike(_head(value), "recording", str(error)))


def _look_at_wave(value: Any) -> Recording:
    if _head(value)[:4] != b"RIFF":
        return Recording()
    try:
        with wave.open(io.BytesIO(value) if isinstance(value, bytes | bytearray) else str(value)) as file:
            rate = file.getframerate()
            return Recording(seconds=file.getnframes() / rate, rate=rate, channels=file.getnchannels())
    except (wave.Error, EOFError, OSError, ZeroDivisionError) as error:
        return Recording(problem=f"is broken: {error}")


def _head(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray):
        return bytes(value[:512])
    with Path(value).open("rb") as file:
        return file.read(512)
