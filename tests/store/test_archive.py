"""Members out of zip archives, sound and hostile."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from zoo.errors import IntegrityError, NotFound, UnsafeFile
from zoo.store.sources.archive import extract_member, members


def make(
    path: Path, entries: list[tuple[str | zipfile.ZipInfo, bytes]], compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def take(path: Path, member: str, limit: int | None = None) -> bytes:
    target = io.BytesIO()
    extract_member(path, member, target, limit=limit)
    return target.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make(tmp_path / "a.zip", [("pkg/weights.pth", b"w" * 3_000_000), ("pkg/", b""), ("pkg/labels.txt", b"cat")])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_extract(tmp_path: Path, method: int) -> None:
    path = make(tmp_path / "a.zip", [("x", b"abc" * 1000)], method)
    assert take(path, "x") == b"abc" * 1000
    assert take(path, "x", limit=3000) == b"abc" * 1000


def test_members(archive: Path) -> None:
    assert members(archive) == [("pkg/weights.pth", 3_000_000), ("pkg/labels.txt", 3)]
    with archive.open("rb") as file:
        assert members(file) == members(archive)


def test_unknown_member_names_the_nearest(archive: Path) -> None:
    with pytest.raises(NotFound, match=r"a\.zip has no member 'pkg/weight\.pth'") as caught:
        take(archive, "pkg/weight.pth")
    assert "pkg/weights.pth" in caught.value.remedy


def test_a_folder_is_no_member(archive: Path) -> None:
    with pytest.raises(NotFound):
        take(archive, "pkg/")


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../b", "C:x", "a\\b", "a//b", "./a", "a\x07b", "nul"])
def test_names_that_leave_the_folder(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / "a.zip", [(name, b"x")])
    with pytest.raises(UnsafeFile):
        take(path, name)


def test_name_with_a_nul(tmp_path: Path) -> None:
    # what zipfile shows as `good` is another name to other tools
    path = make(tmp_path / "a.zip", [("good_bad", b"x")])
    path.write_bytes(path.read_bytes().replace(b"good_bad", b"good\0bad"))
    with pytest.raises(UnsafeFile):
        take(path, "good")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", [("x", b"one"), ("x", b"two"), ("y", b"fine")])
    with pytest.raises(UnsafeFile, match="2 members"):
        take(path, "x")
    assert take(path, "y") == b"fine"


def test_over_the_limit(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", [("bomb", bytes(50_000_000))])
    assert path.stat().st_size < 100_000
    target = io.BytesIO()
    with pytest.raises(UnsafeFile, match="more than the 1000 expected"):
        extract_member(path, "bomb", target, limit=1000)
    assert target.getvalue() == b""


def test_link(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UnsafeFile, match="a link"):
        take(make(tmp_path / "a.zip", [(info, b"/etc/passwd")]), "link")


def test_encrypted(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(UnsafeFile, match="encrypted"):
        take(archive, "pkg/weights.pth")


@pytest.mark.parametrize("declared", [10, 2_999_999, 3_000_001, 1 << 30])
def test_declared_size_is_a_lie(archive: Path, declared: int) -> None:
    data = bytearray(archive.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", declared)
    archive.write_bytes(data)
    target = io.BytesIO()
    with pytest.raises(IntegrityError):
        extract_member(archive, "pkg/weights.pth", target, limit=None)
    assert len(target.getvalue()) <= max(declared, 3_000_000)


def test_stored_member_of_two_sizes(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", [("x", b"abcdef")], zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 3)
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match="two different sizes"):
        take(path, "x")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_flipped_bytes(tmp_path: Path, method: int) -> None:
    path = make(tmp_path / "a.zip", [("x", bytes(range(256)) * 40)], method)
    data = bytearray(path.read_bytes())
    for at in range(60, 90):
        data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match="damaged"):
        take(path, "x")


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(100), b"<html>", bytes(1000)])
def test_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.whl"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="zip archive"):
        take(path, "x")
    with pytest.raises(IntegrityError, match="zip archive"):
        members(path)


def test_unknown_compression(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        at = data.index(signature)
        data[at + offset : at + offset + 2] = struct.pack("<H", 77)
    archive.write_bytes(data)
    with pytest.raises(IntegrityError):
        take(archive, "pkg/weights.pth")


def test_missing_archive(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        take(tmp_path / "none.whl", "x")


def test_a_full_disk_is_not_a_damaged_archive(archive: Path) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        extract_member(archive, "pkg/weights.pth", Full(), limit=None)
