"""`file:` origins: a file or folder of the user's; its bytes are copied, never linked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from zoo.cards import WeightFile, check_file_path
from zoo.errors import BadCard, BadInput, NotFound, UnsafeFile, nearest
from zoo.store.folders import is_manifest_name
from zoo.store.sources.base import Listing, Remote, member_of

if TYPE_CHECKING:
    import requests

__all__ = ["FileReader", "file_uri"]

_MOST_FILES = 10_000


def file_uri(path: Path, member: str | None = None) -> str:
    """The `file:` URI of an absolute path, and of a file inside it; other characters are written as `%41`."""
    base = "file:" + quote(path.absolute().as_posix())
    return base if member is None else f"{base}#{quote(member)}"


class FileReader:
    """Reads `file:/folder/file`, `file:/folder#member` and `file:/archive.zip#member`."""

    def __init__(self, *, offline: bool) -> None:
        # A local file is here whether the network is allowed or not.
        self._offline = offline

    def session(self) -> requests.Session:
        """Never needed: every `Remote` of this reader is local."""
        raise BadInput("file: origins are not downloaded")

    def locate(self, uri: str) -> Remote:
        """The file itself; raises `NotFound`, naming the nearest, or `UnsafeFile` for what leaves its folder."""
        base, member = member_of(uri)
        path = _path(base)
        if not path.exists():
            raise NotFound(f"there is no file {path}", _hint(path))
        if path.is_dir():
            if member is None:
                raise BadInput(f"{path} is a folder, not a file", "Name the file in it as `file:/folder#file`.")
            path, member = _inside(path, unquote(member)), None
        if not path.is_file():
            raise BadInput(f"{path} is not an ordinary file")
        member = None if member is None else unquote(member)
        return Remote(uri=base, local=path, size=path.stat().st_size, member=member)

    def listing(self, uri: str) -> Listing:
        """The files of a folder and of the folders in it, without hidden ones; or the one file that `uri` names."""
        root = _path(uri)
        if root.is_file():
            return Listing(uri=uri, files=(WeightFile(path=root.name, origin=(uri,), size=root.stat().st_size),))
        if not root.is_dir():
            raise NotFound(f"there is no folder {root}", _hint(root))
        files = tuple(_weight_file(root, path, uri) for path in _walk(root))
        if not files:
            raise NotFound(f"the folder {root} holds no files", "Hidden files are left out.")
        return Listing(uri=uri, files=files)


def _path(uri: str) -> Path:
    text = unquote(uri.partition(":")[2])
    if text.startswith("///"):
        text = text[2:]
    path = Path(text)
    if not path.is_absolute() or text.startswith("//") or "\0" in text:
        raise BadInput(f"{uri} does not name a file by its full path", "Write `file:/folder/file`.")
    return path


def _hint(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no folder {path.parent} either."
    near = nearest(path.name, (p.name for p in path.parent.iterdir()))
    return f"Did you mean {', '.join(near)}?" if near else ""


def _inside(root: Path, member: str) -> Path:
    path = root / check_file_path(member)
    if not path.exists():
        near = nearest(member, (p.relative_to(root).as_posix() for p in _walk(root)))
        raise NotFound(f"the folder {root} has no file {member}", f"Did you mean {', '.join(near)}?" if near else "")
    _refuse_outside(root, path)
    return path


def _refuse_outside(root: Path, path: Path) -> None:
    try:
        outside = not path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # Python's words for a loop of links
        raise UnsafeFile(f"{path} is a link that leads back to itself", "Remove it.") from error
    if outside:
        raise UnsafeFile(
            f"{path} is a link to a place outside its folder", "Copy the file that it points to into the folder."
        )


def _walk(root: Path) -> Iterator[Path]:
    """Ordinary files below `root`, sorted, without hidden ones and without the store's own manifest."""
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if (Path(folder) / name).is_symlink():
                _refuse_outside(root, Path(folder) / name)
        for name in sorted(names):
            path = Path(folder) / name
            if name.startswith(".") or is_manifest_name(name):
                continue
            _refuse_outside(root, path)
            count += 1
            if count > _MOST_FILES:
                raise BadInput(f"{root} holds more than {_MOST_FILES} files", "Name the folder of one model.")
            yield path


def _weight_file(root: Path, path: Path, uri: str) -> WeightFile:
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
    return WeightFile(path=name, origin=(f"{uri}#{quote(name)}",), size=status.st_size)
