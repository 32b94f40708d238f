"""A search for hyperparameters: recorded, repeatable, and gone on with after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.finetuning.proving import assert_papers, begun, command, data_of, new_files, record_of, stopped
from zoo import Zoo
from zoo.errors import BadOption

SEARCH: dict[str, Any] = {"method": "full", "tune": 3, "epochs": 2, "seed": 4, "save_seconds": 0.0}


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return data_of("single", tmp_path / "data")


@pytest.fixture
def zoo(home: Path) -> Zoo:
    return Zoo(home, quiet=True)


def untimed(trials: Any) -> list[dict[str, Any]]:
    return [dict(trial) for trial in trials]


def test_the_best_trial_is_taken(zoo: Zoo, films: Path) -> None:
    run = zoo.finetune("texts", films, name="new", **SEARCH)
    record = run.record
    assert_papers(zoo, run)
    trials = record["trials"]
    assert [trial["number"] for trial in trials] == [0, 1, 2]
    assert {trial["state"] for trial in trials} == {"complete"}
    best = max(trials, key=lambda trial: trial["score"])
    chosen = record["chosen"]
    assert trials[chosen["trial"]]["score"] == best["score"]
    taken = trials[chosen["trial"]]
    assert {name: chosen[name] for name in ("learning_rate", "batch", "weight_decay", "warmup", "layer_decay")} == {
        name: taken[name] for name in ("learning_rate", "batch", "weight_decay", "warmup", "layer_decay")
    }
    assert next(iter(record["validation"].values())) == taken["score"]
    assert len({trial["learning_rate"] for trial in trials}) == 3


def test_what_is_named_is_not_searched(zoo: Zoo, films: Path) -> None:
    run = zoo.finetune("texts", films, name="new", **SEARCH | {"method": "lora", "batch": 8, "tune": 2})
    trials = run.record["trials"]
    assert all("batch" not in trial and "rank" in trial for trial in trials)
    assert run.record["chosen"]["batch"] == 8


class Stop:
    """Ends the search in the middle of its second trial."""

    def __init__(self) -> None:
        self.trials = 0

    def __call__(self, what: str, done: int, total: int | None, step: Any = None) -> None:
        self.trials += what == "trial"
        if self.trials and what == "training" and step.step >= 2:
            raise KeyboardInterrupt


def test_a_stopped_search_goes_on_and_ends_the_same(zoo: Zoo, films: Path) -> None:
    whole = zoo.finetune("texts", films, name="whole", **SEARCH)
    with pytest.raises(KeyboardInterrupt):
        zoo.finetune("texts", films, name="broken", report=Stop(), **SEARCH)
    done = zoo.finetune(resume="last")
    assert done.model == "broken"
    assert untimed(done.record["trials"]) == untimed(whole.record["trials"])
    assert done.record["chosen"] == whole.record["chosen"]
    assert new_files(zoo, done) == new_files(zoo, whole)


@pytest.mark.serial
@pytest.mark.timeout(120)
def test_a_killed_search_goes_on(home: Path, zoo: Zoo, films: Path) -> None:
    args = ["--method", "full", "--tune", 2, "--epochs", 2, "--seed", 4, "--set", "save_seconds=0"]
    process = command(home, "finetune", "texts", films, "--name", "broken", *args)
    folder = begun(home, process, checkpoint=False)
    while not list(folder.glob("trials/*/checkpoints/*/complete.json")):
        assert process.poll() is None
    stopped(process)
    done = zoo.finetune(resume=folder.name)
    whole = zoo.finetune("texts", films, name="whole", **SEARCH | {"tune": 2})
    assert untimed(done.record["trials"]) == untimed(whole.record["trials"])
    assert done.record["chosen"]["weights_sha256"] == whole.record["chosen"]["weights_sha256"]
    assert record_of(folder)["outcome"] == "done"


@pytest.mark.parametrize("settings", [{"method": "probe"}, {"validation_size": 0.0}, {"tune": 0}])
def test_what_cannot_be_searched_is_refused(zoo: Zoo, films: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        zoo.finetune("texts", films, name="new", **SEARCH | settings)
    assert "new" not in {row["id"] for row in zoo.installed()}
