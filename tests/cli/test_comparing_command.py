"""`zoo compare`: what it prints, of named models and of what a search finds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_fixtures import Outcome
from zoo.cli.comparing import compare
from zoo.cli.guard import guarded_call

RESNET, VGG, MOBILE = (
    "torchvision/resnet50.imagenet1k_v2",
    "torchvision/vgg16.imagenet1k_v1",
    "torchvision/mobilenet_v2.imagenet1k_v2",
)
NOT_FOUND, BAD_INPUT = 3, 4


@pytest.fixture
def compared(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*models: str, **options: Any) -> Outcome:
        capsys.readouterr()
        code = guarded_call(lambda: compare(models, **options))
        return Outcome(code, *capsys.readouterr())

    return run


def test_few_models_stand_side_by_side(compared: Any) -> None:
    shown = compared(RESNET, VGG)
    assert shown.code == 0
    assert shown.out.split("\n", 1)[0].split() == [RESNET, VGG]
    rows = {line.split("  ")[0]: line for line in shown.out.splitlines()}
    assert "25.6M *" in rows["parameters"]
    assert "80.858 *" in rows["top1 (imagenet-1k)"]
    assert f"beaten by {RESNET}" in shown.out
    assert shown.err == "* the best of its row\n"


def test_more_models_stand_in_lines(compared: Any) -> None:
    shown = compared(RESNET, VGG, MOBILE, "torchvision/resnet18.imagenet1k_v1", "mobilenetv2_100")
    head, *lines = shown.out.splitlines()
    assert head.split()[0] == "model"
    assert lines[0].split()[0] == RESNET
    assert "* the best of its column" in shown.err


def test_a_narrow_terminal_gets_lines_too(compared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    shown = compared(RESNET, VGG)
    assert "model" in shown.out.splitlines()[0]
    assert "* the best of its column" in shown.err


def test_a_plot_has_a_letter_for_each_model(compared: Any) -> None:
    shown = compared(RESNET, VGG, MOBILE, plot=True)
    plot, table = shown.out.split("└", 1)
    assert all(letter in plot.split("against")[1] for letter in "ABC")
    assert f"A  {MOBILE}" in table


def test_what_a_search_finds_is_compared(compared: Any) -> None:
    made = json.loads(compared(query="resnet library:torchvision sort:params", limit=3, as_json=True).out)
    assert len(made["models"]) == 3
    assert all(model.startswith("torchvision/") for model in made["models"])
    (parameters,) = [fact for fact in made["facts"] if fact["name"] == "parameters"]
    assert parameters["values"] == sorted(parameters["values"])
    nothing = compared(query="resnet top1>99.9")
    assert (nothing.code, nothing.out) == (NOT_FOUND, "")
    assert "Without top1>99.9" in nothing.err


def test_models_without_a_common_score(compared: Any) -> None:
    shown = compared("local/pics", RESNET)
    assert shown.code == 0
    assert "none is called better" in shown.err
    assert json.loads(compared("local/pics", RESNET, as_json=True).out)["fronts"] == []


def test_mistakes(compared: Any) -> None:
    assert compared(RESNET).code == BAD_INPUT
    assert compared(RESNET, RESNET).code == BAD_INPUT
    assert compared(*[RESNET] * 50).code == BAD_INPUT
    assert compared(RESNET, "nosuchmodel").code == NOT_FOUND
    assert compared(query="resnet", limit=1).code == BAD_INPUT
    assert compared().code == BAD_INPUT
