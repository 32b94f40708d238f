"""Take single members out of a zip archive (a wheel) that nobody has vouched for."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from zoo.cards import check_file_path
from zoo.errors import BadCard, IntegrityError, NotFound, UnsafeFile, nearest
from zoo.store.checks import ZIP_ERRORS

__all__ = ["extract_member", "members"]

_CHUNK = 1 << 20
_ENCRYPTED = 0x1


def members(container: Path | IO[bytes]) -> list[tuple[str, int]]:
    """Name and uncompressed size of every file in a zip archive, as its directory declares them.

    Raises:
        IntegrityError: not a zip archive, or damaged.
    """
    with _opened(container) as archive:
        return [(info.filename, info.file_size) for info in archive.infolist() if not info.is_dir()]


def extract_member(
    container: Path, member: str, target: BinaryIO, *, limit: int | None, shown: str | None = None
) -> None:
    """Copy one member's bytes to `target`, and nothing else anywhere.

    Args:
        container: the zip archive.
        member: full name inside it.
        target: open for writing; what was written before an error is worthless.
        limit: refuse a member that declares more bytes than this; None for no limit.
        shown: what messages call the archive; its file name by default.

    Raises:
        NotFound: no such member; names the nearest.
        UnsafeFile: the name leaves the archive's folder, the member is encrypted, a link, over the limit, or ambiguous.
        IntegrityError: the archive is damaged, or the member's bytes are not those that its directory declares.
    """
    shown = shown or container.name
    with _opened(container) as archive:
        info = _find(archive, shown, member)
        _refuse_odd(info, shown)
        if limit is not None and info.file_size > limit:
            raise UnsafeFile(
                f"{member} in {shown} unpacks to {info.file_size} bytes, more than the {limit} expected",
                "Do not use this archive; if the model was updated, correct the size on its card.",
            )
        _copy(archive, info, target, shown)


@contextmanager
def _opened(container: Path | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    name = getattr(container, "name", None)
    try:
        archive = zipfile.ZipFile(container)
    except FileNotFoundError as error:
        raise NotFound(f"there is no archive {container}") from error
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise IntegrityError(
            f"{name or 'the archive'} is not a complete zip archive: {error}", "Download it again."
        ) from error
    with archive:
        yield archive


def _find(archive: zipfile.ZipFile, container: str, member: str) -> zipfile.ZipInfo:
    found = [info for info in archive.infolist() if info.filename == member and not info.is_dir()]
    if not found:
        near = nearest(member, (info.filename for info in archive.infolist() if not info.is_dir()))
        hint = f"Did you mean {', '.join(near)}?" if near else ""
        raise NotFound(f"{container} has no member {member!r}", hint)
    if len(found) > 1:
        raise UnsafeFile(f"{container} has {len(found)} members called {member!r}", "Do not use this archive.")
    return found[0]


def _refuse_odd(info: zipfile.ZipInfo, container: str) -> None:
    try:
        # zipfile cuts a name at a NUL; the uncut one must be the same
        check_file_path(info.orig_filename)
    except BadCard as error:
        raise UnsafeFile(
            f"member {info.orig_filename!r} of {container} would leave its folder", "Do not use this archive."
        ) from error
    if info.flag_bits & _ENCRYPTED:
        raise UnsafeFile(f"{info.filename} in {container} is encrypted", "Unpack it yourself and use `file:`.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise UnsafeFile(f"{info.filename} in {container} is a link, not a file", "Do not use this archive.")
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        raise IntegrityError(f"{info.filename} in {container} declares two different sizes", "Download it again.")


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: BinaryIO, container: str) -> None:
    total = 0
    for chunk in _chunks(archive, info, container):
        total += len(chunk)
        target.write(chunk)
    if total != info.file_size:
        raise IntegrityError(
            f"{info.filename} in {container} has {total} bytes, its directory says {info.file_size}",
            "Download it again.",
        )


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, container: str) -> Iterator[bytes]:
    # a member's reader stops at the declared size and checks the CRC there: it cannot yield more than declared
    try:
        reader = archive.open(info)
    except ZIP_ERRORS as error:
        raise _damaged(info, container, error) from error
    with reader:
        while True:
            try:
                chunk = reader.read(_CHUNK)
            except ZIP_ERRORS as error:
                raise _damaged(info, container, error) from error
            if not chunk:
                return
            yield chunk


def _damaged(info: zipfile.ZipInfo, container: str, error: BaseException) -> IntegrityError:
    return IntegrityError(f"{info.filename} in {container} is damaged: {error}", "Download it again.")
