"""A probe from end to end on small models: learnt, recorded, registered, repeatable, and clean when it breaks off."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import coloured_pictures
from tests.tiny_fixtures import Models, leftovers
from zoo import Zoo
from zoo.errors import BadData, BadInput, BadOption, BadRef, UnknownModel, UnknownTask


@pytest.fixture
def zoo(home: Path) -> Zoo:
    return Zoo(home, quiet=True)


class Steps:
    """Remembers what a run reports; raises at one of the steps when asked to."""

    def __init__(self, stop_at: str = "", error: type[BaseException] = KeyboardInterrupt) -> None:
        self.seen: list[tuple[str, int, int | None]] = []
        self._stop_at = stop_at
        self._error = error

    def __call__(self, what: str, done: int, total: int | None, step: object = None) -> None:
        self.seen.append((what, done, total))
        if what == self._stop_at:
            raise self._error

    @property
    def features(self) -> list[int]:
        return [done for what, done, _ in self.seen if what == "features"]


def assert_scores(metrics: Any) -> None:
    assert all(0 <= metrics[name] <= 1 for name in ("accuracy", "f1_macro", "baseline_accuracy"))
    assert metrics["accuracy"] > metrics["baseline_accuracy"]


def test_colours_are_learnt(zoo: Zoo, models: Models) -> None:
    run = zoo.finetune("pics", models.squares, name="colours")
    assert_scores(run.metrics)
    assert run.metrics["examples"] == 5
    assert run.base == "local/pics"
    with zoo.load("colours") as model:
        for colour in ("red", "green", "blue"):
            best = model.predict(models.squares / colour / "0.png").labels[0]
            assert best.label == colour
        assert len(model.predict(models.red).labels) == 3


def test_texts_are_learnt(zoo: Zoo, models: Models) -> None:
    run = zoo.finetune("texts", models.films, name="me/films", test_size=0.25)
    assert_scores(run.metrics)
    with zoo.load("me/films") as model:
        labels = [found.labels[0].label for found in model.predict(["the play was very good", "the dog was bad"])]
    assert labels == ["positive", "negative"]
    with zoo.load("local/texts") as base:
        assert len(base.predict("the base is as it was").vector) == 16


def test_the_record_says_how_it_was_made(zoo: Zoo, models: Models) -> None:
    run = zoo.finetune("pics", models.squares, name="colours", seed=3, test_size=0.25)
    record = json.loads((run.path / "record.json").read_text(encoding="utf-8"))
    assert record == json.loads(json.dumps(dict(run.record)))
    base = zoo.show("local/pics")["revisions"][0]["revision"]
    expected = {
        "id": run.id,
        "kind": "finetune",
        "model": "colours",
        "base": "local/pics",
        "base_revision": base,
        "revision": run.revision,
        "task": "image-classification",
        "method": "probe",
        "why": "15 training examples are few for training all weights",
        "seed": 3,
        "outcome": "done",
        "metrics": dict(run.metrics),
    }
    assert {name: record[name] for name in expected} == expected
    assert record["data"]["classes"] == ["blue", "green", "red"]
    assert [record["data"][part] for part in ("train", "validation", "test")] == [15, 3, 6]
    assert len(record["data"]["fingerprint"]) == 64
    assert record["hyperparameters"]["test_size"] == 0.25
    assert record["chosen"]["strength"] > 0
    assert record["chosen"]["tried"]
    assert record["evaluation"]["main"] == "accuracy"
    assert record["data"]["split_ids"].keys() == {"train", "validation", "test"}
    assert record["environment"]["packages"].keys() >= {"torch", "timm", "scikit-learn"}
    assert record["started"] <= record["ended"]


def test_the_zoo_knows_the_new_model_and_its_base(zoo: Zoo, models: Models) -> None:
    run = zoo.finetune("pics", models.squares, name="colours")
    shown = zoo.show("colours")
    assert shown["task"] == "image-classification"
    assert shown["card"]["base"] == "local/pics"
    assert shown["card"]["licence"]["weights"] == "apache-2.0"
    assert shown["card"]["metrics"][0]["value"] == run.metrics["accuracy"]
    (edge,) = shown["lineage"]["ancestors"]
    assert (edge["child"], edge["base"], edge["relation"], edge["run"]) == (
        "colours",
        "local/pics",
        "finetuned",
        run.id,
    )
    assert [edge["child"] for edge in zoo.show("local/pics")["lineage"]["descendants"]] == ["colours"]
    assert [(r["id"], r["outcome"]) for r in shown["runs"]] == [(run.id, "done")]
    assert "colours" in {row["id"] for row in zoo.installed()}
    assert "colours" in {row["id"] for row in zoo.search("colours")}


def test_another_process_can_use_it(zoo: Zoo, models: Models) -> None:
    zoo.finetune("texts", models.films, name="films")
    script = "import zoo; print(zoo.load('films').predict('the film was good').labels[0].label)"
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stdout, made.stderr) == (0, "positive\n", "")


def test_it_needs_its_base_no_longer(zoo: Zoo, models: Models) -> None:
    zoo.finetune("pics", models.squares, name="colours")
    zoo.remove("local/pics")
    zoo.store.collect(older_than=0)
    with zoo.load("colours") as model:
        assert model.predict(models.red).labels[0].label == "red"


def test_a_fine_tuned_model_is_fine_tuned_again(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    zoo.finetune("pics", models.squares, name="colours")
    two = coloured_pictures(tmp_path / "two", 6, {"dark": (10, 10, 10), "light": (240, 240, 240)})
    run = zoo.finetune("colours", two, name="shades")
    assert_scores(run.metrics)
    ancestors = [(e["child"], e["base"]) for e in zoo.show("shades")["lineage"]["ancestors"]]
    assert ancestors == [("shades", "colours"), ("colours", "local/pics")]
    with zoo.load("shades") as model:
        assert {label.label for label in model.predict(models.red).labels} == {"dark", "light"}


def test_features_are_computed_once(zoo: Zoo, models: Models) -> None:
    first, second = Steps(), Steps()
    zoo.finetune("pics", models.squares, name="one", report=first)
    cached = {path: path.stat().st_mtime_ns for path in (zoo.cache / "features").rglob("*.safetensors")}
    assert cached
    zoo.finetune("pics", models.squares, name="two", report=second)
    assert {path: path.stat().st_mtime_ns for path in (zoo.cache / "features").rglob("*.safetensors")} == cached
    assert sum(first.features) == 24 and len(first.features) > 20  # nearly one by one while they are computed
    assert second.features == [19, 5]  # each part at once from the cache


def test_the_cache_is_safe_to_delete(zoo: Zoo, models: Models) -> None:
    import shutil

    one = zoo.finetune("pics", models.squares, name="one")
    shutil.rmtree(zoo.cache)
    two = zoo.finetune("pics", models.squares, name="two")
    assert one.metrics == two.metrics


def head(zoo: Zoo, name: str) -> bytes:
    return (zoo.pull(name).path / "head.safetensors").read_bytes()


def test_the_same_seed_gives_the_same_bytes(zoo: Zoo, models: Models) -> None:
    import shutil

    one = zoo.finetune("texts", models.films, name="one", seed=7)
    shutil.rmtree(zoo.cache)
    two = zoo.finetune("texts", models.films, name="two", seed=7)
    other = zoo.finetune("texts", models.films, name="other", seed=8)
    assert head(zoo, "one") == head(zoo, "two") != head(zoo, "other")
    assert one.revision == two.revision != other.revision


def test_a_name_is_made_from_base_and_data(zoo: Zoo, models: Models) -> None:
    names = [zoo.finetune("pics", models.squares).model for _ in range(2)]
    assert names == ["pics-squares", "pics-squares-2"]


def test_a_name_that_is_taken_meanwhile_is_not_overwritten(zoo: Zoo, models: Models) -> None:
    other = Zoo(zoo.home, quiet=True)

    def meanwhile(what: str, done: int, total: int | None, step: object = None) -> None:
        if what == "fitting":
            other.finetune("texts", models.films, name="mine")

    with pytest.raises(BadInput, match="mine came to be") as error:
        zoo.finetune("pics", models.squares, name="mine", report=meanwhile)
    assert "--resume" in error.value.remedy
    assert zoo.show("mine")["task"] == "text-classification"
    run = next(run for run in zoo.catalog.runs(model="mine") if run.outcome == "failed")
    zoo.remove("mine")
    assert zoo.finetune(resume=run.id).model == "mine"
    assert zoo.show("mine")["task"] == "image-classification"


@pytest.mark.parametrize("taken", ["local/pics", "mobilenetv2_100"])
def test_a_name_that_is_taken_is_refused(zoo: Zoo, models: Models, taken: str) -> None:
    with pytest.raises(BadInput, match=taken) as error:
        zoo.finetune("pics", models.squares, name=taken)
    assert "--name" in error.value.remedy
    assert not (zoo.home / "runs").exists()


@pytest.mark.parametrize(
    ("ref", "settings", "error"),
    [
        ("pics", {"method": "magic"}, BadOption),
        ("pics", {"task": "text-classification"}, UnknownTask),
        ("pics", {"task": "mind-reading"}, UnknownTask),
        ("pics", {"test_size": 0}, BadOption),
        ("pics", {"test_size": 2}, BadOption),
        ("pics", {"test_size": float("nan")}, BadOption),
        ("pics", {"limit": 3}, BadOption),
        ("pics", {"name": "a/../b"}, BadRef),
        ("pics", {"name": "MobileNetV2_100"}, BadInput),
        ("pics", {"data": "nowhere"}, BadData),
        ("texts", {"data": "pictures"}, BadData),
        ("nosuchmodel", {}, UnknownModel),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_made(
    zoo: Zoo, models: Models, ref: str, settings: dict[str, Any], error: type[Exception]
) -> None:
    given = {"data": models.squares, "name": "new"} | settings
    data = given.pop("data")
    with pytest.raises(error):
        zoo.finetune(ref, models.squares if data == "pictures" else data, **given)
    assert not (zoo.home / "runs").exists()
    assert leftovers(zoo.home) == []


@pytest.mark.parametrize("step", ["features", "fitting"])
@pytest.mark.parametrize(("error", "outcome"), [(KeyboardInterrupt, "interrupted"), (MemoryError, "failed")])
def test_a_run_that_breaks_off_is_recorded_and_leaves_no_model(
    zoo: Zoo, models: Models, step: str, error: type[BaseException], outcome: str
) -> None:
    with pytest.raises(error):
        zoo.finetune("pics", models.squares, name="colours", report=Steps(step, error))
    (folder,) = (zoo.home / "runs").iterdir()
    assert [path.name for path in folder.iterdir()] == ["record.json"]
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert record["outcome"] == outcome
    assert "revision" not in record
    assert [run.outcome for run in zoo.catalog.runs(model="colours")] == [outcome]
    with pytest.raises(UnknownModel):
        zoo.show("colours")
    assert not (zoo.home / "cards" / "colours.json").exists()
    assert leftovers(zoo.home) == []
    assert zoo.finetune("pics", models.squares, name="colours").metrics["accuracy"] == 1


def test_a_broken_picture_is_named_before_anything_is_registered(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    data = coloured_pictures(tmp_path / "data", 5)
    (data / "red" / "2.png").write_bytes(b"no picture")
    with pytest.raises(BadData) as error:
        zoo.finetune("pics", data, name="colours", test_size=0.4)
    assert "2.png" in error.value.cause
    assert leftovers(zoo.home) == []


def test_an_unused_model_is_removed_with_its_card(zoo: Zoo, models: Models) -> None:
    zoo.finetune("pics", models.squares, name="colours")
    assert (zoo.home / "cards" / "colours.json").is_file()
    assert zoo.remove("colours") < 100_000  # only its own head; the body belongs to the base too
    assert not (zoo.home / "cards" / "colours.json").exists()
    with pytest.raises(UnknownModel):
        zoo.show("colours")
    with zoo.load("pics") as base:
        assert base.predict(models.red)
    zoo.finetune("pics", models.squares, name="colours")
