"""Start `zoo` in several processes on this machine, by torch's own `torchrun`."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from zoo.devices.container import cpu_count
from zoo.finetuning.together import ENDED

__all__ = ["RESTARTS", "command", "launch", "surroundings"]

RESTARTS = 3
INTERRUPTED = 130
GRACE_S = 20.0  # for the other processes to end by themselves when one had the last word


def launch(nproc: int, argv: Sequence[str], env: Mapping[str, str] | None = None, *, restarts: int = RESTARTS) -> int:
    """Run `zoo ARGV` in `nproc` processes that train together, and wait; the exit code.

    A process that dies takes the others with it; all are started again, and go on from the last whole checkpoint. An
    error of the zoo's own ends all at once, and is told once; so does Ctrl-C, after the state was saved.

    Args:
        nproc: how many processes.
        argv: the command without `zoo`, and without `--nproc`.
        env: variables beside those of this process.
        restarts: how often they are started again at most.
    """
    with tempfile.TemporaryDirectory(prefix="zoo-gang-") as folder, _terminable():
        last_word = Path(folder) / "ended"
        made = surroundings(nproc, {**(env or {}), ENDED: str(last_word)})
        # A session of its own: torchrun would answer Ctrl-C by ending the processes before they have saved their state.
        process = subprocess.Popen(command(nproc, argv, restarts=restarts), env=made, start_new_session=True)
        try:
            code = _waited(process, last_word)
        finally:
            process.terminate()  # nothing where it has ended; else it ends the processes
            process.wait()
        if last_word.is_file():
            return int(last_word.read_text(encoding="utf-8").split()[0])
        return code if code >= 0 else 128 - code


def _waited(process: subprocess.Popen[bytes], last_word: Path) -> int:
    """Wait for torchrun's end; processes that still wait for one that had the last word are ended."""
    until, asked = math.inf, False
    while time.monotonic() < until:
        try:
            return process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            if until == math.inf and last_word.is_file():
                until = time.monotonic() + GRACE_S
        except KeyboardInterrupt:
            if asked:  # twice: at once
                return INTERRUPTED
            asked = True
            _interrupt(process)
    return 1


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Hand Ctrl-C on: each process saves its state and ends."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(process.pid).children():
            with contextlib.suppress(psutil.Error):
                child.send_signal(signal.SIGINT)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Within it, a signal that would end this process raises `SystemExit`, so that what it started ends too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    names = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(name, end) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def command(nproc: int, argv: Sequence[str], *, restarts: int = RESTARTS) -> list[str]:
    """The command line of `launch`."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return [*torchrun, f"--nproc-per-node={nproc}", f"--max-restarts={restarts}", "-m", "zoo", *argv]


def surroundings(nproc: int, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of `launch`: an equal share of the cores for each process, unless a number is set."""
    made = {**os.environ, **(env or {})}
    # With a shared store, processes that were started again find the connections of the dead (torch 2.15, gloo).
    made.setdefault("TORCH_DISABLE_SHARE_RDZV_TCP_STORE", "1")
    made.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # it warns of what `find_unused_parameters` costs
    made.setdefault("OMP_NUM_THREADS", str(max(1, cpu_count() // nproc)))
    return made
