"""Folders made out of a checkpoint once, and found again by every later load."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["derived"]


def derived(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` in `folder`, made by `make` when it is not there yet.

    Whoever renames first wins; a process that is killed leaves a temporary folder and no half copy.

    Args:
        folder: of `LoadContext.cache`.
        name: of the finished folder.
        make: fills the folder that it is given, which does not exist yet.
    """
    ready = folder / name
    if not ready.is_dir():
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as work:
            made = Path(work) / name
            make(made)
            _publish(made, ready)
    return ready


def _publish(made: Path, ready: Path) -> None:
    try:
        made.rename(ready)
    except OSError:
        if not ready.is_dir():
            raise
