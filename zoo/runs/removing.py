"""Removing runs, or only what they saved on the way."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import BadInput

if TYPE_CHECKING:
    from zoo.registry import Registry
    from zoo.runs.finding import RecordedRun

__all__ = ["remove", "remove_checkpoints"]


def remove(registry: Registry, run: RecordedRun) -> int:
    """Remove a run: its folder and its line in the catalog; the model that it made stays. Returns the bytes freed.

    Raises:
        BadInput: it runs.
        ResourceError: the disk refuses.
    """
    from zoo.store.disk import writing

    _check_ended(run)
    freed = _size(run.path)
    with writing(run.path):
        shutil.rmtree(run.path)
    registry.catalog.forget_run(run.id)
    return freed


def remove_checkpoints(run: RecordedRun) -> int:
    """Remove the states of training that a run saved; its record, its report and its model stay. Returns the bytes.

    Raises:
        BadInput: it runs.
        ResourceError: the disk refuses.
    """
    from zoo.store.disk import writing

    folder = run.path / "checkpoints"
    if not folder.is_dir():
        return 0
    _check_ended(run)
    freed = _size(folder)
    with writing(folder):
        shutil.rmtree(folder)
    return freed


def _check_ended(run: RecordedRun) -> None:
    if run.outcome == "running":
        process = run.record.get("process") or {}
        where = f"process {process.get('pid')} on {process.get('host')}"
        raise BadInput(f"run {run.id} still runs ({where})", "Wait for its end, or end it first.")


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
