"""Films as pictures: their frames one by one, in constant memory, and pictures written as a film.

Decoding is FFmpeg's, by way of PyAV (`pip install 'zoo-registry[video]'`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BadData, BadOption, MissingDependency

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["FILM_SUFFIXES", "Frame", "film_rate", "frame_name", "is_film", "read_film", "write_film"]

FILM_SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".3gp", ".ogv")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture of a film: its number among all of them, from 0, when it is shown in seconds, and itself in RGB."""

    number: int
    seconds: float
    picture: Image


def is_film(value: Any) -> bool:
    """Whether a text or path has the ending of a film's file, and is no URL."""
    text = str(value).lower() if isinstance(value, str | Path) else ""
    return text.endswith(FILM_SUFFIXES) and not text.startswith(("http://", "https://"))


def frame_name(path: str | Path, frame: Frame) -> str:
    """The name of a frame in results: `clips/dog.mp4/dog-000012-480ms`, whose last part serves as a file's name."""
    return f"{path}/{Path(path).stem}-{frame.number:06}-{round(frame.seconds * 1000)}ms"


def read_film(path: str | Path, *, every: int = 1) -> Iterator[Frame]:
    """The frames of a film in the order in which they are shown, turned upright as the film says.

    Args:
        path: of the file.
        every: give only each so manieth frame, beginning with the first.

    Raises:
        BadData: there is no such file, it is no film, holds no pictures, or breaks; frames before the break are given.
        BadOption: `every` is below 1.
        MissingDependency: PyAV is not installed.
    """
    if every < 1:
        raise BadOption(f"every {every}th frame makes no sense", "Give 1 or more.")
    return _frames(_av(), Path(path).expanduser(), every)


def film_rate(path: str | Path) -> Fraction:
    """Frames a second, the mean; raises as `read_film`."""
    with _opened(_av(), Path(path).expanduser()) as film:
        stream = film.streams.video[0]
        return Fraction(stream.average_rate or stream.guessed_rate or 25)


def write_film(path: str | Path, pictures: Iterable[Image], rate: Fraction | float = 25) -> int:
    """Write pictures as a film, as they come; how many there were.

    Args:
        path: of the file, whose ending names the format; `.mp4` is read everywhere.
        pictures: all of the first one's size; an odd last row or column is left out, as most codecs need even sides.
        rate: pictures a second.

    Raises:
        BadData: a picture has another size, or there is none.
        BadOption: the ending names no format, or the rate makes no sense.
        MissingDependency: PyAV is not installed.
    """
    av = _av()
    if rate <= 0:
        raise BadOption(f"{rate} pictures a second make no sense", "Give more than 0.")
    left = iter(pictures)
    first = next(left, None)
    if first is None:
        raise BadData("there are no pictures to make a film of")
    try:
        with av.open(str(path), "w") as film:
            return _encode(av, film, first, left, Fraction(rate).limit_denominator(1001))
    except (av.error.FFmpegError, ValueError) as error:
        raise BadOption(f"cannot write the film {path}: {error}", "Give a path that ends in .mp4.") from error


def _av() -> Any:
    try:
        import av
    except ImportError as error:
        raise MissingDependency("films need PyAV", "`pip install 'zoo-registry[video]'`.") from error
    return av


def _opened(av: Any, path: Path) -> Any:
    """The film, opened; raises `BadData` unless it holds pictures."""
    if not path.is_file():
        raise BadData(f"there is no file {path}")
    try:
        film = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise BadData(f"{path} is not a film that can be read: {_said(error)}") from error
    if not film.streams.video:
        only = ", only sound" if film.streams.audio else ""
        film.close()
        raise BadData(f"{path} holds no pictures{only}")
    return film


def _frames(av: Any, path: Path, every: int) -> Iterator[Frame]:
    number, seconds = 0, 0.0
    with _opened(av, path) as film:
        stream = film.streams.video[0]
        stream.thread_type = "AUTO"
        step = 1 / float(stream.average_rate or stream.guessed_rate or 25)
        try:
            for frame in film.decode(stream):
                seconds = float(frame.time) if frame.time is not None else number * step
                if number % every == 0:
                    yield Frame(number=number, seconds=seconds, picture=_upright(frame.to_image(), frame.rotation))
                number += 1
        except av.error.FFmpegError as error:
            raise BadData(f"{path} breaks after {number} frames, {seconds:.3f} s: {_said(error)}") from error
    if not number:
        raise BadData(f"{path} holds no frame that can be read")


def _said(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _upright(picture: Image, degrees: int) -> Image:
    """The picture turned counter-clockwise, as cameras that were held upright ask for."""
    from PIL import Image as Pillow

    turns = {90: Pillow.Transpose.ROTATE_90, 180: Pillow.Transpose.ROTATE_180, 270: Pillow.Transpose.ROTATE_270}
    turn = turns.get(round(degrees / 90) * 90 % 360)
    return picture if turn is None else picture.transpose(turn)


def _encode(av: Any, film: Any, first: Image, left: Iterable[Image], rate: Fraction) -> int:
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    stream = film.add_stream(film.default_video_codec if codec not in film.supported_codecs else codec, rate=rate)
    stream.width, stream.height = (max(2, side // 2 * 2) for side in first.size)
    stream.pix_fmt = "yuv420p"
    count = 0
    for picture in itertools.chain([first], left):
        if picture.size != first.size:
            raise BadData(f"picture {count + 1} is {picture.size}, the first of the film {first.size} pixels")
        cut = picture.convert("RGB").crop((0, 0, stream.width, stream.height))
        film.mux(stream.encode(av.VideoFrame.from_image(cut)))
        count += 1
    film.mux(stream.encode(None))
    return count
