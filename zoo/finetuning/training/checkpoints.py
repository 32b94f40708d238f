"""The states of a training on the disk: each whole or not there at all.

A state is written into a new folder, every file is synchronised, a list of the files with sizes and sha256 comes last,
and then the folder gets its name. Nothing that is there is written to: `torch.save` over an old file on a full disk
would leave neither.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch

from zoo.errors import NoSpace, ResourceError, ZooError
from zoo.store.disk import free_space, hash_file, sync_folder, write_text, writing
from zoo.store.words import in_units

__all__ = ["Checkpoints", "Saved"]

MARK = "complete.json"
KEPT = 2


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A whole state.

    Attributes:
        path: its folder.
        step: after which it was taken.
        facts: what was written of it, as JSON.
    """

    path: Path
    step: int
    facts: Mapping[str, Any]

    def read(self, name: str) -> Any:
        """A file's content: tensors on the CPU, numbers, lists."""
        return torch.load(self.path / name, map_location="cpu", weights_only=True)


class Checkpoints:
    """The folder of a run's states.

    Args:
        folder: made when the first state is written.
        run: the run's id, for messages.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self.folder = folder
        self._run = run

    def newest(self) -> Saved | None:
        """The newest whole state; newer ones that are broken, and what a killed process left, are removed."""
        if not self.folder.is_dir():
            return None
        for path in self.folder.glob(".writing-*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in sorted(self.folder.glob("checkpoint-*"), key=_step, reverse=True):
            if (found := self.whole(path.name)) is not None:
                best = found.facts.get("best")
                if best in {None, path.name} or self.whole(str(best)) is not None:
                    return found
            shutil.rmtree(path, ignore_errors=True)
        return None

    def whole(self, name: str) -> Saved | None:
        """The state of this name if all its files are as they were written."""
        path = self.folder / name
        try:
            mark = json.loads((path / MARK).read_text(encoding="utf-8"))
            for file, (size, sha256) in mark["files"].items():
                if (path / file).stat().st_size != size or hash_file(path / file) != sha256:
                    return None
            return Saved(path=path, step=int(mark["step"]), facts=mark["facts"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def has(self, name: str) -> bool:
        """Whether a state of this name was written to its end."""
        return (self.folder / name / MARK).is_file()

    def write(self, name: str, step: int, files: Mapping[str, Any], facts: Mapping[str, Any]) -> float:
        """Write a state; returns the seconds that it took.

        Raises:
            NoSpace: the disk is full; the older states are as they were.
        """
        start = time.monotonic()
        temporary = self.folder / f".writing-{name}-{os.getpid()}"
        try:
            with writing(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                self._check_room(files)
                shutil.rmtree(temporary, ignore_errors=True)
                temporary.mkdir()
                listed = {file: self._put(temporary / file, content) for file, content in files.items()}
                mark = {"step": step, "files": listed, "facts": dict(facts)}
                write_text(temporary / MARK, json.dumps(mark))
                sync_folder(temporary)
                final = self.folder / name
                if final.exists():  # left half-removed, or broken: a whole one is never written again
                    shutil.rmtree(final)
                temporary.replace(final)
                sync_folder(self.folder)
        except ResourceError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise self._refused(error) from error
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        return time.monotonic() - start

    def keep(self, names: Iterable[str]) -> None:
        """Remove all but the newest states, these, and the best ones that the kept ones name."""
        newest = sorted(self.folder.glob("checkpoint-*"), key=_step, reverse=True)[:KEPT]
        kept = {*names, *(path.name for path in newest)}
        for path in newest:
            try:
                best = json.loads((path / MARK).read_text(encoding="utf-8"))["facts"].get("best")
            except (OSError, ValueError, KeyError):
                continue
            kept |= {str(best)} if best else set()
        for path in (*self.folder.glob("checkpoint-*"), *self.folder.glob("best-*")):
            if path.name not in kept:
                (path / MARK).unlink(missing_ok=True)  # first: a half-removed folder must not look whole
                shutil.rmtree(path, ignore_errors=True)

    def last(self) -> str | None:
        """The name of the newest state that was written to its end, without a look at its files."""
        found = (p for p in self.folder.glob("checkpoint-*") if (p / MARK).is_file())
        newest = max(found, key=_step, default=None)
        return None if newest is None else newest.name

    def _put(self, path: Path, content: Any) -> tuple[int, str]:
        """Write one file to the disk; its size and sha256."""
        with path.open("wb") as file:
            hashed = _Hashed(file)
            try:
                if isinstance(content, str):
                    hashed.write(content.encode())
                else:
                    torch.save(content, hashed)  # type: ignore[arg-type]  # it only writes and flushes
            except RuntimeError as error:
                # The zip writer closes itself after the file has refused a write, and says only that.
                raise (hashed.refused or error) from error
            file.flush()
            os.fsync(file.fileno())
        return hashed.size, hashed.digest()

    def _check_room(self, files: Mapping[str, Any]) -> None:
        need, free = sum(map(_bytes, files.values())), free_space(self.folder)
        if need + (1 << 20) > free:
            raise NoSpace(
                f"the disk of {self.folder} is full: the state of the training takes {in_units(need)}, "
                f"{in_units(free)} are free"
            )

    def _refused(self, error: ZooError) -> ZooError:
        kept = self.last()
        state = f"the state of step {_step(Path(kept))} is safe" if kept else "no state was saved before"
        how = f"go on with `zoo finetune --resume {self._run}`" if kept else "start again"
        if isinstance(error, NoSpace):
            return NoSpace(f"{error.cause}; {state}", f"Free some space, then {how}.")
        return type(error)(f"{error.cause}; {state}", f"Mend this, then {how}.")


class _Hashed:
    """A file for writing that counts and hashes what goes through."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0
        self.refused: OSError | None = None

    def write(self, data: Any) -> int:
        """All of it, or the operating system's error."""
        try:
            self._file.write(data)
        except OSError as error:
            self.refused = error
            raise
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """As the file does."""
        self._file.flush()

    def digest(self) -> str:
        """The sha256 so far, 64 hex digits."""
        return self._hash.hexdigest()


def _step(path: Path) -> int:
    number = path.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def _bytes(content: Any) -> int:
    if isinstance(content, torch.Tensor):
        return content.nbytes
    if isinstance(content, Mapping):
        return sum(map(_bytes, content.values()))
    if isinstance(content, list | tuple):
        return sum(map(_bytes, content))
    return 8
