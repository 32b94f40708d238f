"""Did the installed set of packages change? Asked in a millisecond, without reading their metadata."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from zoo.catalog import shipped
from zoo.catalog.layout import DERIVED, SCHEMA_VERSION
from zoo.settings import PLUGINS_FILE, flag

__all__ = ["GROUP", "choices", "current", "declared"]

GROUP = "zoo"

_SITES = {"site-packages", "dist-packages"}
_METADATA = (".dist-info", ".egg-info")


def current(version: str = "", *, paths: Sequence[str] | None = None, extra: str = "") -> str:
    """A digest that changes when packages are installed, upgraded or removed, or the shipped catalog is another.

    Installing anything writes into a site folder, which changes the folder's time. Other folders of the search path,
    such as the working directory, change all the time; of those only the packages' own folders count.

    Args:
        version: the zoo's version, so that an upgrade counts even where folders keep their times.
        paths: the folders, instead of `sys.path`.
        extra: what else counts, such as `choices`.
    """
    parts = [f"{version} {SCHEMA_VERSION} {DERIVED} {sys.version_info[:2]}", *([extra] if extra else [])]
    origin = shipped.packed()
    if origin is not None:
        parts.append(_stamp(str(origin)))
    folders = dict.fromkeys(path or "." for path in (sys.path if paths is None else paths))
    parts += [found for folder in folders if (found := _print(folder))]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def choices(home: Path) -> str:
    """What a home decided about its plugins, as it stands in its file; empty for one that never did.

    With it count the files in folders of cards that are plugins, and whether the environment asks for approval.
    """
    asked = "approval" if flag("ZOO_PLUGIN_APPROVAL") else ""
    try:
        text = (home / PLUGINS_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return asked
    except (OSError, UnicodeDecodeError) as error:  # reading it where it is used says more
        return f"{asked} {error}"
    return "\n".join([asked, text, *_folders(text)])


def _folders(text: str) -> Iterator[str]:
    try:
        folders = json.loads(text)["folders"].values()
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return
    for folder in folders:
        try:
            with os.scandir(folder) as found:
                yield from sorted(_stamp(entry.path) for entry in found if entry.is_file())
        except (OSError, TypeError):
            yield f"{folder} is not there"


def _print(folder: str) -> str:
    try:
        if Path(folder).name in _SITES:
            return _stamp(folder)
        with os.scandir(folder) as found:
            inside = sorted(entry.path for entry in found if entry.name.endswith(_METADATA))
        return " ".join(_stamp(path) for path in inside)
    except OSError:  # a zip file, or a folder that does not exist, holds no plugin that could be found
        return ""


def _stamp(path: str) -> str:
    found = Path(path).stat()
    return f"{path} {found.st_mtime_ns} {found.st_size}"


def declared() -> list[tuple[str, str, str, str]]:
    """`(distribution, version, entry point, value)` of each installed plugin, sorted; slow: it reads all metadata."""
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    return sorted(
        (entry.dist.name if entry.dist else "", entry.dist.version if entry.dist else "", entry.name, entry.value)
        for entry in found
    )
