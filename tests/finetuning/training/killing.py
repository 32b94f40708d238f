"""One training whole, and the same one killed at random moments and continued; a process of its own that forks.

    python killing.py HOME SEED KILLS '{"method": "full", …}'

prints what both ended with (`whole`, `continued`), where the kills came, and whether the curves are the same. Each runs
in a fork of a process that has only imported its libraries: that takes seconds, which each start would take again.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import peft
import torch
import transformers

import zoo.finetuning.training.engine
import zoo.finetuning.training.pace
from tests.finetuning.training.jobs import Jobs, films, sha256
from zoo.finetuning.training import train

LIBRARIES = (peft, torch, transformers, zoo)


def attempt(home: Path, run: str, options: dict[str, Any]) -> int:
    """Start a training in a fork; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        given = dict(options)
        jobs = Jobs(home)
        job = jobs.make(films(given.pop("count", 24)), run=run, **given)
        learnt = train(job, lambda what, done, total, step: None)
        (job.folder / "learnt.json").write_text(json.dumps(sha256(learnt)), encoding="utf-8")
        code = 0
    finally:
        os._exit(code)


def wait_for(child: int, seconds: float) -> bool:
    """Whether the process ended by itself, and well, within this time."""
    end = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done and status:
            raise SystemExit(f"a training ended with status {status}")
        if done or time.monotonic() >= end:
            return bool(done)
        time.sleep(0.002)


def newest(folder: Path) -> int:
    """The step of the newest checkpoint."""
    steps = [int(path.name.rpartition("-")[2]) for path in folder.glob("checkpoints/checkpoint-*")]
    return max(steps, default=0)


def curves(folder: Path) -> list[dict[str, Any]]:
    """The rows, without the speed."""
    rows = [json.loads(line) for line in (folder / "curves.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{name: value for name, value in row.items() if name != "examples_per_second"} for row in rows]


def main(home: Path, seed: int, kills: int, options: dict[str, Any]) -> None:
    """See above."""
    whole, broken = home / "runs" / "whole", home / "runs" / "broken"
    if not wait_for(attempt(home, "whole", options), 600):
        raise SystemExit("the whole training takes too long")
    chance, last = random.Random(seed), curves(whole)[-1]["step"]
    killed, steps = 0, []
    while True:
        child = attempt(home, "broken", options)
        if killed == kills:
            wait_for(child, 600)
            break
        after = last * (killed + chance.random()) / (kills + 1)  # then at a moment that no step decides
        ended = False
        while newest(broken) < after and not ended:
            ended = wait_for(child, 0.01)
        if ended or wait_for(child, chance.uniform(0.0, 0.05)):
            break
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        killed += 1
        steps.append(newest(broken))
    found = {name: json.loads((folder / "learnt.json").read_text()) for name, folder in (("w", whole), ("b", broken))}
    same = curves(whole) == curves(broken)
    print(
        json.dumps(
            {"whole": found["w"], "continued": found["b"], "killed": killed, "steps": steps, "same_curves": same}
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))
