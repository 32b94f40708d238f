"""The bytes, each content once, named by its sha256."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from zoo.store.disk import hash_file, move, sync, sync_folder

__all__ = ["Blobs"]


class Blobs:
    """`ROOT/sha256/ab/abcdef…`, read-only files; nothing is made before the first `put`."""

    def __init__(self, root: Path) -> None:
        self.root = root / "sha256"

    def path(self, sha256: str) -> Path:
        """Where the blob of this hash is, or would be."""
        return self.root / sha256[:2] / sha256

    def size_of(self, sha256: str) -> int | None:
        """The size of the blob of this hash, None when it is not here; another process may remove it any time."""
        try:
            return self.path(sha256).stat().st_size
        except OSError:
            return None

    def has(self, sha256: str, size: int | None = None) -> bool:
        """Whether the blob is here, and of this size where one is given."""
        found = self.size_of(sha256)
        return found is not None and size in (None, found)

    def sound(self, sha256: str) -> bool:
        """Whether the blob is here and its bytes still have its hash; reads them all."""
        try:
            return hash_file(self.path(sha256)) == sha256
        except OSError:
            return False

    def put(self, file: Path, sha256: str) -> Path:
        """Move a file of this hash into its place; its bytes are on the disk before its name is."""
        target = self.path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        sync(file)
        file.chmod(0o444)
        move(file, target)
        sync_folder(target.parent)
        return target

    def link(self, sha256: str, target: Path) -> None:
        """Make the blob appear as `target`: a hard link, else a symbolic link, else a copy.

        A hard link needs no room and survives a moved store; some file systems and mounts offer none.
        """
        source = self.path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(source)
        except OSError:
            self._link_softly(source, target)

    def _link_softly(self, source: Path, target: Path) -> None:
        try:
            target.symlink_to(os.path.relpath(source, target.parent.resolve()))
        except OSError:
            shutil.copyfile(source, target)
            target.chmod(0o444)
            sync(target)

    def remove(self, sha256: str) -> int:
        """Delete a blob; gives its size, 0 if it was not here."""
        path = self.path(sha256)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size

    def __iter__(self) -> Iterator[str]:
        """The hashes of all blobs, sorted."""
        yield from sorted(path.name for path in self.root.glob("??/*") if not path.name.startswith("."))

    @property
    def size(self) -> int:
        """Bytes of all blobs together."""
        return sum(self.size_of(sha256) or 0 for sha256 in self)
