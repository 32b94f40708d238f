"""`evaluate` and `compare_on`: data in, a recorded evaluation out, and a warning where rows were learnt from."""

from __future__ import annotations

import itertools
import json
import warnings
from pathlib import Path

import pytest

from tests.tiny import WORDS
from tests.tiny_fixtures import Cli, Models
from zoo import Zoo
from zoo.errors import BadData, BadOption, UnknownTask
from zoo.evaluation import SeenInTraining, compare_on, evaluate
from zoo.evaluation.choosing_rows import choose_part, read_data, task_of


@pytest.fixture
def zoo(home: Path) -> Zoo:
    return Zoo(home, quiet=True)


def table(path: Path, count: int = 40, *, split: bool = False) -> Path:
    """Judgements as the model `judge` names them, from two places, with their length."""
    rows = ["text,label,place,length" + (",split" if split else "")]
    ends = itertools.product(WORDS[:11], WORDS[:11])  # no two rows are the same
    for i in range(count):
        good = i % 2
        thing, verdict = ("film", "play", "cat", "dog")[i % 4], "good" if good else "poor"
        text = f"the {thing} was {'very ' * (i % 5)}{verdict} {' '.join(next(ends))}"
        part = (",train", ",train", ",test")[i % 3] if split else ""
        rows.append(f"{text},{'Good' if good else 'bad'},{('here', 'there')[i % 3 == 0]},{len(text)}{part}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_an_evaluation_is_recorded(zoo: Zoo, tmp_path: Path) -> None:
    data = table(tmp_path / "films.csv")
    made = evaluate(zoo, "judge", data, slices=["place", "length"], seed=5, resamples=200)
    record = json.loads((made.path / "record.json").read_text(encoding="utf-8"))
    assert record["kind"] == "evaluate"
    assert (record["id"], record["model"], record["outcome"]) == (made.id, "local/judge", "done")
    assert record["revision"] == zoo.obtain("judge").manifest.revision
    assert record["seed"] == record["hyperparameters"]["seed"] == 5
    assert record["data"]["part"] == "all"
    assert record["data"]["all"] == 40
    assert len(record["data"]["split_ids"]["all"]) == len(record["data"]["fingerprint"]) == 64
    assert record["target"] == {"kind": "single", "labels": ["bad", "good"]}
    assert record["metrics"]["accuracy"] == made.evaluation.value
    assert record["evaluation"] == json.loads(json.dumps(made.evaluation.to_dict()))
    assert record["warnings"] == []
    lines = [json.loads(line) for line in (made.path / "predictions.jsonl").read_text().splitlines()]
    assert len(lines) == 40
    assert lines[0].keys() == {"row", "truth", "predicted", "confidence"}
    assert lines[0]["row"] == "films.csv:1"
    right = sum(line["truth"] == line["predicted"] for line in lines)
    assert made.evaluation.value == right / 40
    assert {row["column"] for row in made.evaluation.slices} == {"place", "length"}
    again = evaluate(zoo, "judge", data, slices=["place", "length"], seed=5, resamples=200)
    assert again.evaluation == made.evaluation
    assert again.id != made.id


def test_the_given_test_part_is_what_is_measured(zoo: Zoo, tmp_path: Path) -> None:
    data = table(tmp_path / "films.csv", split=True)
    made = evaluate(zoo, "judge", data, resamples=100)
    assert made.evaluation.n == made.record["data"]["test"] == 13
    assert made.record["data"]["why"] == "the data's own test part"
    assert evaluate(zoo, "judge", data, part="train", resamples=100).evaluation.n == 27
    assert evaluate(zoo, "judge", data, part="all", resamples=100).evaluation.n == 40


def test_what_was_held_out_is_measured_and_what_was_learnt_is_warned_of(zoo: Zoo, models: Models) -> None:
    run = zoo.finetune("texts", models.films, name="films", method="probe", test_size=0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = evaluate(zoo, "films", models.films, resamples=100)
    assert made.evaluation.n == run.metrics["examples"] == 6
    assert made.evaluation.value == pytest.approx(run.metrics["accuracy"])
    assert made.record["data"]["why"] == f"what run {run.id} held out of this data"
    assert made.record["data"]["split_ids"]["test"] == run.record["data"]["split_ids"]["test"]
    with pytest.warns(SeenInTraining, match=rf"18 of these 24 rows were trained on \(run {run.id}\)"):
        seen = evaluate(zoo, "films", models.films, part="all", resamples=100)
    assert seen.warnings == tuple(seen.record["warnings"])


def test_rows_are_known_by_content_in_another_file_and_after_another_step(
    zoo: Zoo, models: Models, tmp_path: Path
) -> None:
    first = zoo.finetune("texts", models.films, name="films", method="probe", test_size=0.25)
    zoo.finetune("films", table(tmp_path / "more.csv"), name="more", method="probe", test_size=0.25)
    other = tmp_path / "other.csv"
    other.write_text(
        "text,label\na cat was here,Good\n"
        + "\n".join(
            line.replace("positive", "Good").replace("negative", "bad")
            for line in models.films.read_text(encoding="utf-8").splitlines()[1:]
        )
        + "\nthe end was a cat,bad\n",
        encoding="utf-8",
    )
    with pytest.warns(SeenInTraining, match=rf"18 of these 26 rows were trained on \(run {first.id}\)"):
        made = evaluate(zoo, "more", other, resamples=100)
    assert made.record["data"]["part"] == "all"


def test_a_run_whose_data_is_gone_is_told_of_where_it_was_the_same(zoo: Zoo, models: Models) -> None:
    run = zoo.finetune("texts", models.films, name="films", method="probe", test_size=0.25)
    path = run.path / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["data"]["recipe"] = {}
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.warns(SeenInTraining, match="which rows it learnt from cannot be told"):
        evaluate(zoo, "films", models.films, resamples=100)


def test_columns_and_parts_that_are_not_there(zoo: Zoo, tmp_path: Path) -> None:
    data = table(tmp_path / "films.csv")
    with pytest.raises(BadOption, match="no column 'plaec' to slice by") as caught:
        evaluate(zoo, "judge", data, slices=["plaec"])
    assert "place" in caught.value.remedy
    with pytest.raises(BadOption, match="no part 'tset'"):
        evaluate(zoo, "judge", data, part="tset")
    with pytest.raises(BadData, match="films has no validation part"):
        evaluate(zoo, "judge", data, part="validation")
    with pytest.raises(BadOption, match="no column for 'txt'"):
        evaluate(zoo, "judge", data, columns={"txt": "text"})
    assert not (zoo.home / "runs").exists()  # nothing was measured, so nothing is recorded


def test_data_with_other_labels_is_refused_and_recorded_as_failed(zoo: Zoo, models: Models) -> None:
    with pytest.raises(BadData, match="does not know these labels of the data: 'negative', 'positive'"):
        evaluate(zoo, "judge", models.films)
    (folder,) = (zoo.home / "runs").iterdir()
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert record["outcome"] == "failed"
    assert "does not know these labels" in record["error"]


def test_tasks(zoo: Zoo) -> None:
    card = zoo.obtain("judge").card
    assert task_of(card, None) == "text-classification"
    with pytest.raises(UnknownTask, match="not made for image-classification"):
        task_of(card, "image-classification")
    with pytest.raises(UnknownTask, match="for which there is no measure"):
        task_of(card.replace(task="translation", tasks=()), None)


def test_parts_come_in_order_of_honesty(zoo: Zoo, tmp_path: Path) -> None:
    whole = read_data(zoo, table(tmp_path / "a.csv"), "text-classification", None, None)
    held = whole.train.take([0, 1])
    assert choose_part(whole, "auto", ("run", held)).split is held
    assert choose_part(whole, "test", ("run", held)).part == "test"
    assert len(choose_part(whole, "auto", None).split) == 40
    given = read_data(zoo, table(tmp_path / "b.csv", split=True), "text-classification", None, None)
    assert choose_part(given, "auto", ("run", held)).split is given.test
    assert choose_part(given, "all", None).split.columns.keys() == {"place", "length"}


def test_models_are_compared_on_the_same_rows(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    data = table(tmp_path / "films.csv")
    zoo.finetune("texts", data, name="one", method="probe", test_size=0.5)
    zoo.finetune("texts", data, name="two", method="probe", test_size=0.5, seed=1)
    with pytest.warns(SeenInTraining):  # the second has another held-out part
        made = compare_on(zoo, ["one", "two"], data, resamples=100)
    assert [found.n for found in made.evaluations] == [20, 20]
    assert made.warnings[0].startswith("two: ")
    (pair,) = made.comparisons
    assert (pair.first, pair.second, pair.n) == ("one", "two", 20)
    assert pair.a == made.evaluations[0].value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeenInTraining)
        three = compare_on(zoo, ["one", "two", "judge"], data, part="all", resamples=100)
    assert [(one.first, one.second) for one in three.comparisons] == [
        ("one", "two"),
        ("one", "judge"),
        ("two", "judge"),
    ]
    assert all(one.adjusted is not None for one in three.comparisons)
    assert json.dumps(three.to_dict())
    with pytest.raises(BadOption, match="two models or more"):
        compare_on(zoo, ["one", "one"], data)


def test_the_command_says_the_main_number_first(cli: Cli, home: Path, tmp_path: Path) -> None:
    data = table(tmp_path / "films.csv")
    done = cli("evaluate", "judge", data, "--slices", "place", "--resamples", "100")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith("accuracy 0.")
    assert "95 % interval" in lines[0]
    assert lines[1] == "local/judge on films: all rows, 40 examples"
    assert "gap by place" in done.out or "too few" in done.out
    assert "calibration: probabilities are off by" in done.out
    run = lines[-1].removeprefix("record: zoo runs show ")
    assert (home / "runs" / run / "record.json").is_file()
    made = cli("evaluate", "judge", "--data", data, "--json", "--resamples", "100").json
    assert made["evaluation"]["main"] == "accuracy"
    assert made["data"]["all"] == 40


def test_the_command_warns_of_rows_that_were_trained_on(cli: Cli, home: Path, models: Models) -> None:
    assert cli("finetune", "texts", models.films, "--name", "films", "--method", "probe").code == 0
    done = cli("evaluate", "films", models.films, "--part", "train")
    assert (done.code, "has no train part" in done.err) == (4, True)
    done = cli("evaluate", "films", models.films, "--part", "all", "--resamples", "100")
    assert done.code == 0
    assert "zoo: WARNING: " in done.err
    assert "rows were trained on" in done.err


def test_the_command_without_data(cli: Cli, home: Path) -> None:
    done = cli("evaluate", "judge")
    assert done.code == 4
    assert "there is no data to evaluate on" in done.err


def test_compare_prints_a_statement_and_a_table(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from zoo.cli.evaluating import compare_on as command

    Zoo(home, quiet=True).finetune("texts", table(tmp_path / "films.csv"), name="one", method="probe", test_size=0.5)
    capsys.readouterr()
    code = command(
        ["judge", "one"], str(tmp_path / "films.csv"), offline=True, quiet=True, as_json=False, resamples=100
    )
    out = capsys.readouterr().out.splitlines()
    assert code == 0
    assert "points of accuracy (95 % interval" in out[0]
    assert "20 examples that all could use" in out[1]
    assert out[3].split() == ["metric", "judge", "one"]
    assert "exact McNemar test" in out[-1]
