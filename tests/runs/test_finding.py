from __future__ import annotations

import ast
import json
import subprocess
import sys

import pytest

from tests.runs.conftest import Made, judged
from zoo.errors import BadInput, NotFound
from zoo.registry import Registry
from zoo.runs import compared, curves, found, listed, remove, remove_checkpoints
from zoo.runs.reproducing import command, continuing, settings_of, using


def test_newest_first_and_only_what_is_asked_for(registry: Registry, made: Made):
    one = made(id="20260101-000000-aaaaaa", model="owner/cats")
    two = made(id="20260102-000000-aaaaaa", kind="evaluate", base=None, model="dogs")
    three = made("failed", id="20260103-000000-aaaaaa", model="cows")
    assert [run.id for run in listed(registry)] == [three, two, one]
    assert [run.id for run in listed(registry, limit=2)] == [three, two]
    assert [run.id for run in listed(registry, kind="evaluate")] == [two]
    assert [run.id for run in listed(registry, model="CATS")] == [one]
    assert [run.id for run in listed(registry, model="mobilenetv2_100.ra_in1k")] == [three, one]
    assert listed(registry, model="cat") == []


def test_a_zoo_without_runs(registry: Registry):
    assert listed(registry) == []
    with pytest.raises(NotFound, match="no run 'last'"):
        found(registry, "last")


def test_a_run_is_found_by_what_begins_its_id(registry: Registry, made: Made):
    one = made(id="20260101-000000-aaaaaa")
    two = made(id="20260101-000000-aabbbb")
    assert found(registry, one).id == one
    assert found(registry, "20260101-000000-aab").id == two
    assert found(registry, "last").id == two
    with pytest.raises(BadInput, match="2 runs begin with '20260101'"):
        found(registry, "20260101")
    with pytest.raises(NotFound, match="Did you mean 20260101-000000-aaaaaa"):
        found(registry, "20260101-000000-aaaaab")
    for name in ("", "..", "../runs", "/"):
        with pytest.raises(NotFound):
            found(registry, name)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"x"', "\x00\xff", "[" * 5000, '{"outcome": 3}'])
def test_a_record_that_is_none_is_shown_as_that(registry: Registry, made: Made, text: str):
    run = made()
    (registry.home / "runs" / run / "record.json").write_text(text, encoding="latin-1")
    (kept,) = listed(registry)
    assert kept.outcome == "unreadable"
    assert kept.to_dict()["model"] is None
    assert registry.catalog.run(run).outcome == "done"


def test_facts_of_other_types_do_no_harm(registry: Registry, made: Made):
    run = made()
    broken = {
        "id": run,
        "outcome": "done",
        "model": 3,
        "data": [],
        "evaluation": {"main": [], "metrics": 1},
        "timing": 2,
    }
    (registry.home / "runs" / run / "record.json").write_text(json.dumps(broken), encoding="utf-8")
    (kept,) = listed(registry)
    assert (kept.model, kept.data, kept.score, kept.seconds) == (None, None, None, None)


def test_a_folder_without_a_record(registry: Registry):
    (registry.home / "runs" / "20260101-000000-aaaaaa").mkdir(parents=True)
    (registry.home / "runs" / "note.txt").write_text("no run")
    assert [run.outcome for run in listed(registry)] == ["unreadable"]


def test_the_main_metric_counts(registry: Registry, made: Made):
    run = found(registry, made(evaluation=judged(0.8, 0.7, 0.9)))
    assert str(run.score) == "accuracy 0.8 (0.7 to 0.9)"
    old = found(registry, made(metrics={"n": 20, "accuracy": 0.5, "f1": 0.4}))
    assert str(old.score) == "accuracy 0.5"
    assert found(registry, made()).score is None


def test_a_thousand_runs(registry: Registry, made: Made):
    """Only as many records are read as are shown; no heavy package is imported."""
    first = made(id="20260101-000000-000000", evaluation=judged(0.8, 0.7, 0.9))
    text = (registry.home / "runs" / first / "record.json").read_text(encoding="utf-8")
    for number in range(1, 1000):
        folder = registry.home / "runs" / f"20260101-000000-{number:06x}"
        folder.mkdir()
        (folder / "record.json").write_text(text.replace(first, folder.name), encoding="utf-8")
    assert len(listed(registry)) == 1000
    assert [run.id for run in listed(registry, limit=1)] == ["20260101-000000-0003e7"]
    heavy = "{'torch', 'numpy', 'pandas', 'sqlalchemy', 'huggingface_hub', 'jinja2', 'PIL', 'sklearn'}"
    code = "import sys; from zoo.registry import Registry; from zoo.runs import listed\n"
    code += f"print(len(listed(Registry())), sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1000 []\n"


def test_curves_without_what_a_crash_cut_short(registry: Registry, made: Made):
    run = found(registry, made())
    assert curves(run) == []
    (run.path / "curves.jsonl").write_text('{"step": 1, "loss": 2.0}\n[3]\n{"step": 2, "lo', encoding="utf-8")
    assert curves(run) == [{"step": 1, "loss": 2.0}]


def test_runs_side_by_side(registry: Registry, made: Made):
    one = made(evaluation=judged(0.80, 0.75, 0.85))
    two = made(evaluation=judged(0.83, 0.78, 0.88), hyperparameters={"seed": 0, "epochs": 5, "rank": 8}, method="lora")
    three = made(evaluation=judged(0.95, 0.90, 0.99))
    pair = compared([found(registry, run) for run in (one, two)])
    assert pair.settings == {"method": ["probe", "lora"], "epochs": [3, 5], "rank": [None, 8]}
    assert pair.same_data is True
    assert pair.same_parts == {"train": True, "validation": None, "test": True, "all": None}
    assert pair.same_held_out is True
    rows = {row["metric"]: row for row in pair.metrics}
    assert (rows["accuracy"]["best"], rows["accuracy"]["overlap"]) == (1, True)
    assert (rows["ece"]["best"], rows["ece"]["overlap"]) == (None, None)
    apart = compared([found(registry, run) for run in (one, two, three)])
    assert apart.metrics[0]["overlap"] is False
    assert json.loads(json.dumps(apart.to_dict()))["runs"] == [one, two, three]


