"""Which process works on a run, and whether it still lives."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

__all__ = ["is_here", "lives", "own_process"]

_CLOCK_S = 2.0  # by so much the reckoned start of one process differs when the clock is set


def own_process() -> dict[str, Any]:
    """This process: number, start (seconds since 1970; numbers are given again), and host."""
    import psutil

    return {"pid": os.getpid(), "started": psutil.Process().create_time(), "host": platform.node()}


def is_here(process: Mapping[str, Any]) -> bool:
    """Whether a process is, or was, one of this machine."""
    return process.get("host") == platform.node()


def lives(process: Mapping[str, Any] | None) -> bool:
    """Whether a process that a record names still runs; one of another machine counts as alive, as nobody can tell."""
    import psutil

    if not process:
        return False
    if not is_here(process):
        return True
    try:
        there = psutil.Process(int(process["pid"]))
        started = there.create_time()
        return abs(started - float(process["started"])) < _CLOCK_S and there.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False
