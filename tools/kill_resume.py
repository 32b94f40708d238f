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

    steps = int(whole["timing"]["steps"])
    chance = random.Random(asked.seed)
    run, command, killed = None, [*begin, f"{stem}-killed"], 0
    while killed < asked.kills:
        before = runs(home)
        process = subprocess.Popen([*ZOO, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        run = run or appeared(home, before, process)
        # The kills are spread over the training, whatever the machine's speed; then at a moment that no step decides.
        after = steps * (killed + chance.random()) / (asked.kills + 1)
        while process.poll() is None and newest(run) < after:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, asked.save_seconds))
        if process.poll() is not None:
            if process.returncode:
                raise SystemExit(f"zoo {' '.join(command)} failed:\n{process.stderr.read().decode()}")
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += 1
        print(f"killed {killed}: newest state: step {newest(run)} of {steps}", flush=True)
        command = ["finetune", "--resume", run.name]
    last = record(run) if run and killed < asked.kills else watched(home, command, run)
    equal = weights(last) == weights(whole)
    print(f"killed {killed} times and continued: weights {weights(last)}, {'equal' if equal else 'DIFFERENT'}")
    for name in (f"{stem}-whole", f"{stem}-killed"):
        subprocess.run([*ZOO, "rm", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return 0 if equal else 1


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-seconds", type=float, default=1.0)
    argv = sys.argv[1:]
    own, options = (argv[: argv.index("--")], argv[argv.index("--") + 1 :]) if "--" in argv else (argv, [])
    return parser.parse_args(own, argparse.Namespace(options=options))


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


def newest(run: Path) -> int:
    """The step of the newest state that is whole; 0 without one."""
    states = (path.parent.name for path in run.glob("checkpoints/checkpoint-*/complete.json"))
    return max((int(name.rpartition("-")[2]) for name in states), default=0)


def weights(found: dict[str, Any]) -> str:
    """The sha256 of the final weights."""
    return str(found["chosen"]["weights_sha256"])


def seconds(number: float) -> str:
    """For people."""
    return f"{number:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
