"""Reading recordings in all forms, and refusing what is none."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
import torch
from zoo_speech.audio import RATE, is_silent, read_audio

from zoo.errors import BadData


def tone(rate: int = RATE, seconds: float = 1.0, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def wav(samples: np.ndarray, rate: int = RATE, **options) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=options.pop("format", "WAV"), **options)
    return stream.getvalue()


def middle(samples: np.ndarray) -> np.ndarray:
    return samples[1600:-1600]  # a resampling filter rings at the ends


@pytest.mark.parametrize(
    ("kind", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("AIFF", "FLOAT")]
)
def test_formats(tmp_path, kind, subtype):
    path = tmp_path / "tone.audio"
    path.write_bytes(wav(tone(), format=kind, subtype=subtype))
    made = read_audio(path)
    assert made.dtype == np.float32
    assert len(made) == RATE
    assert np.abs(made - tone()).max() < (0.05 if kind == "OGG" else 1e-4)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 192_000])
def test_rates_are_converted(rate):
    made = read_audio(wav(tone(rate), rate, subtype="FLOAT"))
    assert abs(len(made) - RATE) <= 1
    assert np.abs(middle(made[:RATE]) - middle(tone()[: len(made)])).max() < 2e-3
    array = read_audio((tone(rate), rate))
    assert np.abs(middle(array[: len(made)]) - middle(made[: len(array)])).max() < 2e-3


def test_channels_are_averaged():
    eight = np.stack([tone() * (i + 1) / 4.5 for i in range(8)], 1)
    for value in (wav(eight, subtype="FLOAT"), (eight, RATE), (eight.T, RATE)):
        assert np.allclose(read_audio(value), tone(), atol=1e-6)


def test_integers_are_scaled():
    for dtype, top in ((np.int16, 32768), (np.int32, 1 << 31)):
        made = read_audio(((tone().astype(np.float64) * (top - 1)).astype(dtype), RATE))
        assert np.allclose(made, tone(), atol=1e-4)
    eight_bit = (tone() * 127 + 128).astype(np.uint8)
    assert np.allclose(read_audio((eight_bit, RATE)), tone(), atol=0.02)


def test_all_ways_of_giving_one(tmp_path):
    path = tmp_path / "tone.wav"
    path.write_bytes(wav(tone(), subtype="FLOAT"))
    raw = path.read_bytes()
    values = [path, str(path), raw, bytearray(raw), memoryview(raw), io.BytesIO(raw), (tone(), RATE), (tone(), 16000.0)]
    values += [{"array": tone(), "sampling_rate": RATE, "path": None}, (torch.from_numpy(tone()), RATE)]
    with path.open("rb") as stream:
        assert np.allclose(read_audio(stream), tone())
    for value in values:
        assert np.allclose(read_audio(value), tone(), atol=1e-6)


def test_a_long_file_is_read_whole():
    made = read_audio(wav(tone(44100, 20), 44100))
    assert abs(len(made) - 20 * RATE) <= 2
    assert np.abs(middle(made[: 20 * RATE - 2]) - middle(tone(RATE, 20)[:-2])).max() < 2e-3


def test_silence_is_no_error():
    made = read_audio((np.zeros(RATE, np.float32), RATE))
    assert is_silent(made)
    assert not is_silent(read_audio((tone() * 0.01, RATE)))
    click = np.zeros(5 * RATE, np.float32)
    click[70_000:71_000] = 0.1
    assert not is_silent(click)


def header(frames: int, data: bytes = bytes(32000)) -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", 36 + frames * 2) + b"WAVE" + form + b"data" + struct.pack("<I", frames * 2) + data
    )


BAD = {
    "absent file": "absent.wav",
    "an empty path": "",
    "a folder": ".",
    "a NUL in the path": "a\0b.wav",
    "a URL": "https://example.org/a.wav",
    "no bytes": b"",
    "text": b"these are words, not sounds\n" * 20,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "half a header": wav(tone())[:20],
    "a flac cut off": wav(tone(RATE, 20), format="FLAC")[:900],
    "a file without samples": wav(np.zeros(0, np.float32)),
    "a file of one sample": wav(np.ones(1, np.float32)),
    "NaN in a file": wav(np.full(RATE, np.nan, np.float32), subtype="FLOAT"),
    "infinity in a file": wav(np.full(RATE, np.inf, np.float32), subtype="FLOAT"),
    "unscaled floats": wav(tone() * 30000, subtype="FLOAT"),
    "NaN in an array": (np.full(RATE, np.nan), RATE),
    "infinity in an array": (np.full(RATE, -np.inf), RATE),
    "integers held as floats": (tone() * 30000, RATE),
    "an empty array": (np.zeros(0), RATE),
    "no channels": (np.zeros((RATE, 0)), RATE),
    "three dimensions": (np.zeros((2, 2, RATE)), RATE),
    "a number": (np.float32(1), RATE),
    "complex numbers": (np.ones(RATE, complex), RATE),
    "truth values": (np.ones(RATE, bool), RATE),
    "text in an array": (np.array(["a"] * RATE), RATE),
    "a ragged list": ([[1.0], [1.0, 2.0]], RATE),
    "too short": (tone(seconds=0.01), RATE),
    "rate 0": (tone(), 0),
    "rate below 0": (tone(), -16000),
    "rate NaN": (tone(), float("nan")),
    "rate without end": (tone(), float("inf")),
    "rate of words": (tone(), "fast"),
    "no rate": (tone(), None),
    "an array without a rate": tone(),
    "three things": (tone(), RATE, 1),
    "a mapping without a rate": {"array": tone()},
    "a mapping of something else": {"text": "hello"},
    "a number alone": 5,
    "nothing": None,
}


@pytest.mark.parametrize("kind", sorted(BAD))
def test_bad_recordings_are_refused(in_tmp, kind):
    with pytest.raises(BadData) as caught:
        read_audio(BAD[kind])
    assert caught.value.cause
    assert caught.value.remedy
    assert "Traceback" not in str(caught.value)


def test_headerless_samples_are_refused(tmp_path):
    path = tmp_path / "tone.raw"
    path.write_bytes((tone() * 30000).astype(np.int16).tobytes())
    with pytest.raises(BadData):
        read_audio(path)


def test_a_header_of_ten_hours_over_a_second_of_sound():
    """libsndfile trusts the file's size, not the header: the second that is there is read, without an hour's memory."""
    assert len(read_audio(header(10 * 3600 * RATE))) == RATE


def test_a_file_cut_off_says_how_much_is_missing():
    whole = wav(np.random.default_rng(0).normal(0, 0.1, 20 * RATE).astype(np.float32), format="FLAC")
    with pytest.raises(BadData, match=r"lasts|read"):
        read_audio(whole[: len(whole) // 2])
