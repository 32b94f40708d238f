"""`file:` origins: a file or folder of the user's; its bytes are copied, never linked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from zoo.cardfiles.origins import file_uri
from zoo.cards import WeightFile
from zoo.errors import BadInput, NotFound, nearest
from zoo.store.sources.base import Listing, Remote, member_of
from zoo.store.sources.inside import file_in, files_below, path_in

if TYPE_CHECKING:
    import requests

__all__ = ["FileReader", "file_uri"]


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
            path, member = path_in(path, unquote(member)), None
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
        files = tuple(_weight_file(root, path, uri) for path in files_below(root))
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


def _weight_file(root: Path, path: Path, uri: str) -> WeightFile:
    name, size = file_in(root, path)
    return WeightFile(path=name, origin=(f"{uri}#{quote(name)}",), size=size)
