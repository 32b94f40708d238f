"""Start `zoo` in several processes on this machine, by torch's own `torchrun`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

__all__ = ["RESTARTS", "command", "launch", "surroundings"]

RESTARTS = 3


def launch(nproc: int, argv: Sequence[str], env: Mapping[str, str] | None = None, *, restarts: int = RESTARTS) -> int:
    """Run `zoo ARGV` in `nproc` processes that train together, and wait; the exit code.

    A process that dies takes the others with it; all are started again, and go on from the last whole checkpoint.

    Args:
        nproc: how many processes.
        argv: the command without `zoo`, and without `--nproc`.
        env: variables beside those of this process; `ZOO_RUN` should name the run, so that all starts mean the same.
        restarts: how often they are started again at most.
    """
    process = subprocess.Popen(command(nproc, argv, restarts=restarts), env=surroundings(nproc, env))
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue  # the processes got it too, save their state, and end
        return 130 if code in {-2, 130} else code if code >= 0 else 128 - code


def command(nproc: int, argv: Sequence[str], *, restarts: int = RESTARTS) -> list[str]:
    """The command line of `launch`."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return [*torchrun, f"--nproc-per-node={nproc}", f"--max-restarts={restarts}", "-m", "zoo", *argv]


def surroundings(nproc: int, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of `launch`: an equal share of the cores for each process, unless a number is set."""
    made = {**os.environ, **(env or {})}
    # With a shared store, processes that were started again find the connections of the dead (torch 2.15, gloo).
    made.setdefault("TORCH_DISABLE_SHARE_RDZV_TCP_STORE", "1")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    made.setdefault("OMP_NUM_THREADS", str(max(1, cores // nproc)))
    return made
