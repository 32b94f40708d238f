"""Train twice with the same seed, once without a stop and once killed (`kill -9`) at random moments and continued.

    python tools/kill_resume.py MODEL DATA [--kills 20] [--seed 0] [-- FINETUNE OPTIONS]

Each start is a new process of the command line. Prints where each kill came, and the sha256 of both final weights; the
exit code is 0 when they are equal. The models that it makes are removed, the runs are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ZOO = [sys.executable, "-m", "zoo"]


def main() -> int:
    """The whole of it."""
    asked = arguments()
    home = Path(os.environ.get("ZOO_HOME") or Path.home() / ".zoo")
    options = ["--seed", str(asked.seed), "--set", f"save_seconds={asked.save_seconds}", *asked.options]
    begin = ["finetune", asked.model, "--data", asked.data, *options, "--name"]
    stem = f"kill-resume-{os.getpid()}"

    began = time.monotonic()
    whole = watched(home, [*begin, f"{stem}-whole"], None)
    taken = time.monotonic() - began
    print(f"whole: {seconds(taken)}, weights {weights(whole)}")

    chance = random.Random(asked.seed)
    run, command, killed = None, [*begin, f"{stem}-killed"], 0
    while killed < asked.kills:
        before = runs(home)
        process = subprocess.Popen([*ZOO, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        run = run or appeared(home, before, process)
        end = time.monotonic() + chance.uniform(0.05, 1.0) * taken / 2
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += 1
        print(f"killed {killed}: newest state {newest(run)}", flush=True)
        command = ["finetune", "--resume", run.name]
    last = record(run) if run and killed < asked.kills else watched(home, command, run)
    equal = weights(last) == weights(whole)
    print(f"killed {killed} times and continued: weights {weights(last)}, {'equal' if equal else 'DIFFERENT'}")
    for name in (f"{stem}-whole", f"{stem}-killed"):
        subprocess.run([*ZOO, "rm", name, "--yes"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return 0 if equal else 1


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-seconds", type=float, default=1.0)
    parser.add_argument("options", nargs="*", help="of `zoo finetune`, after --")
    return parser.parse_args()


def runs(home: Path) -> set[Path]:
    """The folders of all runs."""
    return set((home / "runs").glob("*"))


def appeared(home: Path, before: set[Path], process: subprocess.Popen[bytes]) -> Path:
    """The folder of the run that a process began."""
    while process.poll() is None:
        if new := [path for path in runs(home) - before if (path / "record.json").is_file()]:
            return new[0]
        time.sleep(0.05)
    raise SystemExit(f"no run began:\n{process.stderr.read().decode() if process.stderr else ''}")


def watched(home: Path, command: list[str], run: Path | None) -> dict[str, Any]:
    """Run a command to its end; the record of its run."""
    before = runs(home)
    done = subprocess.run([*ZOO, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"zoo {' '.join(command)} failed:\n{done.stderr.decode()}")
    return record(run or (runs(home) - before).pop())


def record(run: Path) -> dict[str, Any]:
    """Of a run."""
    found: dict[str, Any] = json.loads((run / "record.json").read_text(encoding="utf-8"))
    return found


def newest(run: Path) -> str:
    """The name of the newest state that is whole."""
    states = [path.parent for path in run.glob("checkpoints/checkpoint-*/complete.json")]
    return max(states, key=lambda path: int(path.name.rpartition("-")[2])).name if states else "none"


def weights(found: dict[str, Any]) -> str:
    """The sha256 of the final weights."""
    return str(found["chosen"]["weights_sha256"])


def seconds(number: float) -> str:
    """For people."""
    return f"{number:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
