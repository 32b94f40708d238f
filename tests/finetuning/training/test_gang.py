"""Several processes train one model: their weights agree, and one that dies is started again with all others."""

from __future__ import annotations

import sys

import pytest

from zoo.finetuning.training import Gang, launch
from zoo.finetuning.training.launch import command, surroundings


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