def test_scores_on_other_examples_are_not_compared(registry: Registry, made: Made):
    other = {"name": "pets", "fingerprint": "e" * 64, "split_ids": {"train": "1" * 64, "test": "3" * 64}}
    runs = [made(evaluation=judged(0.8, 0.7, 0.9)), made(evaluation=judged(0.5, 0.4, 0.6), data=other)]
    pair = compared([found(registry, run) for run in runs])
    assert (pair.same_data, pair.same_parts["test"], pair.same_parts["train"]) == (False, False, True)
    assert all(row["overlap"] is None and row["best"] is None for row in pair.metrics)


def test_evaluations_say_which_part_they_judged(registry: Registry, made: Made):
    data = {"name": "pets", "part": "all", "all": 100, "split_ids": {"all": "2" * 64}}
    runs = [
        made(kind="evaluate", base=None, model="a", data=data, evaluation=judged(0.8, 0.7, 0.9)),
        made(kind="evaluate", base=None, model="b", data=data, evaluation=judged(0.5, 0.4, 0.6)),
    ]
    pair = compared([found(registry, run) for run in runs])
    assert (pair.same_held_out, pair.metrics[0]["overlap"]) == (True, False)
    assert pair.settings["model"] == ["a", "b"]
    tuned = made(evaluation=judged(0.9, 0.8, 1.0))  # judged on a test part of the same rows
    assert compared([found(registry, run) for run in (runs[0], tuned)]).same_held_out is True


def test_lower_can_be_better(registry: Registry, made: Made):
    low = {"main": "perplexity", "higher_is_better": False}
    runs = [made(evaluation=judged(9.0, 8.0, 10.0, **low)), made(evaluation=judged(7.0, 6.0, 7.5, **low))]
    assert compared([found(registry, run) for run in runs]).metrics[0]["best"] == 1


def test_one_run_cannot_be_compared(registry: Registry, made: Made):
    run = found(registry, made())
    with pytest.raises(BadInput, match="two runs"):
        compared([run, run])
    (run.path / "record.json").write_text("")
    with pytest.raises(BadInput, match="cannot be read"):
        compared([found(registry, run.id), found(registry, made())])


def test_removing_a_run_leaves_the_lineage(registry: Registry, made: Made):
    run = made()
    registry.catalog.add_lineage("my-pets", "timm/mobilenetv2_100.ra_in1k", run_id=run)
    (registry.home / "runs" / run / "report.html").write_text("x" * 5000)
    assert remove(registry, found(registry, run)) >= 5000
    assert listed(registry) == []
    with pytest.raises(NotFound):
        registry.catalog.run(run)
    (edge,) = registry.catalog.lineage("my-pets").ancestors
    assert (edge.base, edge.run) == ("timm/mobilenetv2_100.ra_in1k", None)


def test_a_run_that_runs_is_not_removed(registry: Registry):
    from tests.runs.conftest import record
    from zoo.runs import begin

    with begin(registry, record()) as kept:
        run = found(registry, kept["id"])
        (run.path / "checkpoints").mkdir()
        for call in (lambda: remove(registry, run), lambda: remove_checkpoints(run)):
            with pytest.raises(BadInput, match="still runs"):
                call()
    assert (run.path / "checkpoints").is_dir()


def test_only_checkpoints(registry: Registry, made: Made):
    run = found(registry, made())
    assert remove_checkpoints(run) == 0
    (run.path / "checkpoints" / "step-3").mkdir(parents=True)
    (run.path / "checkpoints" / "step-3" / "state.safetensors").write_bytes(bytes(1000))
    assert remove_checkpoints(run) == 1000
    assert [path.name for path in run.path.iterdir()] == ["record.json"]


def test_how_to_do_it_again(registry: Registry, made: Made):
    shell = {"environment": {"argv": ["zoo", "finetune", "resnet18", "my pets/", "--seed", "3"]}}
    assert command(shell) == "zoo finetune resnet18 'my pets/' --seed 3"
    run = found(registry, made("interrupted"))
    assert command(run.record) == (
        "zoo.finetune('timm/mobilenetv2_100.ra_in1k', '/data/pets', task='image-classification', method='probe', "
        "seed=0, epochs=3)"
    )
    assert continuing(run) == f"zoo finetune --resume {run.id}"
    assert continuing(found(registry, made())) is None
    resumed = {**run.record, "environment": {"argv": ["zoo", "finetune", "--resume", "last"]}}
    assert command(resumed).startswith("zoo.finetune(")
    judging = {"kind": "evaluate", "model": "m", "task": "fill-mask", "data": {"source": "d.csv"}}
    assert command(judging) == "zoo.evaluate('m', 'd.csv', task='fill-mask')"


def test_results_are_no_settings():
    chosen = {
        "strength": 0.1,
        "tried": [],
        "score": 0.9,
        "weights_sha256": "a",
        "trials": [{"rank": 4}],
        "layers": [1, 2],
    }
    told = settings_of({"hyperparameters": {"seed": 3, "name": "x"}, "chosen": chosen})
    assert told == {"layers": [1, 2], "seed": 3, "strength": 0.1}


def test_how_to_use_it():
    assert using("my pets", "image-classification")["shell"] == "zoo predict 'my pets' picture.jpg"
    ast.parse(using("a'b", None)["python"])
