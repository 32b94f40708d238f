"""The board: what each process of this user has loaded, written down where `zoo ps` of another process reads it.

One small file a process, `HOST.PID.json`, replaced as a whole at each change and removed with the last resident. A
file of a process that has ended without removing it is removed by the next reader.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import platform
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.devices.manager import DeviceManager

__all__ = ["Board", "leased", "publish", "read"]

COMMAND = 80  # characters


class Board:
    """One manager's entry in one folder.

    Args:
        folder: of the board; made when something is written for the first time.
        manager: whose residents are written down.
    """

    def __init__(self, folder: Path, manager: DeviceManager) -> None:
        self._folder = folder
        self._manager = manager
        self._lock = threading.Lock()
        self._again = False

    def write(self) -> None:
        """Write the residents down as they are now. It never fails: a home may be read-only.

        It does not wait for another thread that is writing, but has it write once more.
        """
        self._again = True
        while self._again and self._lock.acquire(blocking=False):
            try:
                self._again = False
                with contextlib.suppress(OSError):
                    self._write(self._manager.residents())
            finally:
                self._lock.release()

    def remove(self) -> None:
        """Take this process's entry off the board; a forked child has its own."""
        with contextlib.suppress(OSError):
            self._file().unlink(missing_ok=True)

    def _write(self, residents: list[dict[str, Any]]) -> None:
        file = self._file()
        if not residents:
            file.unlink(missing_ok=True)
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        entry = {**_process(os.getpid()), "residents": residents}
        draft = file.with_name(f".{file.name}.{threading.get_ident()}")
        draft.write_text(json.dumps(entry), encoding="utf-8")
        draft.replace(file)

    def _file(self) -> Path:
        return self._folder / f"{_host()}.{os.getpid()}.json"


@functools.cache
def publish(folder: Path, manager: DeviceManager) -> Board:
    """Write a manager's residents down in a folder from now on, until this process ends; twice is once."""
    board = Board(folder, manager)
    manager.subscribe(board.write)
    atexit.register(board.remove)
    return board


def read(folder: Path) -> list[dict[str, Any]]:
    """The residents of all living processes of this machine, those of one process together, oldest process first.

    Each has the keys of `DeviceManager.residents()`, and `pid`, `command` and `started` of its process.
    """
    return sorted(_entries(folder), key=lambda row: (row["started"], row["pid"]))


def leased(rows: Iterable[Mapping[str, Any]], device: str) -> int:
    """Bytes taken on a device by the residents of all processes: weights, and each process's largest activations."""
    weights, activations = 0, dict[int, int]()
    for row in rows:
        if device in row["devices"]:
            weights += row["devices"][device]
            if row["state"] != "moved to cpu":
                activations[row["pid"]] = max(activations.get(row["pid"], 0), row["activation"])
    return weights + sum(activations.values())


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    with contextlib.suppress(OSError):
        for file in sorted(folder.glob(f"{_host()}.*.json")):
            entry = _entry(file)
            for resident in entry.pop("residents", ()):
                yield entry | resident | {"idle_s": _idle(resident)}


def _entry(file: Path) -> dict[str, Any]:
    """One process's entry; empty if it is none, or if its process has ended, which removes the file."""
    try:
        entry = json.loads(file.read_text(encoding="utf-8"))
        if _alive(int(entry["pid"]), float(entry["started"])):
            return dict(entry)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # the process may just be ending, or the file is of another version of the zoo: both go
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)
    return {}


def _alive(pid: int, started: float) -> bool:
    """Whether the process that wrote the entry runs; numbers are given again, so its start must be the same."""
    import psutil

    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@functools.lru_cache
def _process(pid: int) -> dict[str, Any]:
    import psutil

    words = [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv and sys.argv[0] else [Path(sys.executable).name]
    command = " ".join(words)
    short = command if len(command) <= COMMAND else f"{command[: COMMAND - 1]}…"
    return {"pid": pid, "started": psutil.Process(pid).create_time(), "command": short}


def _idle(resident: dict[str, Any]) -> float:
    return round(max(0.0, time.time() - float(resident.get("used", time.time()))), 1)


def _host() -> str:
    """This machine's name, as part of a file's name: a home may be shared by several machines."""
    return re.sub(r"[^A-Za-z0-9-]", "_", platform.node()) or "localhost"
