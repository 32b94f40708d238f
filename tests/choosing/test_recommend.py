"""`recommend` on small real models: who is measured, who is left out and why, what is kept, what is said."""

from __future__ import annotations

import importlib
import json
import random
from pathlib import Path

import pytest

from zoo.errors import BadData, BadOption, NotFound, UnknownModel, UnknownTask


def why(found) -> dict[str, str]:
    return {one.model.rpartition("/")[2]: f"{one.why}: {one.reason}" for one in found.skipped}


def test_a_model_that_sees_beats_one_that_does_not(zoo, named, models) -> None:
    found = zoo.recommend(models.squares, candidates=[named("blind"), named("pics")])
    assert (found.task, found.kind, found.metric) == ("image-classification", "single", "accuracy")
    assert [one.model for one in found.candidates] == [named("pics"), named("blind")]
    best, blind = found.candidates
    assert best.score > 0.9
    assert blind.score < best.score
    assert not blind.equal
    assert found.pick == named("pics")
    assert found.baseline == pytest.approx(1 / 3, abs=0.1)
    assert 300_000 < best.parameters < 500_000
    assert best.memory > 4 * best.parameters - 1
    assert best.ms > 0
    assert best.logme > blind.logme
    assert f"zoo finetune {named('pics')}" in found.command
    assert "best" in found.statement


def test_all_that_is_here_is_compared_and_what_is_not_is_said(zoo, named, models) -> None:
    found = zoo.recommend(models.squares)
    told = why(found)
    assert "failed: the model gives features that are not finite" in told[named("nan").rpartition("/")[2]]
    twins = {named("pics"), named("twin")}
    measured = {one.model for one in found.candidates}
    (left,) = twins - measured
    assert f"same: its features are those of {(twins - {left}).pop()}" == told[left.rpartition("/")[2]]
    assert named("blind") in measured
    assert not any("judge" in one for one in measured | set(told))  # reads texts


def test_named_models_are_compared_even_when_they_are_the_same(zoo, named, models) -> None:
    found = zoo.recommend(models.squares, candidates=[named("pics"), named("twin")])
    assert len(found.candidates) == 2
    assert all(one.equal for one in found.candidates)
    assert "cannot be told apart" in found.statement
    assert found.pick == min(found.candidates, key=lambda one: one.ms).model


def test_the_second_time_nothing_is_loaded(zoo, named, models, monkeypatch: pytest.MonkeyPatch) -> None:
    first = zoo.recommend(models.squares, candidates=[named("pics")])

    def broken(*args: object, **kwargs: object) -> None:
        raise AssertionError("loaded again")

    monkeypatch.setattr(importlib.import_module("zoo.models.load"), "Builder", broken)
    second = zoo.recommend(models.squares, candidates=[named("pics")])
    assert second.candidates[0].seconds == 0
    assert second.candidates[0].to_dict() | {"seconds": 0} == first.candidates[0].to_dict() | {"seconds": 0}


