"""`zoo finetune --nproc 2`: one model by two processes, told once; errors end them all, and are told once."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.finetuning.proving import begun, command, data_of, new_files, record_of, stopped
from tests.tiny_fixtures import leftovers
from zoo import Zoo
from zoo.errors import BadData, BadInput

OPTIONS = ["--method", "full", "--epochs", "4", "--batch", "2", "--patience", "0", "--learning-rate", "0.005"]
SAVING = ["--set", "save_seconds=0"]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return data_of("single", tmp_path / "data")


def start(home: Path, data: Path, *more: object) -> Any:
    return command(home, "finetune", "texts", data, "--nproc", 2, *OPTIONS, *more)


def workers(process: Any) -> list[psutil.Process]:
    """The processes that train, of which the first is rank 0."""
    (torchrun,) = psutil.Process(process.pid).children()
    found = [child for child in torchrun.children() if "finetune" in child.cmdline()]
    return sorted(found, key=lambda child: child.environ()["RANK"])


def said(process: Any) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=200)
    return process.returncode, out, err


@pytest.mark.serial
@pytest.mark.timeout(240)
def test_one_model_whose_weights_agree_and_a_kill_leaves_no_trace(home: Path, films: Path) -> None:
    zoo = Zoo(home, quiet=True)
    code, out, err = said(start(home, films, "--name", "whole", "--json"))
    assert (code, err) == (0, "")
    whole = json.loads(out)  # one object: told once
    (folder,) = (home / "runs").iterdir()
    record = record_of(folder)
    assert (whole["run"], record["model"], record["chosen"]["processes"]) == (folder.name, "whole", 2)
    assert [run.outcome for run in zoo.catalog.runs()] == ["done"]

    process = start(home, films, "--name", "broken", "--json", *SAVING)
    folder = begun(home, process)
    os.kill(workers(process)[1].pid, signal.SIGKILL)
    code, out, err = said(process)
    assert code == 0, err
    assert json.loads(out)["run"] == folder.name
    again = record_of(folder)
    assert len(again["resumed"]) == 1
    assert again["chosen"]["weights_sha256"] == record["chosen"]["weights_sha256"]
    assert new_files(zoo, again) == new_files(zoo, record)
    assert len(list((home / "runs").iterdir())) == 2
    assert leftovers(home) == []


@pytest.mark.serial
@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", ["data", "name"])
def test_what_is_wrong_is_told_once_and_ends_all(home: Path, films: Path, fault: str) -> None:
    error: Any = {"data": BadData, "name": BadInput}[fault]
    if fault == "data":
        films.write_text("text,label\n" + "a film,good\n" * 30, encoding="utf-8")
    name = "local/texts" if fault == "name" else "new"
    code, out, err = said(start(home, films, "--name", name))
    assert (code, out) == (error("").exit_code, "")
    lines = err.strip().splitlines()
    assert [line.startswith("zoo: ") for line in lines] == [True, False], err
    assert not (home / "runs").exists()


@pytest.mark.serial
@pytest.mark.timeout(240)
def test_ctrl_c_saves_and_says_how_to_go_on(home: Path, films: Path) -> None:
    process = start(home, films, "--name", "new", "--epochs", 500, *SAVING)
    folder = begun(home, process)
    group = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    code, out, err = stopped(process, signal.SIGINT)
    assert (code, out) == (130, "")
    assert err.strip().splitlines() == [
        "zoo: interrupted; what was finished is kept",
        f"go on: zoo finetune --resume {folder.name}",
    ]
    assert record_of(folder)["outcome"] == "interrupted"
    assert not [one for one in group if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.serial
@pytest.mark.timeout(120)
def test_ending_the_command_ends_its_processes(home: Path, films: Path) -> None:
    process = start(home, films, "--name", "new", "--epochs", 500, *SAVING)
    begun(home, process)
    group = psutil.Process(process.pid).children(recursive=True)
    code, _, _ = stopped(process, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    assert psutil.wait_procs(group, timeout=20)[1] == []
