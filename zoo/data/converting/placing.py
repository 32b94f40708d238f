"""Pictures in a new folder: copied or linked, each with a name of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from zoo.data.images import IMAGE_SUFFIXES, read_image
from zoo.data.sizes import upright_sizes
from zoo.errors import BadData

if TYPE_CHECKING:
    from zoo.data.raw import RawData, Row

__all__ = ["Names", "Placed", "is_anew", "measured", "place"]

_ENDINGS = (
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
    (b"RIFF", ".webp"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A picture of the data with its part, its number there from 1, and its width and height, turned upright."""

    part: str
    number: int
    row: Row
    size: tuple[int, int]


def measured(raw: RawData) -> Iterator[Placed]:
    """All pictures, with how large they are.

    Raises:
        BadData: one cannot be opened.
    """
    for part, rows in raw.parts.items():
        sizes = upright_sizes([row.value for row in rows])
        for number, (row, size) in enumerate(zip(rows, sizes, strict=True), 1):
            if size is None:
                raise BadData(f"{row.where} is not a picture that can be read", "Mend it, or take it out.")
            yield Placed(part=part, number=number, row=row, size=size)


class Names:
    """Names of pictures in one folder; what stands before the ending is of one picture alone, for labels bear it."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, placed: Placed) -> str:
        """The picture's own name, with a number behind it where another has it."""
        path = placed.row.value if isinstance(placed.row.value, str | Path) else None
        stem = PurePath(path).stem if path is not None else f"{placed.part}-{placed.number:06}"
        free, number = stem, 2
        while free.casefold() in self._taken:
            free, number = f"{stem}-{number}", number + 1
        self._taken.add(free.casefold())
        return free


def place(value: Any, folder: Path, stem: str, *, link: bool = False, anew: bool = False) -> str:
    """Bring a picture into a folder; returns its name there.

    Args:
        value: a path, encoded bytes, or what `read_image` takes.
        folder: made where it is not there.
        stem: its name without the ending.
        link: whether to link a file (hard), where the file system can.
        anew: whether to write it anew as RGB.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not anew and isinstance(value, str | Path):
        source = Path(value).resolve()
        target = folder / f"{stem}{Path(value).suffix}"
        _bring(source, target, link=link)
    elif not anew and isinstance(value, bytes):
        target = folder / f"{stem}{next((end for head, end in _ENDINGS if value.startswith(head)), '.png')}"
        target.write_bytes(value)
    else:
        target = folder / f"{stem}.png"
        read_image(value).save(target)
    return target.name


def _bring(source: Path, target: Path, *, link: bool) -> None:
    if link:
        try:
            os.link(source, target)
        except OSError:  # another disk, or one that has no links
            pass
        else:
            return
    shutil.copyfile(source, target)


def is_anew(placed: Placed, odd: Collection[str]) -> bool:
    """Whether a picture is to be written anew: asked for, or of a name that readers do not know as a picture's."""
    value = placed.row.value
    named = not isinstance(value, str | Path) or Path(value).suffix.lower() in IMAGE_SUFFIXES
    return placed.row.where in odd or not named
