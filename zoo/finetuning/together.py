"""Processes that torchrun starts, and starts again after one of them was killed: which run were they at?"""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from zoo.errors import ZooError
from zoo.rebuild.runs import records

if TYPE_CHECKING:
    from zoo.finetuning.training.gang import Gang
    from zoo.registry import Registry

__all__ = ["launch", "restarted"]


def launch() -> str | None:
    """What stays the same when torchrun starts its processes again: its own process; None without torchrun."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return None
    import psutil

    parent = psutil.Process(os.getppid())
    return f"{platform.node()}/{parent.pid}/{parent.create_time():.0f}"


def restarted(registry: Registry, gang: Gang) -> str | None:
    """The run at which the processes were that torchrun started before these; None where these are the first.

    Raises:
        ZooError: that run did not end by a kill, but failed.
    """
    if not gang.restarts or (mine := launch()) is None:
        return None
    found = {record["id"]: record for record in records(registry.home) if record.get("launch") == mine}
    if not found:
        return None
    last = found[max(found)]
    if last.get("outcome") == "failed":  # it would fail again; a process that was killed leaves "running"
        raise ZooError(
            f"run {last['id']} failed: {last.get('error', 'see its record')}", f"`zoo runs show {last['id']}`"
        )
    return str(last["id"])
