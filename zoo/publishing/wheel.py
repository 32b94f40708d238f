"""From a project folder to a wheel: by hatchling in a process of its own, the same bytes from the same model."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from zoo.errors import BadInput, MissingDependency, NoSpace, ResourceError
from zoo.store.disk import free_space, hash_file, sync, sync_folder
from zoo.store.words import in_units

__all__ = ["INDEX_LIMIT", "build", "need_builder", "put", "put_folder", "workshop"]

INDEX_LIMIT = 100_000_000  # bytes of a file that the public index takes unless it was asked for more
_ROOM = 10_000_000  # bytes for papers and for what a file system takes
_BUILD = "import sys, hatchling.build as builder; print(builder.build_wheel(sys.argv[1]))"


def need_builder() -> None:
    """Raise `MissingDependency` when wheels cannot be built here."""
    if importlib.util.find_spec("hatchling") is None:
        raise MissingDependency(
            "hatchling is needed to make a wheel, and is not installed",
            "Run `pip install 'zoo-registry[publish]'`, or write the project folder with --folder.",
        )


@contextmanager
def workshop(to: Path, size: int) -> Iterator[Path]:
    """An empty folder inside `to`, with room for `size` bytes, gone at the end; so is `to`, if made and empty.

    Raises:
        BadInput: `to` is no folder that may be written to.
        NoSpace: the disk has no room.
    """
    there = to.exists()
    made: Path | None = None
    try:
        try:
            to.mkdir(parents=True, exist_ok=True)
            if (free := free_space(to)) < size + _ROOM:
                raise NoSpace(
                    f"{in_units(size)} are to be written to {to}, and {in_units(free)} are free", "Free some."
                )
            made = Path(tempfile.mkdtemp(prefix=".zoo-publish-", dir=to)).absolute()
        except OSError as error:
            raise BadInput(
                f"{to} cannot be written to: {error.strerror or error}", "Name another folder: --to FOLDER."
            ) from error
        yield made
    finally:
        if made is not None:
            _remove(made)
        if not there:
            with contextlib.suppress(OSError):  # it holds what was published, or never came to be
                to.rmdir()


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def build(project: Path, into: Path, arrived: str) -> Path:
    """Build the wheel of a project folder.

    Args:
        project: the folder.
        into: an empty folder for the wheel.
        arrived: when the model's files came to be, as a manifest has it: the time of all that is in the wheel.

    Raises:
        ResourceError: the build failed; says with what.
    """
    into.mkdir()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(_seconds(arrived))}
    done = subprocess.run(
        [sys.executable, "-P", "-c", _BUILD, str(into)],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    found = list(into.glob("*.whl"))
    if done.returncode or len(found) != 1:
        said = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise ResourceError(
            f"hatchling could not build the wheel: {said[-1] if said else f'it ended with {done.returncode}'}",
            "Free some space where it concerns the disk; --folder writes what it was built from.",
        )
    return found[0]


def _seconds(arrived: str) -> int:
    try:
        return int(datetime.fromisoformat(arrived).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0


def put(made: Path, target: Path) -> bool:
    """Put a finished wheel in its place, whole; False when the same one is there already.

    Raises:
        BadInput: another one is there: a version is published once.
        ResourceError: the disk refuses.
    """
    if target.is_file() and hash_file(target) == hash_file(made):
        return False
    if target.exists():
        raise BadInput(
            f"{target} is there already and holds something else: a version is published once",
            "Raise the version, as in --version 1.1, or remove that file if nobody has it.",
        )
    try:
        sync(made)
        made.chmod(0o644)
        made.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise ResourceError(f"{target} cannot be written: {error.strerror or error}") from error
    return True


def put_folder(made: Path, target: Path) -> None:
    """Put a finished project folder in its place; raises `BadInput` when something is there already."""
    if target.exists():
        raise BadInput(
            f"{target} is there already, perhaps with changes of yours",
            "Raise the version, as in --version 1.1, or remove that folder.",
        )
    made.chmod(0o755)
    made.rename(target)
