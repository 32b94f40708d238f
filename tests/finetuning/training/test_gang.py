"""Several processes train one model: their weights agree, and one that dies is started again with all others."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from zoo.finetuning.training import Gang, launch
from zoo.finetuning.training.launch import command, surroundings

JOBS = Path(__file__).parent / "jobs.py"
REPOSITORY = Path(__file__).resolve().parents[3]


def start(home: Path, run: str, **options: Any) -> subprocess.Popen[str]:
    """torchrun as `launch` calls it, with the script of these tests in the place of the command line."""
    made = command(2, [], restarts=2)
    made[-2:] = [str(JOBS), str(home), run, json.dumps(options)]
    environment = {**surroundings(2), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(made, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcomes(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, err[-4000:]
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children() if str(JOBS) in " ".join(child.cmdline())]


OPTIONS: dict[str, Any] = {"epochs": 4, "batch": 2, "save_seconds": 0.05, "learning_rate": 0.005}


@pytest.fixture(scope="module")
def whole(stocked_home: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What both processes of an undisturbed training end with."""
    home = tmp_path_factory.mktemp("gang") / "zoo"
    shutil.copytree(stocked_home, home, symlinks=True)
    return outcomes(start(home, "whole", **OPTIONS))


@pytest.mark.serial
@pytest.mark.timeout(240)  # on a machine that others use; about 20 seconds on two cores alone
def test_the_weights_of_two_processes_agree(whole: list[dict[str, Any]]) -> None:
    assert len(whole) == 2
    assert whole[0]["sha256"] == whole[1]["sha256"]
    assert whole[0]["validation"] == whole[1]["validation"]
    assert whole[0]["steps"] == 4 * 6  # 24 examples, two by each of two processes a step


@pytest.mark.serial
@pytest.mark.timeout(240)  # on a machine that others use; about 20 seconds on two cores alone
def test_when_one_is_killed_all_start_again_and_end_the_same(home: Path, whole: list[dict[str, Any]]) -> None:
    process = start(home, "broken", slow=0.05, **OPTIONS)
    checkpoints = home / "runs" / "broken" / "checkpoints"
    end = time.monotonic() + 60
    while not list(checkpoints.glob("checkpoint-*")) and time.monotonic() < end:
        time.sleep(0.02)
    first = workers(process)
    assert len(first) == 2
    os.kill(first[1].pid, signal.SIGKILL)
    again = outcomes(process)
    assert [found["sha256"] for found in again] == [whole[0]["sha256"]] * 2


def test_a_process_alone_is_a_gang_of_one() -> None:
    gang = Gang.of({"PATH": "/"})
    assert (gang.size, gang.rank, gang.main) == (1, 0, True)
    assert Gang.of({"WORLD_SIZE": "1", "RANK": "0"}) == gang
    assert gang.share("a") == "a"
    assert gang.gather(1) == [1]
    assert gang.any(True, False) == [True, False]
    assert gang.total(1.5) == [1.5]
    gang.wait()
    gang.leave()


def test_the_environment_says_who_i_am() -> None:
    said = {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "TORCHELASTIC_RESTART_COUNT": "2"}
    gang = Gang.of(said)
    assert (gang.size, gang.rank, gang.local, gang.restarts, gang.main) == (4, 3, 1, 2, False)


def test_the_cores_are_shared_unless_a_number_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert int(surroundings(1000)["OMP_NUM_THREADS"]) == 1
    assert surroundings(2, {"OMP_NUM_THREADS": "7"})["OMP_NUM_THREADS"] == "7"
    assert surroundings(2)["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] == "1"


def test_launch_gives_the_exit_code_of_the_command() -> None:
    assert launch(1, ["--version"]) == 0
    assert sys.executable in command(2, ["finetune"])
