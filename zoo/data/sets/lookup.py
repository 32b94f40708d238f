"""Where the pictures are that annotations name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from zoo.data.images import IMAGE_SUFFIXES

__all__ = ["Lookup", "is_there", "pictures_in", "shown_path"]


class Lookup:
    """Finds files below one of several folders.

    Args:
        folders: in the order in which they are tried; where the last one was found is tried first.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = [str(folder) for folder in dict.fromkeys(folders)]

    def find(self, name: str) -> Path | None:
        """The file of this name, or of its last part where the folders of the name are elsewhere; None for none."""
        plain = name.strip().replace("\\", "/")
        if not plain:
            return None
        for tried in (plain, plain.rpartition("/")[2]):
            for number, folder in enumerate(self._folders):
                path = os.path.join(folder, tried)  # noqa: PTH118  (by the hundred thousand)
                if os.path.isfile(path):  # noqa: PTH113  (no for odd names)
                    self._folders.insert(0, self._folders.pop(number))
                    return Path(path)
        return None

    def find_stem(self, stem: str) -> Path | None:
        """The picture of this name with whatever ending."""
        return next(
            (
                found
                for suffix in IMAGE_SUFFIXES
                for end in (suffix, suffix.upper())
                if (found := self.find(stem + end))
            ),
            None,
        )


def is_there(path: Path) -> bool:
    """Whether it is a file; no for names that the file system cannot even ask for."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def pictures_in(folder: Path) -> list[Path]:
    """All pictures below a folder, sorted, without hidden ones."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(path for path in found if not path.name.startswith(".") and path.is_file())


def shown_path(path: Path, root: Path) -> str:
    """How rows call a file: from the data's folder where it lies in there."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
