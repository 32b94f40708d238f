"""Reading CTranslate2 files, and refusing damaged ones."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from zoo_speech.ctranslate2 import read_ctranslate2

from zoo.errors import IntegrityError, UnsupportedFormat

VARIABLES = {
    "a/weight": np.arange(6, dtype=np.float16).reshape(2, 3),
    "odd": np.int8(5),
    "b": np.arange(4, dtype=np.float32),
}


def test_reads_what_was_written(tmp_path, writer):
    path = tmp_path / "model.bin"
    path.write_bytes(writer.ct2(VARIABLES, {"c": "b"}, spec="Some"))
    made = read_ctranslate2(path)
    assert (made.spec, made.revision) == ("Some", 3)
    assert made.variables.keys() == {*VARIABLES, "c"}
    for name, array in VARIABLES.items():
        assert np.array_equal(made.variables[name], array)
        assert made.variables[name].dtype == array.dtype
    assert made.variables["c"] is made.variables["b"]


def test_the_file_is_not_changed_by_writing_into_an_array(tmp_path, writer):
    path = tmp_path / "model.bin"
    path.write_bytes(before := writer.ct2(VARIABLES))
    read_ctranslate2(path).variables["b"][:] = 7
    assert path.read_bytes() == before


def broken(writer) -> dict[str, bytes]:
    whole = writer.ct2(VARIABLES, {"c": "b"})
    head = struct.pack("<I", 6) + writer.text("S") + struct.pack("<II", 3, 1)
    none = struct.pack("<I", 0)
    scalar = struct.pack("<BBI", 0, 1, 1) + b"\0" + none
    return {
        "alias of nothing": writer.ct2(VARIABLES, {"c": "nothing"}),
        "alias of a taken name": writer.ct2(VARIABLES, {"b": "odd"}),
        "bytes after the end": whole + b"x",
        "cut by one byte": whole[:-1],
        "cut in a tensor": whole[: len(whole) // 2],
        "empty": b"",
        "name that is not text": head
        + struct.pack("<H", 3)
        + b"\xff\xfe\0"
        + struct.pack("<BBI", 0, 1, 1)
        + b"\0"
        + none,
        "name without an end": head + struct.pack("<H", 2) + b"ab" + scalar,
        "name without length": head + struct.pack("<H", 0) + scalar,
        "shape without the bytes": head + writer.text("a") + struct.pack("<BIBI", 1, 9, 0, 4) + bytes(4) + none,
        "shape beyond the end": head + writer.text("a") + struct.pack("<BIBI", 1, 1 << 30, 1, 1 << 30) + none,
        "too many dimensions": head + writer.text("a") + struct.pack("<B", 200) + bytes(900),
        "two of one name": head[:-4] + struct.pack("<I", 2) + writer.variable("a", np.int8(1)) * 2 + none,
        "unknown type": head + writer.text("a") + struct.pack("<BBI", 0, 99, 1) + b"\0" + none,
    }


KINDS = [
    "alias of a taken name",
    "alias of nothing",
    "bytes after the end",
    "cut by one byte",
    "cut in a tensor",
    "empty",
    "name that is not text",
    "name without an end",
    "name without length",
    "shape beyond the end",
    "shape without the bytes",
    "too many dimensions",
    "two of one name",
    "unknown type",
]


def test_all_kinds_are_tried(writer):
    assert sorted(broken(writer)) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_broken_files_are_refused(tmp_path, writer, kind):
    path = tmp_path / "model.bin"
    path.write_bytes(broken(writer)[kind])
    with pytest.raises(IntegrityError, match=r"model\.bin is not a sound CTranslate2 model") as caught:
        read_ctranslate2(path)
    assert caught.value.remedy


def test_every_cut_is_refused(tmp_path, writer):
    whole = writer.ct2(VARIABLES, {"c": "b"})
    path = tmp_path / "model.bin"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(IntegrityError):
            read_ctranslate2(path)


@pytest.mark.parametrize("version", [5, 7, 0x04034B50])
def test_another_version_is_named(tmp_path, writer, version):
    path = tmp_path / "model.bin"
    path.write_bytes(writer.ct2(VARIABLES, version=version))
    with pytest.raises(UnsupportedFormat, match=f"version {version}"):
        read_ctranslate2(path)


def test_bfloat16_is_named(tmp_path, writer):
    head = struct.pack("<I", 6) + writer.text("S") + struct.pack("<II", 3, 1)
    path = tmp_path / "model.bin"
    path.write_bytes(head + writer.text("a") + struct.pack("<BIBI", 1, 2, 5, 4) + bytes(4) + struct.pack("<I", 0))
    with pytest.raises(UnsupportedFormat, match="bfloat16"):
        read_ctranslate2(path)
