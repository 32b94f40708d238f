"""Which method is taken and why, and the settings as they are given from Python and on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.finetuning.proving import MODELS, assert_papers, data_of, record_of
from tests.tiny import coloured_pictures, text_table
from tests.tiny_fixtures import Cli, Models
from zoo import Zoo
from zoo.errors import BadOption
from zoo.finetuning import Run

QUICK: dict[str, Any] = {"epochs": 1, "batch": 16}


@pytest.fixture
def zoo(home: Path) -> Zoo:
    return Zoo(home, quiet=True)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Texts enough for training all weights."""
    rows = [
        f"the film {n} was {'very ' * (n % 4)}{('good', 'bad')[n % 2]},{('positive', 'negative')[n % 2]}"
        for n in range(1600)
    ]
    path = tmp_path / "many.csv"
    path.write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_auto_takes_a_probe_for_few_examples(zoo: Zoo, tmp_path: Path) -> None:
    run = zoo.finetune("texts", text_table(tmp_path / "films.csv", 20))
    assert (run.method, run.why) == ("probe", "29 training examples are few for training all weights")


def test_auto_takes_a_probe_where_a_class_has_few(zoo: Zoo, tmp_path: Path) -> None:
    rows = [f"the film {n} was good,{'rare' if n % 80 == 0 else 'usual'}" for n in range(1600)]
    path = tmp_path / "rare.csv"
    path.write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    run = zoo.finetune("texts", path)
    assert run.method == "probe"
    assert "a class has only" in run.why


def test_auto_trains_all_weights_where_there_is_time(zoo: Zoo, many: Path) -> None:
    run = zoo.finetune("texts", many, **QUICK)
    assert run.method == "full"
    assert "within ten minutes" in run.why and "can all be trained" in run.why
    assert_papers(zoo, run)


def test_auto_takes_a_probe_where_time_is_short(zoo: Zoo, many: Path) -> None:
    run = zoo.finetune("texts", many, epochs=1_000_000, max_seconds=1)
    assert run.method == "probe"
    assert "more than the time limit" in run.why


def test_auto_trains_where_a_linear_head_cannot(zoo: Zoo, tmp_path: Path) -> None:
    run = zoo.finetune("texts", data_of("tags", tmp_path / "data"), epochs=1)
    assert run.method == "full"
    assert run.why.startswith("a linear head cannot learn this")


@pytest.mark.parametrize(("base", "data", "method"), [("texts", "tags", "lora"), ("segmenter", "mask", "lora")])
def test_auto_takes_small_adapters_for_large_models(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str, data: str, method: str
) -> None:
    if base in MODELS:
        zoo.pull(str(MODELS[base](tmp_path / base)))
    monkeypatch.setattr("zoo.finetuning.methods.LARGE", 1000)
    run = zoo.finetune(base, data_of(data, tmp_path / "data"), epochs=1)
    assert run.method == method
    assert "only small adapters are trained" in run.why


def test_a_large_model_of_convolutions_has_no_place_for_adapters(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoo.finetuning.methods.LARGE", 1000)
    monkeypatch.setattr("zoo.finetuning.methods.FEW", 10)
    squares = coloured_pictures(tmp_path / "squares", 32)
    assert zoo.finetune("pics", squares, **QUICK).method == "full"
    with pytest.raises(BadOption, match="no layers for low-rank adapters") as error:
        zoo.finetune("pics", squares, method="lora")
    assert "--method full" in error.value.remedy


def test_a_method_that_the_task_lacks_is_refused(zoo: Zoo, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="probe") as error:
        zoo.finetune("texts", data_of("tags", tmp_path / "data"), method="probe")
    assert "head, lora, full" in error.value.remedy
    assert not (zoo.home / "runs").exists()


def test_few_shots(zoo: Zoo, models: Models, tmp_path: Path, cli: Cli) -> None:
    squares = coloured_pictures(tmp_path / "squares", 20)
    made = cli("finetune", "pics", squares, "--shots", 5, "--name", "few", "--json", full=True).json
    record = record_of(zoo.home / "runs" / made["run"])
    counts = record["data"]["counts"]
    assert all(
        counts["train"].get(name, 0) + counts["validation"].get(name, 0) <= 5 for name in ("red", "green", "blue")
    )
    assert record["data"]["test"] == 12
    assert made["metrics"]["accuracy"] > 0.9


def test_settings_of_the_command_line_reach_the_run(zoo: Zoo, many: Path, cli: Cli) -> None:
    given = [
        "--set",
        "weight_decay=0.3",
        "--set",
        "schedule=linear",
        "--set",
        "max-steps=7",
        "--accumulate",
        2,
        "--balance",
    ]
    outcome = cli("finetune", "texts", many, "--method", "full", "--time-limit", "5m", *given, "--json", full=True)
    assert outcome.code == 0, outcome.err
    record = record_of(zoo.home / "runs" / outcome.json["run"])
    chosen = record["chosen"]
    assert (chosen["weight_decay"], chosen["schedule"], chosen["max_steps"], chosen["accumulate"]) == (
        0.3,
        "linear",
        7,
        2,
    )
    assert record["hyperparameters"] == {
        "method": "full",
        "seed": 0,
        "weight_decay": 0.3,
        "schedule": "linear",
        "max_steps": 7,
        "accumulate": 2,
        "balance": True,
        "max_seconds": 300.0,
    }
    assert record["timing"]["steps"] == 7


@pytest.mark.parametrize(
    "words",
    [
        ["--set", "wieght_decay=1"],
        ["--set", "clip"],
        ["--set", "clip=much"],
        ["--set", "schedule=wavy"],
        ["--set", "smoothing=2"],
        ["--time-limit", "soon"],
        ["--time-limit", "-5m"],
        ["--learning-rate", "0"],
        ["--learning-rate", "1e6"],
        ["--precision", "float8"],
        ["--method", "magic"],
        ["--kind", "tags"],
    ],
    ids=" ".join,
)
def test_values_that_make_no_sense_are_refused(zoo: Zoo, models: Models, cli: Cli, words: list[str]) -> None:
    outcome = cli("finetune", "texts", models.films, *words, full=True)
    assert outcome.code == BadOption("").exit_code, outcome
    assert outcome.err.startswith("zoo: ") and outcome.out == ""
    assert not (zoo.home / "runs").exists()


def test_a_time_limit_ends_a_training_with_what_it_has(zoo: Zoo, many: Path) -> None:
    run = zoo.finetune("texts", many, method="full", epochs=5000, max_seconds=1.0, batch=16)
    assert any("time limit" in note for note in run.record["notes"])
    assert run.record["timing"]["steps"] < 5000 * 15
    assert_papers(zoo, run)


def test_a_model_is_tuned_from_python_rows(zoo: Zoo) -> None:
    rows = [{"text": f"the film {n} was {w}", "label": w} for n in range(12) for w in ("good", "bad")]
    with zoo.load("texts", task="feature-extraction") as model:
        run = model.finetune(rows, name="mine", method="full", epochs=1)
    assert isinstance(run, Run)
    assert run.record["data"]["source"] is None
    assert_papers(zoo, run)
    with zoo.load("mine") as model:
        assert {label.label for label in model.predict("the film was good").labels} == {"good", "bad"}
