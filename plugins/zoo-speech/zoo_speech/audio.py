"""Reading recordings safely, from anything that people have them in: mono, 16 kHz, float32."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from zoo.errors import BadData

__all__ = ["RATE", "SILENCE", "Samples", "is_silent", "read_audio", "stream_audio"]

Samples = npt.NDArray[np.float32]

RATE = 16_000
SILENCE = 1e-4  # root mean square, full scale 1: -80 dBFS, the last three steps of 16 bits
_SHORTEST = 400  # samples at 16 kHz: the 25 ms of one analysis frame
_LOUDEST = 8.0  # floats beyond this are integers that were never scaled
_BLOCK = 1 << 18  # numbers read at once, of all channels together
_RATES = (100, 1_000_000)
_GIVE = "Give a path, bytes, a binary file, (samples, rate), or {'array': …, 'sampling_rate': …}."


def read_audio(value: Any) -> Samples:
    """A recording as float32 samples in about [-1, 1], one channel, 16,000 a second.

    Channels are averaged; other rates are resampled with soxr at high quality. A file is read block by block, so that
    memory depends on what is in it and not on what its header promises.

    Args:
        value: a path (any format that libsndfile reads, whatever the file is called), `bytes`, a binary file,
            `(samples, rate)`, or a mapping with `array` and `sampling_rate`. Samples: (frames,), (frames, channels) or
            (channels, frames), the shorter axis being the channels; floats in [-1, 1], or integers of their type's
            full range.

    Raises:
        BadData: no such file, no recording, broken, empty, not numbers, or an impossible rate. Silence is no error.
    """
    return np.concatenate(list(stream_audio(value)))


def stream_audio(value: Any) -> Iterator[Samples]:
    """The blocks of a recording one after the other, so that hours of it take no more memory than minutes.

    The beginning is read at once: what is no recording, or an empty one, is refused before the first block is asked
    for. A fault further on is raised when it is met.

    Args:
        value: as of `read_audio`.

    Yields:
        Samples as of `read_audio`, of some seconds each, and none of them empty.

    Raises:
        BadData: as of `read_audio`.
    """
    name, blocks = _source(value)
    whole = _whole(blocks, name)
    first = next(whole)
    return _joined(first, whole)


def is_silent(samples: Samples) -> bool:
    """Whether no tenth of a second is louder than -80 dBFS."""
    width = RATE // 10
    return all(_rms(samples[at : at + width]) < SILENCE for at in range(0, len(samples), width))


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def _joined(first: Samples, rest: Iterator[Samples]) -> Iterator[Samples]:
    yield first
    yield from rest


def _whole(blocks: Iterator[Samples], name: str) -> Iterator[Samples]:
    """The blocks that hold anything, the first one a frame at least; raises when there is less than that in all."""
    begun = next(blocks, np.zeros(0, np.float32))
    while len(begun) < _SHORTEST and (more := next(blocks, None)) is not None:
        begun = np.concatenate([begun, more])
    if len(begun) < _SHORTEST:
        what = f"lasts only {len(begun) / RATE * 1000:.0f} ms" if len(begun) else "is empty"
        raise BadData(f"{name} {what}", "Give at least a few words.")
    yield begun
    yield from (block for block in blocks if len(block))


def _source(value: Any) -> tuple[str, Iterator[Samples]]:
    """How messages call a recording, and its blocks."""
    if isinstance(value, Mapping):
        if not {"array", "sampling_rate"} <= value.keys():
            raise BadData(f"a recording with the keys {sorted(map(str, value))} cannot be used", _GIVE)
        return _array_source(value["array"], value["sampling_rate"])
    if isinstance(value, tuple):
        if len(value) != 2:
            raise BadData(f"a tuple of {len(value)} is not a recording", _GIVE)
        return _array_source(*value)
    if hasattr(value, "shape") and not isinstance(value, memoryview):
        raise BadData("samples without a rate are not a recording", "Give (samples, rate), such as (samples, 16000).")
    name = str(value) if isinstance(value, str | Path) else "the recording"
    return name, _file_blocks(value, name)


def _file_blocks(value: Any, name: str) -> Iterator[Samples]:
    import soundfile

    try:
        with _opened(value) as stream, soundfile.SoundFile(stream) as file:
            yield from _resampled(_read(file, name), file.samplerate, name)
    except soundfile.LibsndfileError as error:
        raise BadData(
            f"{name} is not a recording that can be read: {error.error_string}",
            "Convert it, for example with `ffmpeg -i IN out.wav`.",
        ) from error
    # soundfile asks for the rate of headerless files with a TypeError
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise BadData(f"{name} cannot be read: {error}", "Convert it, for example to WAV or FLAC.") from error


def _opened(value: Any) -> AbstractContextManager[BinaryIO]:
    if isinstance(value, bytes | bytearray | memoryview):
        return io.BytesIO(value)
    if isinstance(value, str | Path):
        return _existing(value).open("rb")
    if hasattr(value, "read") and hasattr(value, "seek"):
        return nullcontext(value)
    raise BadData(f"{type(value).__name__} is not a recording", _GIVE)


def _existing(value: str | Path) -> Path:
    if str(value).startswith(("http://", "https://")):
        raise BadData(f"{value} is a URL, and recordings are not fetched", "Download it first.")
    path = Path(value).expanduser()
    if "\0" in str(value) or not path.exists():
        raise BadData(f"there is no file {str(value)[:200]!r}", "Check the path.")
    if not path.is_file():
        raise BadData(f"{value} is not a file, let alone a recording", "Name one recording.")
    return path


def _read(file: Any, name: str) -> Iterator[npt.NDArray[Any]]:
    """The file's frames (frames, channels); raises when it ends well before its header says."""
    rate, got = _check_rate(file.samplerate), 0
    frames = _frames(rate, file.channels)
    while len(block := file.read(frames, dtype="float32", always_2d=True)):
        got += len(block)
        yield block
    if (promised := file.frames) - got > max(rate, promised // 10):
        raise BadData(
            f"{name} says that it lasts {promised / rate:.1f} s and holds {got / rate:.1f} s",
            "It is cut off or damaged: fetch or export it again.",
        )


def _frames(rate: float, channels: int) -> int:
    """How many frames to read at once: what is read, and what is made of it, stay small."""
    return max(1, min(_BLOCK // channels, int(_BLOCK * rate / RATE)))


def _resampled(blocks: Iterator[npt.NDArray[Any]], rate: float, name: str) -> Iterator[Samples]:
    """Blocks (frames, channels) as mono at 16 kHz."""
    import soxr

    if rate == RATE:
        yield from (_mono(block, name) for block in blocks)
        return
    stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(_mono(block, name))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _array_source(value: Any, rate: Any) -> tuple[str, Iterator[Samples]]:
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    except (TypeError, ValueError) as error:
        raise BadData(f"the samples are not an array: {error}", _GIVE) from error
    if array.ndim not in {1, 2} or array.dtype.kind not in "fiu":
        raise BadData(f"an array of shape {array.shape} and type {array.dtype} is not a recording", _GIVE)
    hertz = _check_rate(rate)
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        array = array.T
    if not array.size:
        raise BadData("the recording is empty", "Give at least a few words.")
    array = array.reshape(len(array), -1)
    step = _frames(hertz, array.shape[1])
    parts = (_floats(array[at : at + step]) for at in range(0, len(array), step))
    return "the recording", _resampled(parts, hertz, "the recording")


def _floats(array: npt.NDArray[Any]) -> Samples:
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    info = np.iinfo(array.dtype)
    middle = (info.max + 1) // 2 if array.dtype.kind == "u" else 0
    return ((array.astype(np.float64) - middle) / (info.max + 1 - middle)).astype(np.float32)


def _check_rate(rate: Any) -> float:
    try:
        hertz = float(rate)
    except (TypeError, ValueError) as error:
        raise BadData(f"a sampling rate of {rate!r} is not a number", "Give samples a second.") from error
    if not _RATES[0] <= hertz <= _RATES[1]:
        raise BadData(f"a sampling rate of {rate} Hz is not that of a recording", f"{_RATES[0]} to {_RATES[1]} are.")
    return hertz


def _mono(block: Samples, name: str) -> Samples:
    mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise BadData(f"{name} holds samples that are not numbers (NaN or infinite)", "Export it again.")
    if (peak := float(np.abs(mono).max())) > _LOUDEST:
        raise BadData(
            f"{name} holds samples up to {peak:.0f}, beyond [-1, 1]", "Divide 16-bit samples held as floats by 32768."
        )
    return np.ascontiguousarray(mono)
