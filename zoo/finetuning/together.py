"""Processes that torchrun starts, and again after one of them was killed: which run were they at, and who speaks?

A process that is killed takes the others with it, and all start again. An error of the user's would come again too: the
first process that meets one writes a file, which tells the others, and `launch`, that this is the end.
"""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import ZooError
from zoo.rebuild.runs import records

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["ended", "helping", "launch", "restarted", "speaks"]

ENDED = "_ZOO_GANG_ENDED"  # names the file
_INTERRUPTED = 130
_WAIT_S = 10.0  # for the first process to say what it met, too


def launch() -> str | None:
    """What stays the same when torchrun starts its processes again: its own process; None without torchrun."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return None
    import psutil

    parent = psutil.Process(os.getppid())
    return f"{platform.node()}/{parent.pid}/{parent.create_time():.0f}"


def restarted(registry: Registry, restarts: int) -> str | None:
    """The run at which the processes were that torchrun started before these; None where these are the first."""
    if not restarts or (mine := launch()) is None:
        return None
    return max((record["id"] for record in records(registry.home) if record.get("launch") == mine), default=None)


def helping() -> bool:
    """Whether this is one of several processes, and not the first: it is silent."""
    return os.environ.get("WORLD_SIZE", "1") != "1" and os.environ.get("RANK", "0") != "0"


def speaks(error: BaseException, *, wait: bool = False) -> bool:
    """Whether this process is to tell of an error; True in a process alone.

    An error of the zoo's own, or Ctrl-C, is the end for all processes, and the first to ask tells of it.

    Args:
        error: what ended this process's work.
        wait: give the first process the time to ask before.
    """
    if (path := _path()) is None:
        return True
    until = time.monotonic() + (_WAIT_S if wait else 0)
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    code = error.exit_code if isinstance(error, ZooError) else _INTERRUPTED
    if isinstance(error, ZooError | KeyboardInterrupt):
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(f"{code} {os.getpid()}")
        except FileExistsError:
            pass
    found = _read(path)
    return found is None or found[1] == os.getpid()


def ended() -> int | None:
    """The exit code with which all processes are to end, if one of them had the last word."""
    path = _path()
    found = None if path is None else _read(path)
    return None if found is None else found[0]


def _path() -> Path | None:
    named = os.environ.get(ENDED)
    return Path(named) if named else None


def _read(path: Path) -> tuple[int, int] | None:
    try:
        code, _, process = path.read_text(encoding="utf-8").partition(" ")
        return int(code), int(process)
    except (OSError, ValueError):  # not there, or just being written
        return None
