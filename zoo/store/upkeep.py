"""Keeping the store in order: verify, remove, and find what nothing needs any more."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zoo.errors import IntegrityError, NotInstalled
from zoo.manifests import StoredFile
from zoo.store.disk import hash_file
from zoo.store.folders import MANIFEST
from zoo.store.layout import Layout

__all__ = ["Leftover", "collect_leftovers", "find_leftovers", "folder_size", "remove_model", "verify_files"]


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """Something in the store that no model needs.

    Attributes:
        kind: `blob` (linked by no model), `partial` (an unfinished pull) or `debris` (of a killed process).
        path: where.
        size: bytes on the disk that deleting it frees.
    """

    kind: Literal["blob", "partial", "debris"]
    path: Path
    size: int

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"kind": self.kind, "path": str(self.path), "size": self.size}


def verify_files(layout: Layout, model_id: str, revision: str) -> list[str]:
    """What is wrong with a revision, every file read and hashed again; an empty list when nothing is.

    Raises:
        NotInstalled: it is not here.
    """
    try:
        manifest = layout.folders.manifest(model_id, revision)
    except IntegrityError as error:
        return [error.cause]
    folder = layout.folders.path(model_id, revision)
    problems = [text for file in manifest.files for text in _problems(folder, file)]
    expected = {MANIFEST, *(file.path for file in manifest.files)}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    return problems + [f"{name}: does not belong to this revision" for name in sorted(found - expected)]


def _problems(folder: Path, file: StoredFile) -> Iterator[str]:
    path = folder / file.path
    try:
        size = path.stat().st_size
        if size != file.size:
            yield f"{file.path}: has {size} bytes, not {file.size}"
        elif (sha256 := hash_file(path)) != file.sha256:
            yield f"{file.path}: has sha256 {sha256}, not {file.sha256}"
    except FileNotFoundError:
        yield f"{file.path}: is missing"
    except OSError as error:
        yield f"{file.path}: cannot be read: {error.strerror}"


def remove_model(layout: Layout, model_id: str, revision: str | None) -> int:
    """Remove a revision, or all of a model with its unfinished pull; gives the bytes freed.

    Raises:
        NotInstalled: there is nothing to remove.
    """
    with layout.locks.model(model_id), layout.locks.store():
        known = [found for name, found in layout.folders.entries() if name == model_id]
        chosen = known if revision is None else [found for found in known if found == revision]
        if not chosen:
            what = f"revision {revision[:12]} of {model_id}" if revision else model_id
            raise NotInstalled(f"{what} is not installed", "Run `zoo list` to see what is.")
        for found in chosen:
            layout.folders.retire(model_id, found)
        if revision is None:
            shutil.rmtree(layout.partial(model_id), ignore_errors=True)
        return sum(layout.blobs.remove(sha256) for sha256 in _orphans(layout))


def _orphans(layout: Layout) -> list[str]:
    """Blobs that no model needs; the hard links of a folder whose manifest cannot be read count too."""
    used = {file.sha256 for manifest in layout.folders.installed() for file in manifest.files}
    return [h for h in layout.blobs if h not in used and _links(layout.blobs.path(h)) == 1]


def _links(path: Path) -> int:
    """How many names a file has; none when it went while it was looked at."""
    status = _status(path)
    return status.st_nlink if status else 0


def find_leftovers(layout: Layout, older_than: float) -> list[Leftover]:
    """What `collect_leftovers` would delete now; partials count when untouched for `older_than` seconds."""
    blobs = (layout.blobs.path(sha256) for sha256 in _orphans(layout))
    found = [Leftover(kind="blob", path=path, size=_file_size(path)) for path in blobs]
    found += [Leftover(kind="debris", path=path, size=_debris_size(path)) for path in layout.folders.debris()]
    found += [Leftover(kind="debris", path=p, size=_file_size(p)) for p in layout.blobs.root.glob("??/.*")]
    limit = time.time() - older_than
    partials = sorted(layout.partials.iterdir()) if layout.partials.is_dir() else []
    return found + [
        Leftover(kind="partial", path=path, size=folder_size(path)) for path in partials if _last_change(path) <= limit
    ]


def collect_leftovers(layout: Layout, older_than: float) -> int:
    """Delete what `find_leftovers` names, except what a running pull is using; gives the bytes freed."""
    freed = 0
    if not layout.home.is_dir():
        return freed
    for leftover in find_leftovers(layout, older_than):
        if leftover.kind == "partial":
            with layout.locks.model_if_free(leftover.path.name) as held:
                if held:
                    shutil.rmtree(leftover.path, ignore_errors=True)
                    freed += leftover.size
    with layout.locks.store():
        for leftover in find_leftovers(layout, older_than):
            if leftover.kind != "partial":
                _delete(leftover.path)
                freed += leftover.size
    return freed


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _status(path: Path, *, follow: bool = True) -> os.stat_result | None:
    """None of what went while it was looked at: other processes pull and remove meanwhile."""
    try:
        return path.stat(follow_symlinks=follow)
    except FileNotFoundError:
        return None


def _file_size(path: Path) -> int:
    status = _status(path)
    return status.st_size if status else 0


def _below(folder: Path) -> Iterator[os.stat_result]:
    """All (links as links) that is below a folder and stays there long enough to be looked at."""
    for base, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if status := _status(Path(base, name), follow=False):
                yield status


def folder_size(folder: Path) -> int:
    """Bytes of the files below a folder, without links; 0 where there is none."""
    return sum(status.st_size for status in _below(folder) if stat.S_ISREG(status.st_mode))


def _debris_size(folder: Path) -> int:
    """Bytes that only this folder holds; links to blobs free nothing."""
    files = (status for status in _below(folder) if stat.S_ISREG(status.st_mode))
    return sum(status.st_size for status in files if status.st_nlink == 1)


def _last_change(folder: Path) -> float:
    """When something last changed in a folder; now, where it is gone meanwhile."""
    status = _status(folder)
    return max([status.st_mtime, *(below.st_mtime for below in _below(folder))]) if status else time.time()
