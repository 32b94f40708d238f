"""`package:` origins: files inside an installed import package, such as `package:zoo_mine#weights/model.safetensors`.

The package is looked up as Python would and never imported; an editable installation is read where its author works.
Everything is on this machine already, so that these origins work offline; the bytes are copied, never linked.
"""

from __future__ import annotations

import functools
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from zoo.cardfiles.origins import package_uri
from zoo.cardfiles.packages import ImportPackage, distribution_of, find_package
from zoo.cardfiles.reading import CARD_FILES
from zoo.cards import WeightFile, check_file_path
from zoo.errors import BadInput, BadRef, NotFound, nearest
from zoo.store.sources.base import Listing, Remote, member_of
from zoo.store.sources.choosing import checkpoint_members, is_data
from zoo.store.sources.inside import file_in, files_below, path_in

if TYPE_CHECKING:
    import requests

__all__ = ["PackageReader"]


class PackageReader:
    """Reads `package:zoo_mine#weights/model.safetensors`; one lookup per package.

    Without a member, `package:zoo_mine` lists the data files of the package as those of a wheel are chosen;
    `package:zoo_mine#weights` lists those below one folder.
    """

    def __init__(self, *, offline: bool) -> None:
        # What is installed is here whether the network is allowed or not.
        self._offline = offline
        self._found = functools.cache(find_package)
        self._version = functools.cache(distribution_of)

    def session(self) -> requests.Session:
        """Never needed: every `Remote` of this reader is local."""
        raise BadInput("package: origins are not downloaded")

    def locate(self, uri: str) -> Remote:
        """The file itself, with the distribution's name and version as its `upstream`.

        Raises:
            BadRef: no `package:NAME#path`.
            BadCard: a path that is not plainly relative.
            NotFound: the package is not installed, or has no such file; names the nearest.
            UnsafeFile: a link leads out of the package.
            UnsupportedFormat: it is a single module, or lies in a zip archive.
        """
        package, member = self._named(uri)
        if not member:
            raise BadInput(f"{uri} names a package, not a file", f"Name the file in it: `package:{package.name}#file`.")
        path = _path(package, member)
        if not path.is_file():
            raise BadInput(f"{uri} is no ordinary file", "A folder may only stand as a source on a card.")
        return Remote(uri=uri, local=path, size=path.stat().st_size, upstream=self._version(package.name))

    def listing(self, uri: str) -> Listing:
        """The data files of a package, or of a folder in it; or the one file that `uri` names. Errors are `locate`'s.

        Code and hidden files are left out, and of the whole package its file of cards.
        """
        package, member = self._named(uri)
        if not member:
            return Listing(uri=uri, files=_whole(package))
        path = _path(package, member)
        if path.is_file():
            return Listing(uri=uri, files=(WeightFile(path=path.name, origin=(uri,), size=path.stat().st_size),))
        return Listing(uri=uri, files=_below(package, path, member))

    def _named(self, uri: str) -> tuple[ImportPackage, str]:
        base, member = member_of(uri)
        scheme, _, name = base.partition(":")
        if scheme.lower() != "package" or not name:
            raise BadRef(f"{uri!r} is not a package: URI", "Write `package:import_name#path/of/the/file`.")
        return self._found(name), unquote(member or "").rstrip("/")


def _path(package: ImportPackage, member: str) -> Path:
    check_file_path(member)
    for folder in package.folders:
        if (folder / member).exists():
            return path_in(folder, member)
    near = nearest(member, [path.relative_to(folder).as_posix() for folder, path in _data_files(package)])
    raise NotFound(
        f"the package {package.name} has no file {member!r}",
        f"Did you mean {', '.join(near)}?" if near else f"It lies in {package.folder}.",
    )


def _data_files(package: ImportPackage) -> list[tuple[Path, Path]]:
    """`(folder of the package, file)` of all files that are no code, of each name the one that Python finds."""
    made: dict[str, tuple[Path, Path]] = {}
    for folder in package.folders:
        for path in files_below(folder):
            name = path.relative_to(folder)
            if is_data(PurePosixPath(name.as_posix())):
                made.setdefault(name.as_posix(), (folder, path))
    return [made[name] for name in sorted(made)]


def _whole(package: ImportPackage) -> tuple[WeightFile, ...]:
    found = [file_in(folder, path) for folder, path in _data_files(package)]
    chosen = checkpoint_members([(name, size) for name, size in found if name not in CARD_FILES])
    if not chosen:
        raise NotFound(f"the package {package.name} holds no data files", "Weights may be in another package.")
    return tuple(
        WeightFile(path=path, origin=(package_uri(package.name, name),), size=size) for path, name, size in chosen
    )


def _below(package: ImportPackage, top: Path, member: str) -> tuple[WeightFile, ...]:
    root = next(folder for folder in package.folders if top.is_relative_to(folder))
    found = [file_in(top, path) for path in files_below(root, top) if is_data(PurePosixPath(path.name))]
    if not found:
        raise NotFound(f"the folder {member} of the package {package.name} holds no data files", f"It is {top}.")
    return tuple(
        WeightFile(path=name, origin=(package_uri(package.name, f"{member}/{name}"),), size=size)
        for name, size in sorted(found)
    )
