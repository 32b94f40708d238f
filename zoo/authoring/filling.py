"""Templates: what is in their folders, with the names of a plugin put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

__all__ = ["filled"]

_TEXT = ".tmpl"  # no tool may take a template for Python, a project file or a list of ignored files
_HIDDEN = "dot_"
_MODULE = "MODULE"


def filled(folders: Sequence[str], values: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a plugin by their relative paths, sorted.

    Args:
        folders: of `zoo/authoring/templates`; a file of a later one takes the place of an earlier one's.
        values: by name, for `$name` in texts; `module` is the name of the folder `MODULE`.
    """
    made: dict[str, bytes] = {}
    for folder in folders:
        for path, file in _files(files("zoo.authoring") / "templates" / folder):
            made[_named(path, values["module"])] = _content(file, path, values)
    return dict(sorted(made.items()))


def _files(folder: Traversable, before: str = "") -> list[tuple[str, Traversable]]:
    found = []
    for entry in folder.iterdir():
        path = f"{before}{entry.name}"
        found += _files(entry, f"{path}/") if entry.is_dir() else [(path, entry)]
    return found


def _named(path: str, module: str) -> str:
    parts = [module if part == _MODULE else part.removesuffix(_TEXT) for part in path.split("/")]
    return "/".join(f".{part.removeprefix(_HIDDEN)}" if part.startswith(_HIDDEN) else part for part in parts)


def _content(file: Traversable, path: str, values: Mapping[str, str]) -> bytes:
    content = file.read_bytes()
    return Template(content.decode()).substitute(values).encode() if path.endswith(_TEXT) else content
