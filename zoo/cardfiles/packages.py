"""Where is an installed package? Its folder and its distribution, found without importing anything of it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import BadRef, NotFound, UnsupportedFormat, nearest

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["ImportPackage", "distribution_of", "find_package"]


_GROUP = "zoo"


@dataclass(frozen=True, kw_only=True)
class ImportPackage:
    """An import package as Python would find it.

    Attributes:
        name: of the top-level package.
        folders: where its files are: one folder, or the portions of a package without `__init__`, in Python's order.
        has_code: whether importing it would run a file of it.
    """

    name: str
    folders: tuple[Path, ...]
    has_code: bool

    @property
    def folder(self) -> Path:
        """The first of its folders."""
        return self.folders[0]


def find_package(name: str) -> ImportPackage:
    """The import package with this top-level name, looked up as `import` would and not imported.

    Raises:
        BadRef: no top-level name: Python imports what stands before a dot to look further.
        NotFound: nothing of this name is installed; names the nearest.
        UnsupportedFormat: a single module, or one inside a zip archive: there is no folder that holds files.
    """
    if not name.isidentifier():
        how = "Write the package's first name alone, then `#` and the path inside it." if "." in name else ""
        raise BadRef(f"{name!r} is not a top-level import package", how or "For example `package:zoo_mine#weights`.")
    spec = _spec(name)
    if spec is None:
        raise _missing(name)
    if spec.submodule_search_locations is None:
        raise UnsupportedFormat(
            f"{name} is a single module, which holds no files", "Name a package: a folder that Python imports."
        )
    folders = tuple(path for path in map(Path, spec.submodule_search_locations) if path.is_dir())
    if not folders:
        raise UnsupportedFormat(
            f"the package {name} lies in no folder, perhaps in a zip archive: {_places(spec)}",
            f"Install it in the usual way: `pip install {_as_distribution(name)}`.",
        )
    return ImportPackage(name=name, folders=folders, has_code=spec.origin is not None)


def _spec(name: str) -> ModuleSpec | None:
    for again in (False, True):
        if again:
            importlib.invalidate_caches()  # it may have been installed since this process began
        try:
            if found := importlib.util.find_spec(name):
                return found
        except ValueError:  # a module that was made by hand says nothing of where it is
            return None
    return None


def _places(spec: ModuleSpec) -> str:
    return ", ".join(map(str, spec.submodule_search_locations or ())) or "nowhere"


def _missing(name: str) -> NotFound:
    near = nearest(name, sorted(set(_names())))
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    return NotFound(
        f"the package {name!r} is not installed", f"{hint}Install it: `pip install {_as_distribution(name)}`."
    )


def _as_distribution(name: str) -> str:
    """How the distribution of an import package is usually called."""
    return name.replace("_", "-")


def _names() -> Iterator[str]:
    """The names of the packages on the search path, by their folders alone."""
    for place in sys.path:
        try:
            yield from (path.name for path in Path(place or ".").iterdir() if path.name.isidentifier())
        except OSError:  # a zip archive, or a folder that is gone
            continue


def distribution_of(package: str) -> str | None:
    """`name version` of the distribution that brought an import package, None where nothing says so."""
    from importlib.metadata import PackageNotFoundError, distribution, distributions, entry_points

    try:
        usual = distribution(_as_distribution(package))
    except PackageNotFoundError:
        usual = None
    if usual is not None and (_brings(usual, package) or _is_editable(usual)):
        return _told(usual)
    for entry in entry_points(group=_GROUP):
        if entry.dist is not None and entry.value.partition(":")[0].partition(".")[0] == package:
            return _told(entry.dist)
    return next((_told(found) for found in distributions() if _brings(found, package)), None)


def _told(found: Distribution) -> str:
    return f"{found.name} {found.version}"


def _brings(found: Distribution, package: str) -> bool:
    return any(file.parts[0] == package for file in found.files or ())


def _is_editable(found: Distribution) -> bool:
    """Whether a distribution was installed from a folder of its author's: it does not list the package's files then."""
    return '"editable": true' in (found.read_text("direct_url.json") or "").replace('":true', '": true')
