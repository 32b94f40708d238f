"""Small careful steps on the disk: hash, copy, synchronise, and say in plain words what the disk refused."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from zoo.errors import NoSpace, ResourceError
from zoo.store.words import in_units

__all__ = [
    "copy_bytes",
    "free_space",
    "hash_file",
    "move",
    "sync",
    "sync_folder",
    "write_lines",
    "write_text",
    "writing",
]

_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


def hash_file(path: Path) -> str:
    """The sha256 of a file's bytes, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_bytes(source: Path, target: BinaryIO) -> None:
    """Copy a file's bytes into an open, empty file; on file systems that can, both share the blocks (a reflink)."""
    with source.open("rb") as file:
        if not _reflink(file, target):
            shutil.copyfileobj(file, target, 1 << 20)


def _reflink(source: BinaryIO, target: BinaryIO) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    ficlone = 0x40049409  # linux/fs.h; the module fcntl names it from Python 3.12 on
    try:
        fcntl.ioctl(target.fileno(), ficlone, source.fileno())
    except OSError:
        return False
    return True


def move(source: Path, target: Path) -> None:
    """Rename `source` over `target`; where they lie on different file systems, copy beside it first, then rename."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with beside.open("wb") as file:
                copy_bytes(source, file)
            beside.chmod(source.stat().st_mode & 0o777)
            sync(beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
        source.unlink()


def sync(path: Path) -> None:
    """Wait until a file's bytes are on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until a folder's entries are on the disk; does nothing where folders cannot be opened (Windows)."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        # Some network file systems cannot synchronise a folder; the files in it are synchronised all the same.
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a whole file in UTF-8 so that a reader sees the old content or the new one, never a part.

    Unless `durable`, a power failure may leave it empty.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    beside.replace(path)


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSON lines, whole or not at all; raises `ResourceError`."""
    with writing(path.parent):
        write_text(path, "".join(f"{json.dumps(dict(row), ensure_ascii=False)}\n" for row in rows))


def free_space(path: Path) -> int:
    """Bytes that this user may still write at a path, which need not exist yet."""
    there = next(p for p in (path, *path.parents) if p.exists())
    return shutil.disk_usage(there).free


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Turn what the operating system refuses while the store writes below `home` into errors with a remedy.

    Raises:
        NoSpace: the disk, the quota or the largest possible file is full.
        ResourceError: anything else, such as a folder that may not be written to.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpace(
                f"the disk of {home} is full ({in_units(free_space(home))} free): {error.strerror}",
                "Free some space (`zoo rm MODEL`) or set ZOO_HOME to another disk, then try again: "
                "what was downloaded is kept and continued.",
            ) from error
        named = f" ({error.filename})" if error.filename else ""
        raise ResourceError(
            f"the store in {home} cannot be used: {error.strerror or error}{named}",
            "Set ZOO_HOME to a folder that you may write to.",
        ) from error
