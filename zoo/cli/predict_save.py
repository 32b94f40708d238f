"""`zoo predict --save`: results as pictures and sounds, for people."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.render import safe
from zoo.errors import BadInput
from zoo.tasks import Forecast

if TYPE_CHECKING:
    from zoo.data import Item
    from zoo.models import Model

__all__ = ["check_save", "save_result", "unused"]


def check_save(model: Model, folder: Path, *, written: str | None = None) -> None:
    """Raise `BadInput` when the results of the model cannot be drawn or played, or the folder cannot be made.

    Args:
        model: loaded.
        folder: to write to.
        written: the format that results are written in as text, which any folder can hold.
    """
    drawn = model.kind.input in {"image", "series"} and hasattr(model.kind.result, "draw")
    if not drawn and not hasattr(model.kind.result, "save") and written is None:
        raise BadInput(f"the results of {model.task} cannot be drawn", "Leave out --save; --json prints them in full.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write into {folder}: {error.strerror}", "Name another folder with --save.") from error


def save_result(item: Item, result: Any, folder: Path) -> None:
    """Write what a result draws or plays, under the input's name."""
    for name, write in _files(item, result):
        target = unused(folder, name)
        write(target)
        print(f"zoo: wrote {safe(str(target))}", file=sys.stderr)


def _files(item: Item, result: Any) -> list[tuple[str, Callable[[Path], Any]]]:
    """A sound as WAV; else the drawn result as PNG, a forecast as a chart, and a segmentation's masks beside it."""
    from zoo.data import read_image

    if hasattr(result, "save"):
        words = re.sub(r"\W+", "-", item.name).strip("-")
        return [(f"{words[:40].strip('-') or 'sound'}.wav", result.save)]
    if isinstance(result, Forecast):
        return [(f"{Path(item.name).stem or 'series'}.png", result.draw().save)]
    stem = Path(item.name).stem or "picture"
    pictures = [(f"{stem}.png", result.draw(read_image(item.value)))]
    if hasattr(result, "masks"):
        pictures += [(f"{stem}-mask.png", mask) for mask in result.masks()]
    return [(name, picture.save) for name, picture in pictures]


def unused(folder: Path, name: str) -> Path:
    """A file that is not there yet: a number keeps names apart."""
    stem, ending = Path(name).stem, Path(name).suffix
    names = itertools.chain([name], (f"{stem}-{number}{ending}" for number in itertools.count(2)))
    return next(folder / name for name in names if not (folder / name).exists())