def test_a_run_that_was_stopped_goes_on_where_it_was(zoo, named, models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.finetuning.features.KEPT_TOGETHER", 4)
    told: list[int] = []

    def stop(model: str, number: int, total: int | None) -> None:
        told.append(number)
        if sum(told) >= 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        zoo.recommend(models.squares, candidates=[named("pics")], report=stop)
    again: list[int] = []
    zoo.recommend(models.squares, candidates=[named("pics")], report=lambda model, n, total: again.append(n))
    assert again[1] >= 8  # at once, of the cache
    assert sum(again) == 19  # 24 pictures less the held-out part


def test_limits_leave_out_and_say_so(zoo, named, models) -> None:
    found = zoo.recommend(models.squares, candidates=[named("pics")], max_params=1000)
    assert "more than 1,000" in why(found)[named("pics").rpartition("/")[2]]
    assert found.pick is None
    assert found.command is None
    found = zoo.recommend(models.squares, candidates=[named("pics")], max_ms=1e-6)
    assert "ms for an input here" in found.skipped[0].reason
    found = zoo.recommend(models.squares, candidates=[named("pics")], licence="research-only")
    assert found.skipped[0].reason.startswith("licence ")
    with pytest.raises(BadOption, match="no licence that the zoo knows"):
        zoo.recommend(models.squares, licence="my-own-terms")
    with pytest.raises(BadOption, match="makes no sense"):
        zoo.recommend(models.squares, max_ms=0)


def test_what_is_not_stated_is_never_taken_for_allowed() -> None:
    from zoo.cards import Licence, ModelCard
    from zoo.choosing.candidates import _over, commercial
    from zoo.choosing.recommendation import Limits

    def card(licence: str) -> ModelCard:
        made = ModelCard(id="x", task="image-classification", library="-", loader="-", architecture="-")
        return made.replace(licence=Licence(weights=licence))

    said = {"MIT": True, "CC-BY-NC-4.0": False, "not stated": None, "llama3": None, "apple-amlr": False}
    assert {word: commercial(card(word)) for word in said} == said
    wanted = Limits(licence="commercial")
    assert _over(card("MIT"), wanted) == ""
    assert _over(card("not stated"), wanted) == "its licence is not stated"
    assert _over(card("llama3"), wanted) == "the zoo does not know the terms of llama3"
    assert _over(card("CC-BY-NC-4.0"), wanted) == "licence CC-BY-NC-4.0 allows no commercial use"
    assert _over(card("MIT"), Limits(licence="mit")) == ""
    assert _over(card("MIT AND GPL-3.0-only"), Limits(licence="MIT")) == "licence MIT AND GPL-3.0-only"
    assert _over(card("Apache-2.0"), Limits(licence="copyleft")) == "licence Apache-2.0 is permissive"


def test_texts_and_numbers(zoo, named, models, tmp_path: Path) -> None:
    found = zoo.recommend(models.films)
    assert found.task == "text-classification"
    assert {one.model for one in found.candidates} >= {named("texts")}
    draw = random.Random(0)
    words = ("film", "play", "cat", "dog", "end", "a film", "a play", "a cat")
    rows = [(f"the {'good ' * n}{word}", n + draw.gauss(0, 0.1)) for n in (1, 2, 3, 4, 5) for word in words]
    table = tmp_path / "stars.csv"
    table.write_text("text,label\n" + "".join(f"{text},{stars}\n" for text, stars in rows), encoding="utf-8")
    found = zoo.recommend(table, "text-classification", kind="regression", candidates=[named("texts")])
    assert found.metric == "r2"
    assert found.candidates[0].score > 0.3
    assert "--kind regression" in found.command


def test_data_from_python_has_no_command(zoo, named) -> None:
    rows = [("good film", "up"), ("bad film", "down"), ("very good play", "up"), ("very bad play", "down")] * 5
    rows = [(f"{text} the {'end ' * n}", label) for n, (text, label) in enumerate(rows)]
    found = zoo.recommend(rows, "text-classification", candidates=[named("texts")])
    assert found.command is None
    assert found.pick == named("texts")


def test_what_cannot_be_answered_is_refused(zoo, models, tmp_path: Path) -> None:
    with pytest.raises(UnknownTask, match="cannot be compared by a probe for fill-mask"):
        zoo.recommend(models.films, "fill-mask")
    with pytest.raises(UnknownModel):
        zoo.recommend(models.squares, candidates=["no-such-model"])
    with pytest.raises(BadData):
        zoo.recommend(tmp_path / "nowhere")
    with pytest.raises(BadOption, match="says nothing"):
        zoo.recommend(models.squares, sample=3)
    with pytest.raises(BadOption, match="no column for"):
        zoo.recommend(models.films, columns={"colour": "x"})


def test_a_zoo_without_models_says_what_to_do(zoo_home: Path, models) -> None:
    from zoo import Zoo

    with pytest.raises(NotFound) as caught:
        Zoo(zoo_home, offline=True).recommend(models.squares)
    assert "zoo search --task image-classification" in caught.value.remedy


def test_downloads_are_small_ones_of_the_catalog_and_told_before(zoo, models, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    found = zoo.recommend(models.squares, download=2, max_params=6_000_000, fetching=told.extend)
    assert len(told) == 2
    assert all(card.parameters <= 6_000_000 and card.size for card in told)
    assert [card.size for card in told] == sorted(card.size for card in told)
    failed = why(found)  # nothing can be fetched here, and that is said of each
    assert all(failed[card.id.rpartition("/")[2]].startswith("failed") for card in told)
    assert found.pick


def test_the_sample_is_stratified_and_leaves_the_held_out_part_alone(zoo, shapes: Path) -> None:
    from zoo.choosing.sampling import read_sample
    from zoo.data import read_labelled, split_data

    drawn = read_sample(zoo, shapes, None, kind=None, columns={}, count=20, seed=5)
    assert len(drawn.split) == 20
    assert [drawn.split.labels.count(name) for name in ("dark", "light")] == [10, 10]
    test = split_data(read_labelled(shapes, drawn.task), seed=5).test
    assert not set(drawn.split.inputs) & set(test.inputs)
    again = read_sample(zoo, shapes, None, kind=None, columns={}, count=20, seed=5)
    assert again.split.inputs == drawn.split.inputs


def test_json_form(zoo, named, models) -> None:
    found = zoo.recommend(models.squares, candidates=[named("pics"), named("nan")])
    made = json.loads(json.dumps(found.to_dict()))
    assert made["pick"] == named("pics")
    assert made["candidates"][0]["score"] == found[named("pics")].score
    assert made["skipped"][0] == {"model": named("nan"), "why": "failed", "reason": found.skipped[0].reason}
    assert made["front"] == [named("pics")]
    assert made["limits"] == {"params": None, "ms": None, "licence": None}


def test_the_command_prints_ranking_and_what_to_do_next(zoo, named, models, cli) -> None:
    asked = ["--candidates", named("pics"), "--candidates", named("blind"), "--candidates", named("twin")]
    done = cli("recommend", models.squares, *asked)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0].startswith("squares: image-classification, measured on 19 of 19 examples")
    assert "upwards" in done.out
    assert done.out.splitlines()[-1].startswith("zoo finetune ")
    done = cli("recommend", models.squares, "--candidates", named("nan"))
    assert done.code == 3
    assert "not finite" in done.out
    done = cli("recommend", models.squares, "--max-params", "many")
    assert done.code == 4
    assert "no number" in done.err


def test_then_finetune_goes_on_with_the_pick(zoo, named, models, cli) -> None:
    asked = ["--candidates", named("pics"), "--then-finetune", "--name", "mine", "--json"]
    done = cli("recommend", models.squares, *asked)
    assert done.code == 0, done.err
    assert done.json["run"]["model"] == "mine"
    assert done.json["pick"] == named("pics")
    assert cli("predict", "mine", models.red).code == 0
    assert cli("recommend", models.squares, "--name", "mine").code != 0
