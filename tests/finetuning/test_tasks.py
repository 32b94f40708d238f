"""Every task, form of labels and method: from a file of data to a model that is registered, loaded again and used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.finetuning.proving import MODELS, assert_papers, data_of, environment
from tests.tiny_fixtures import Models, leftovers
from zoo import Zoo

QUICK: dict[str, Any] = {"epochs": 2, "batch": 8, "learning_rate": 5e-3, "seed": 1}
PICTURE = "00.png"
TEXT = "the cat was very good"


def case(base: str, data: str, task: str, kind: str, method: str) -> Any:
    """One row of the table below."""
    return pytest.param(base, data, task, kind, method, id=f"{task} {kind} {method}")


CASES = [
    *(case("pics", "squares", "image-classification", "single", m) for m in ("probe", "head", "full")),
    *(case("pics", "coloured", "image-classification", "multi", m) for m in ("probe", "head", "full")),
    *(case("viewer", "squares", "image-classification", "single", m) for m in ("probe", "head", "lora", "full")),
    *(case("texts", "single", "text-classification", "single", m) for m in ("probe", "head", "lora", "full")),
    *(case("texts", "multi", "text-classification", "multi", m) for m in ("probe", "lora", "full")),
    *(case("texts", "regression", "text-classification", "regression", m) for m in ("probe", "lora", "full")),
    *(case("texts", "tags", "token-classification", "tags", m) for m in ("head", "lora", "full")),
    *(case("texts", "pairs", "feature-extraction", "pairs", m) for m in ("lora", "full")),
    *(case("texts", "scored", "feature-extraction", "scored", m) for m in ("lora", "full")),
    *(case("masker", "text", "fill-mask", "text", m) for m in ("lora", "full")),
    *(case("writer", "text", "text-generation", "text", m) for m in ("lora", "full")),
    *(case("segmenter", "mask", "image-segmentation", "mask", m) for m in ("head", "lora", "full")),
]


@pytest.mark.parametrize(("base", "data", "task", "kind", "method"), CASES)
def test_from_a_file_to_a_model_that_predicts(
    home: Path, models: Models, tmp_path: Path, base: str, data: str, task: str, kind: str, method: str
) -> None:
    zoo = Zoo(home, quiet=True)
    if base in MODELS:
        zoo.pull(str(MODELS[base](tmp_path / base)))
    source = models.squares if data == "squares" else data_of(data, tmp_path / "data")
    settings = QUICK if method != "probe" else {"seed": 1}
    run = zoo.finetune(base, source, name="new", task=task, kind=kind, method=method, **settings)
    record = run.record
    assert (record["task"], record["target"]["kind"], record["method"]) == (task, kind, method)
    assert_papers(zoo, run)
    assert leftovers(home) == []
    shown = Zoo(home, quiet=True).show("new")
    assert (shown["task"], shown["card"]["base"]) == (task, f"local/{base}")
    with Zoo(home, quiet=True).load("new") as model:
        _predicts(model, record, source, models)
    with zoo.load(f"local/{base}") as model:  # the base is what it was
        assert model.card.id == f"local/{base}"


def _predicts(model: Any, record: Any, source: Path, models: Models) -> None:
    """The new model answers as its task does, with what it has learnt."""
    task, kind, labels = record["task"], record["target"]["kind"], record["target"]["labels"]
    if task == "image-segmentation":
        result = model.predict(source / "images" / PICTURE)
        assert {segment.label for segment in result.segments} <= set(labels)
        assert labels == ["background", "object"]
    elif task == "image-classification":
        result = model.predict(models.red)
        assert {label.label for label in result.labels} == set(labels)
        total = sum(label.score for label in result.labels)
        assert total == pytest.approx(1, abs=1e-3) or kind == "multi"
    elif task == "text-classification":
        result = model.predict(TEXT)
        assert {label.label for label in result.labels} == set(labels)
    elif task == "token-classification":
        found = model.predict(TEXT).entities
        assert {entity.label for entity in found} <= {"BEAST"}
    elif task == "feature-extraction":
        assert len(model.predict(TEXT).vector) == 16
    elif task == "fill-mask":
        assert model.predict("the cat was [MASK]")
    else:
        assert model.predict("the cat", max_new_tokens=3)


@pytest.mark.parametrize(
    ("base", "method", "data", "given"),
    [("pics", "full", "squares", "picture"), ("texts", "lora", "single", TEXT)],
)
def test_another_process_gives_the_same_answer(
    home: Path, models: Models, tmp_path: Path, base: str, method: str, data: str, given: str
) -> None:
    zoo = Zoo(home, quiet=True)
    source = models.squares if data == "squares" else data_of(data, tmp_path / "data")
    zoo.finetune(base, source, name="new", method=method, **QUICK)
    given = str(models.red) if given == "picture" else given
    with zoo.load("new", device="cpu") as model:
        here = model.predict(given).to_dict()
    script = f"import json, zoo; print(json.dumps(zoo.load('new', device='cpu').predict({given!r}).to_dict()))"
    made = subprocess.run(
        [sys.executable, "-c", script], env=environment(home), capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert json.loads(made.stdout) == json.loads(json.dumps(here))


def test_the_task_is_found_by_what_the_data_has(home: Path, models: Models, tmp_path: Path) -> None:
    zoo = Zoo(home, quiet=True)
    found = {}
    for data in ("single", "multi", "tags", "pairs", "scored"):
        method = "probe" if data in {"single", "multi"} else "full"
        run = zoo.finetune("texts", data_of(data, tmp_path / data), name=data, method=method, max_steps=2)
        found[data] = (run.record["task"], run.record["target"]["kind"])
    assert found == {
        "single": ("text-classification", "single"),
        "multi": ("text-classification", "multi"),
        "tags": ("token-classification", "tags"),
        "pairs": ("feature-extraction", "pairs"),
        "scored": ("feature-extraction", "scored"),
    }
