"""Files inside a folder and nowhere else: what leads out of it is refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from zoo.cards import check_file_path
from zoo.errors import BadCard, BadInput, NotFound, UnsafeFile, nearest
from zoo.store.folders import is_manifest_name

__all__ = ["file_in", "files_below", "path_in", "refuse_outside"]

_MOST_FILES = 10_000


def path_in(root: Path, member: str) -> Path:
    """The file or folder `member` below `root`.

    Raises:
        BadCard: no plain relative path.
        NotFound: there is none; names the nearest.
        UnsafeFile: a link leads out of `root`.
    """
    path = root / check_file_path(member)
    if not path.exists():
        near = nearest(member, (p.relative_to(root).as_posix() for p in files_below(root)))
        raise NotFound(f"the folder {root} has no file {member}", f"Did you mean {', '.join(near)}?" if near else "")
    refuse_outside(root, path)
    return path


def refuse_outside(root: Path, path: Path) -> None:
    """Raise `UnsafeFile` when a path below `root` is a link to a place outside it."""
    try:
        outside = not path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # Python's words for a loop of links
        raise UnsafeFile(f"{path} is a link that leads back to itself", "Remove it.") from error
    if outside:
        raise UnsafeFile(
            f"{path} is a link to a place outside its folder", "Copy the file that it points to into the folder."
        )


def files_below(root: Path, top: Path | None = None) -> Iterator[Path]:
    """Files below `top` (or `root` itself), sorted, without hidden ones and without the store's own manifest.

    Raises:
        UnsafeFile: a link leads out of `root`.
        BadInput: there are too many for a model.
    """
    count = 0
    for folder, folders, names in os.walk(top or root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if (Path(folder) / name).is_symlink():
                refuse_outside(root, Path(folder) / name)
        for name in sorted(names):
            path = Path(folder) / name
            if name.startswith(".") or is_manifest_name(name):
                continue
            refuse_outside(root, path)
            count += 1
            if count > _MOST_FILES:
                raise BadInput(f"{root} holds more than {_MOST_FILES} files", "Name the folder of one model.")
            yield path


def file_in(root: Path, path: Path) -> tuple[str, int]:
    """The relative name and the size of a file below `root`, as a checkpoint may have it.

    Raises:
        UnsafeFile: a link to nothing.
        BadInput: a name that no checkpoint may have, or something that is no ordinary file.
    """
    name = path.relative_to(root).as_posix()
    try:
        check_file_path(name)
        status = path.stat()
    except FileNotFoundError as error:
        raise UnsafeFile(f"{path} is a link to nothing", "Remove it.") from error
    except BadCard as error:
        raise BadInput(f"{path} has a name that no checkpoint may have", "Rename it.") from error
    if not stat.S_ISREG(status.st_mode):
        raise BadInput(f"{path} is not an ordinary file", "Remove it from the folder.")
    return name, status.st_size
