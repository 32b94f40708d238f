"""A run that was stopped goes on, by the command line as people use it, and ends as if nothing had been."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.finetuning.proving import begun, command, data_of, new_files, record_of, stopped, until
from tests.tiny_fixtures import Cli, leftovers
from zoo import Zoo
from zoo.errors import BadData, BadInput, BadOption, NotFound

SAVING = {"save_seconds": 0.0, "epochs": 8, "batch": 4, "learning_rate": 1e-3, "seed": 2, "patience": 0}


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return data_of("single", tmp_path / "data")


def words(model: str, data: Path, **settings: Any) -> list[str]:
    """The settings as the command line writes them."""
    own = {"save_seconds"}
    given = {"method": "full", **SAVING, **settings}
    made = ["finetune", model, str(data)]
    for name, value in given.items():
        made += ["--set", f"{name}={value}"] if name in own else [f"--{name.replace('_', '-')}", str(value)]
    return made


class Stop:
    """Ends a training from within when it has done so many steps, as Ctrl-C or a fault would."""

    def __init__(self, step: int, error: type[BaseException] = KeyboardInterrupt) -> None:
        self._step = step
        self._error = error

    def __call__(self, what: str, done: int, total: int | None, step: Any = None) -> None:
        if what == "training" and step is not None and step.step >= self._step:
            raise self._error("stopped by the test")


@pytest.mark.serial
@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_training_that_is_killed_goes_on_and_ends_the_same(home: Path, films: Path, cli: Cli, number: int) -> None:
    zoo = Zoo(home, quiet=True)
    settings: dict[str, Any] = {"epochs": 40, "save_seconds": 0.1}
    process = command(home, *words("texts", films, name="broken", **settings))
    folder = begun(home, process)
    code, out, err = stopped(process, number)
    record, run = record_of(folder), folder.name
    assert out == ""
    if number == signal.SIGINT:
        assert code == 130
        assert err.strip().splitlines() == [
            "zoo: interrupted; what was finished is kept",
            f"go on: zoo finetune --resume {run}",
        ]
        assert (record["outcome"], record["error"]) == ("interrupted", "interrupted with Ctrl-C")
    else:
        assert (code, record["outcome"]) == (-9, "running")
    assert not (folder / "report.html").exists()
    (row,) = cli("runs", "--json", full=True).json
    assert (row["id"], row["outcome"]) == (run, "interrupted" if number == signal.SIGINT else "stopped")
    assert "broken" not in {found["id"] for found in zoo.installed()}
    done = cli("finetune", "--resume", "last", "--json", full=True)
    assert done.code == 0, done.err
    again = zoo.finetune("texts", films, method="full", name="whole", **SAVING | settings)
    record = record_of(folder)
    assert (record["id"], record["outcome"]) == (run, "done")
    assert record["chosen"]["weights_sha256"] == again.record["chosen"]["weights_sha256"]
    assert new_files(zoo, record) == new_files(zoo, again)
    assert record["metrics"] == dict(again.metrics)
    assert len(record["resumed"]) == 1
    assert done.json["run"] == run
    assert not (folder / "checkpoints").exists()
    assert leftovers(home) == []


def test_it_goes_on_after_each_stop_in_one_process(home: Path, films: Path) -> None:
    zoo = Zoo(home, quiet=True)
    whole = zoo.finetune("texts", films, method="lora", name="whole", **SAVING)
    with pytest.raises(KeyboardInterrupt) as error:
        zoo.finetune("texts", films, method="lora", name="broken", report=Stop(10), **SAVING)
    (run,) = [found.name for found in (home / "runs").iterdir() if found.name != whole.id]
    assert error.value.__notes__ == [f"go on: zoo finetune --resume {run}"]
    with pytest.raises(MemoryError):
        zoo.finetune(resume=run, report=Stop(30, MemoryError))
    assert record_of(home / "runs" / run)["outcome"] == "failed"
    done = zoo.finetune(resume=run)
    assert done.record["chosen"]["weights_sha256"] == whole.record["chosen"]["weights_sha256"]
    assert new_files(zoo, done) == new_files(zoo, whole)
    assert [found["after"] for found in done.record["resumed"]] == ["interrupted", "failed"]
    rows = [json.loads(line) for line in (done.path / "curves.jsonl").read_text(encoding="utf-8").splitlines()]
    theirs = [json.loads(line) for line in (whole.path / "curves.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row | {"examples_per_second": 0} for row in rows] == [row | {"examples_per_second": 0} for row in theirs]


def test_what_is_done_or_still_runs_is_not_gone_on_with(home: Path, films: Path, cli: Cli) -> None:
    zoo = Zoo(home, quiet=True)
    run = zoo.finetune("texts", films, method="probe", name="new")
    with pytest.raises(BadInput, match="is done"):
        zoo.finetune(resume=run.id)
    with pytest.raises(NotFound):
        zoo.finetune(resume="20200101-000000-000000")
    with pytest.raises(BadOption):
        zoo.finetune(resume=run.id, epochs=3)

    def again(what: str, done: int, total: int | None, step: Any = None) -> None:
        (running,) = [p.name for p in (home / "runs").iterdir() if record_of(p)["outcome"] == "running"]
        with pytest.raises(BadInput, match="still runs"):
            Zoo(home, quiet=True).finetune(resume=running)

    zoo.finetune("texts", films, method="full", name="other", report=again, max_steps=2)
    outcome = cli("finetune", "--resume", run.id, full=True)
    assert outcome.code == BadInput("").exit_code
    assert "is done" in outcome.err and outcome.out == ""


def test_data_that_changed_since_is_refused(home: Path, films: Path) -> None:
    zoo = Zoo(home, quiet=True)
    with pytest.raises(KeyboardInterrupt):
        zoo.finetune("texts", films, method="full", name="new", report=Stop(8), **SAVING)
    before = films.read_text(encoding="utf-8")
    films.write_text(before.replace("the cat", "the dog", 1), encoding="utf-8")
    with pytest.raises(BadData, match="has changed since"):
        zoo.finetune(resume="last")
    films.unlink()
    with pytest.raises(BadData):
        zoo.finetune(resume="last")
    films.write_text(before, encoding="utf-8")
    assert zoo.finetune(resume="last").model == "new"


def test_data_from_python_has_to_be_given_again(home: Path) -> None:
    zoo = Zoo(home, quiet=True)
    rows = [
        (f"the {noun} was {word}", word) for noun in ("cat", "dog", "film", "play", "end") for word in ("good", "bad")
    ] * 2
    rows = [(f"{'very ' * (n // 10)}{text}", label) for n, (text, label) in enumerate(rows)]
    with pytest.raises(KeyboardInterrupt):
        zoo.finetune("texts", rows, method="full", name="new", report=Stop(8), **SAVING)
    with pytest.raises(BadData, match="from Python") as error:
        zoo.finetune(resume="last")
    assert "again" in error.value.remedy
    with pytest.raises(BadData, match="changed"):
        zoo.finetune(resume="last", data=rows[:-1])
    assert zoo.finetune(resume="last", data=rows).model == "new"


def test_a_name_that_was_taken_meanwhile(home: Path, films: Path) -> None:
    zoo = Zoo(home, quiet=True)
    with pytest.raises(KeyboardInterrupt):
        zoo.finetune("texts", films, method="full", name="new", report=Stop(8), **SAVING)
    (run,) = [path.name for path in (home / "runs").iterdir()]
    other = zoo.finetune("texts", films, method="probe", name="new")
    with pytest.raises(BadInput, match="new"):
        zoo.finetune(resume=run)
    shown = zoo.show("new")
    assert shown["card"]["base"] == "local/texts"
    assert (home / "cards" / "new.json").is_file()
    assert record_of(home / "runs" / run)["outcome"] == "failed"
    with zoo.load("new") as model:
        assert model.predict("the cat was good")
    assert [found["revision"] for found in shown["revisions"]] == [other.revision]


def test_a_loss_that_is_no_number_names_the_remedy(home: Path, films: Path, cli: Cli) -> None:
    lines = films.read_text(encoding="utf-8").replace(",positive", ",1e30").replace(",negative", ",-1e30")
    films.write_text(lines, encoding="utf-8")
    outcome = cli(*words("texts", films, learning_rate=0.5, name="new"), "--kind", "regression", full=True)
    assert outcome.code == BadOption("").exit_code, outcome
    assert "no finite number" in outcome.err and "--learning-rate 0.05" in outcome.err
    assert "--resume" not in outcome.err  # it would end the same
    (folder,) = (home / "runs").iterdir()
    record = record_of(folder)
    assert record["outcome"] == "failed"
    assert "no finite number" in record["error"]
    assert leftovers(home) == []
    assert "Traceback" not in outcome.err


def test_ctrl_c_before_the_first_checkpoint_says_how_to_go_on_too(home: Path, films: Path) -> None:
    process = command(home, *words("texts", films, name="new", save_seconds=1000.0, epochs=3000))

    def training() -> bool:
        return any("loss" in path.read_text(encoding="utf-8") for path in home.glob("runs/*/curves.jsonl"))

    until(training, process)
    time.sleep(0.1)
    code, _, err = stopped(process, signal.SIGINT)
    assert code == 130
    (folder,) = (home / "runs").iterdir()
    assert f"go on: zoo finetune --resume {folder.name}" in err
    assert list(folder.glob("checkpoints/checkpoint-*"))  # it saved its state when it was asked to stop
