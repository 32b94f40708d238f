"""Pictures in every form that people have them in, and everything that only looks like one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zoo.data import read_image
from zoo.errors import BadData

PIXELS = (np.arange(4 * 6 * 3) * 3 % 256).reshape(4, 6, 3).astype(np.uint8)


def as_array(image: Image.Image) -> np.ndarray:
    assert image.mode == "RGB"
    return np.asarray(image)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.png"
    Image.fromarray(PIXELS).save(path)
    return path


def test_all_forms_give_the_same_pixels(file: Path) -> None:
    forms = [
        file,
        str(file),
        file.read_bytes(),
        io.BytesIO(file.read_bytes()),
        Image.fromarray(PIXELS),
        PIXELS,
        PIXELS.astype(np.float32) / 255,
        torch.from_numpy(PIXELS).permute(2, 0, 1),
        torch.from_numpy(PIXELS).permute(2, 0, 1).float() / 255,
    ]
    for form in forms:
        assert (as_array(read_image(form)) == PIXELS).all()


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "PNG"])
def test_formats(form: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, form)
    assert read_image(buffer.getvalue()).size == (6, 4)


def test_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG", exif=exif)
    assert read_image(buffer.getvalue()).size == (4, 6)


def test_transparency_lies_on_white() -> None:
    clear = Image.new("RGBA", (2, 2), (255, 0, 0, 0))
    assert (as_array(read_image(clear)) == 255).all()
    grey = Image.new("LA", (2, 2), (0, 0))
    assert (as_array(read_image(grey)) == 255).all()


def test_deep_greys_are_scaled_and_not_clipped() -> None:
    deep = Image.fromarray(np.array([[0, 32768, 65535]], dtype=np.uint16))
    assert as_array(read_image(deep))[0, :, 0].tolist() == [0, 127, 255]


def test_grey_bool_and_four_channel_arrays() -> None:
    assert as_array(read_image(PIXELS[..., 0])).shape == (4, 6, 3)
    assert as_array(read_image(np.eye(3, dtype=bool)))[0, 0].tolist() == [255, 255, 255]
    assert as_array(read_image(np.full((2, 2, 4), 255, np.uint8))).shape == (2, 2, 3)
    assert as_array(read_image(torch.zeros(1, 3, 2))).shape == (3, 2, 3)


def eps() -> bytes:
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"


def bomb() -> bytes:
    """A small PNG header that claims 60,000 x 60,000 pixels."""
    buffer = io.BytesIO()
    Image.new("1", (1, 1)).save(buffer, "PNG")
    import struct
    import zlib

    data = bytearray(buffer.getvalue())
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def truncated() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(buffer, "PNG")
    return buffer.getvalue()[:200]


BAD = {
    "no file": "nowhere.png",
    "folder": ".",
    "url": "https://example.org/cat.png",
    "empty": b"",
    "text": b"hello",
    "html": b"<!doctype html><html></html>",
    "eps": eps(),
    "bomb": bomb(),
    "truncated": truncated(),
    "nul in name": "a\0b.png",
    "long name": "x" * 10_000,
    "none": None,
    "number": 3,
    "list": [1, 2],
    "one dimension": np.zeros(3, np.uint8),
    "two channels": np.zeros((3, 3, 2), np.uint8),
    "batch": np.zeros((1, 3, 3, 3), np.uint8),
    "tensor with channels last": torch.zeros(8, 8, 3),
    "no pixels": np.zeros((0, 3, 3), np.uint8),
    "floats over one": np.full((2, 2, 3), 2.0),
    "negative floats": np.full((2, 2, 3), -0.1),
    "nan": np.full((2, 2, 3), np.nan),
    "int64": np.zeros((2, 2, 3), np.int64),
    "complex": np.zeros((2, 2, 3), complex),
    "objects": np.full((2, 2, 3), None),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", BAD)
def test_bad_pictures_get_one_clear_error(name: str) -> None:
    with pytest.raises(BadData) as error:
        read_image(BAD[name])
    assert len(error.value.cause.splitlines()) == 1
