from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.reporting.conftest import EXAMPLE, PICTURE, Report
from zoo.cards import Licence, ModelCard
from zoo.errors import ResourceError
from zoo.reporting import papers, report_text, write_report
from zoo.store.disk import write_lines

CARD = ModelCard(
    id="my-pets",
    task="image-classification",
    library="timm",
    loader="timm",
    architecture="mobilenetv2_100",
    licence=Licence(weights="Apache-2.0", source="LICENSE"),
)
KINDS = ("single", "multi", "many", "regression", "tags", "text", "mask", "failed")
ALWAYS = {"data", "lineage", "settings", "reproduce"}
DONE = ALWAYS | {"metrics", "environment", "use"}
SECTIONS = {
    "single": DONE | {"curves", "confusion", "classes", "slices", "calibration", "examples"},
    "multi": DONE | {"curves", "classes", "slices", "calibration", "examples"},
    "many": DONE | {"confusion", "classes", "calibration"},
    "regression": DONE | {"scatter", "examples"},
    "tags": DONE | {"classes", "examples"},
    "text": DONE | {"examples", "forgetting"},
    "mask": DONE | {"confusion", "classes", "examples"},
    "failed": ALWAYS,
}
EMPTY = {"meta", "img", "br", "hr", "link", "input"}


class Reader(HTMLParser):
    """Whether every element is closed where it must be; what a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.wrong == [] and reader.open == []
    return reader


def sections(text: str) -> set[str]:
    return {str(attrs["id"]) for tag, attrs in read(text).elements if tag == "section"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_has_the_sections_that_apply_and_no_others(report: Report, kind: str):
    assert sections(report_text(**report(kind))) == SECTIONS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_sound_and_needs_nothing_else(report: Report, kind: str):
    text = report_text(**report(kind), card=CARD.to_dict())
    reader = read(text)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    names = [attrs["id"] for _, attrs in reader.elements if "id" in attrs]
    assert len(names) == len(set(names))
    assert not {tag for tag, _ in reader.elements} & {"script", "link", "iframe", "object", "base", "form"}
    for tag, attrs in reader.elements:
        assert not [name for name in attrs if name.startswith("on") or name in {"href", "srcset", "style"}], tag
        assert (attrs.get("src") or "data:").startswith("data:")
        assert tag != "img" or attrs.get("alt")
        assert tag != "svg" or (attrs.get("role"), bool(attrs.get("aria-label"))) == ("img", True)
    assert "url(" not in text and "://" not in text and "@import" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_charts_are_sound(report: Report, kind: str):
    charts = re.findall(r"<svg.*?</svg>", report_text(**report(kind)), re.DOTALL)
    for chart in charts:
        root = ElementTree.fromstring(chart)
        assert root[0].tag == "title" and root[0].text
        for element in root.iter():
            for name in ("x", "y", "cx", "cy", "width", "height", "r"):
                assert -50 < float(element.get(name, 0)) < 2000
    assert charts or kind in {"text", "failed"}


def test_the_same_run_gives_the_same_report(report: Report):
    told = report("single")
    assert report_text(**told) == report_text(**copy.deepcopy(told))
    again = json.loads(json.dumps(told))  # as it comes back from the disk
    assert report_text(**again) == report_text(**told)


def test_the_head_says_how_good(report: Report):
    told = report("single")
    text = report_text(**told)
    found = told["evaluation"]["metrics"]["accuracy"]
    assert f"<b>{found['value']:.3f}</b>" in text
    assert f"95 % interval {found['low']:.3f} to {found['high']:.3f}, on 90 held-out examples" in text
    assert f"one constant answer would score: {told['evaluation']['metrics']['baseline_accuracy']['value']:.3f}" in text
    assert "full – 90 examples are few" in text


def test_few_are_said_to_be_few(report: Report):
    text = report_text(**report("single"))
    (row,) = re.findall(r'<tr class="few"><td>breed</td><td>small</td><td class="n">23</td>.*?</tr>', text)
    assert "(too few)" in row


def test_many_classes_are_not_drawn(report: Report):
    text = report_text(**report("many"))
    assert "45 classes are too many" in text
    assert "Most often confused" in text
    assert text.count('<tr class="few">') == 45


def test_a_failed_run_says_why(report: Report):
    assert "failed: no room" in report_text(**report("failed"))


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}&\u202e\x00\x1b[31m\ud800"


def poisoned(value: Any) -> Any:
    """Every text in a value, and every name that somebody chose, made evil."""
    if isinstance(value, str):
        return value + EVIL
    if isinstance(value, dict):
        return {name: poisoned(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner) for inner in value]
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_strangers_put_no_code_into_a_report(report: Report, kind: str):
    told = poisoned(json.loads(json.dumps(report(kind))))
    if told["evaluation"]:
        plain = report(kind)["evaluation"]
        told["evaluation"] |= {"main": plain["main"], "kind": plain["kind"]}
    told["record"]["hyperparameters"][EVIL] = EVIL
    text = report_text(**told, card=poisoned(CARD.to_dict()))
    reader = read(text)
    assert not {tag for tag, _ in reader.elements} & {"script", "link", "iframe"}
    for tag, attrs in reader.elements:
        assert not [name for name in attrs if name.startswith("on")], tag
        assert (attrs.get("src") or "data:").startswith("data:")
    assert "49" not in re.findall(r"\{\{ 7\*7 \}\}|>49<", text)
    assert not set(text) & {"\x00", "\x1b", "\u202e", "\ud800"}
    for chart in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(chart)
    text.encode()


@pytest.mark.parametrize(
    "source",
    [
        "javascript:alert(1)",
        "https://example.org/x.jpg",
        "data:text/html,x",
        f'{PICTURE}" onerror="x',
        f"{PICTURE}\n",
        3,
    ],
)
def test_only_pictures_are_shown_as_pictures(report: Report, source: Any):
    """`examples.json` lies in a folder that anybody may have written to."""
    told = report("single") | {"examples": [{**EXAMPLE, "picture": source}]}
    assert not [tag for tag, _ in read(report_text(**told)).elements if tag == "img"]


@pytest.mark.parametrize("junk", [None, [], {}, "x", 3, [3], {"a": [1]}])
def test_facts_of_other_types_do_no_harm(report: Report, junk: Any):
    told = report("single")
    for name in (
        "data",
        "environment",
        "forgetting",
        "licence_conflicts",
        "notes",
        "hyperparameters",
        "curves",
        "timing",
    ):
        read(report_text(**{**told, "record": {**told["record"], name: junk}}))
    for name in ("metrics", "per_class", "labels", "confusion", "calibration", "slices", "gaps", "failed"):
        read(report_text(**{**told, "evaluation": {**told["evaluation"], name: junk}}))
    read(report_text(record={}, evaluation=None))


def test_large_runs_make_small_reports(report: Report):
    told = report("single")
    labels = [f"class number {i}" for i in range(500)]
    rows = [{"label": x, "n": 40, "f1": 0.5, "precision": 0.5, "recall": 0.5, "low": 0.4, "high": 0.6} for x in labels]
    slices = [{"column": "c", "value": x, "n": 40, "metric": "accuracy", "score": 0.5} for x in labels] * 3
    picture = "data:image/jpeg;base64," + "A" * 16_000
    text = report_text(
        record=told["record"],
        evaluation=told["evaluation"] | {"per_class": rows, "slices": slices},
        curves=[{"step": s, "loss": 1.0 / (s + 1), "learning_rate": 1e-3} for s in range(100_000)],
        examples=[{**EXAMPLE, "picture": picture, "true_mask": picture, "predicted_mask": picture}] * 100,
    )
    assert len(text) < 2_000_000
    assert "440 further classes" in text and "1,300 further slices" in text


def test_it_is_written_whole_or_not_at_all(report: Report, tmp_path: Path):
    path = tmp_path / "report.html"
    path.write_text("the old one")
    (tmp_path / "missing").touch()
    with pytest.raises(ResourceError):
        write_report(tmp_path / "missing" / "report.html", **report("single"))
    write_report(path, **report("single"))
    assert path.read_text(encoding="utf-8") == report_text(**report("single"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["missing", "report.html"]


def test_papers_are_made_again_from_the_folder_alone(report: Report, tmp_path: Path):
    told = report("regression")
    write_lines(tmp_path / "curves.jsonl", report("single")["curves"])
    write_lines(tmp_path / "predictions.jsonl", told["predictions"])
    (tmp_path / "examples.json").write_text(json.dumps(told["examples"]), encoding="utf-8")
    made = papers(tmp_path, record=told["record"], card=CARD)
    assert [path.name for path in made] == ["report.html", "README.md"]
    assert sections(made[0].read_text(encoding="utf-8")) == SECTIONS["regression"] | {"curves"}
    first = made[0].read_bytes()
    papers(tmp_path, record=told["record"], card=CARD)
    assert made[0].read_bytes() == first
    for name in ("curves.jsonl", "predictions.jsonl", "examples.json"):
        (tmp_path / name).write_bytes(b"{\xff" + b"[" * 4000)
    papers(tmp_path, record=told["record"])
    assert sections(made[0].read_text(encoding="utf-8")) == DONE


def test_an_evaluation_has_no_card_of_its_own(report: Report, tmp_path: Path):
    judging = {**report("single")["record"], "kind": "evaluate"}
    assert [path.name for path in papers(tmp_path, record=judging)] == ["report.html"]
    assert "Evaluation, run" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_template_comes_with_the_package():
    import zoo.reporting

    assert (Path(zoo.reporting.__file__).parent / "report.html.j2").is_file()


def test_an_evaluation_takes_its_examples_from_the_data(tmp_path: Path, zoo_home: Path):
    """Nothing is kept of them: they come from where the data was, as long as it is what it was."""
    from zoo.data import read_labelled
    from zoo.registry import Registry
    from zoo.reporting import papers_again
    from zoo.runs import begin, found

    table = tmp_path / "films.csv"
    table.write_text("text,label\n" + "".join(f"film {i} of the year,{'ab'[i % 2]}\n" for i in range(20)))
    data = read_labelled(table, "text-classification")
    worst = [{"index": 3, "row": data.train.rows[3], "truth": "b", "predicted": "a", "confidence": 0.9}]
    kept = {"name": "films", "recipe": dict(data.recipe), "part": "all", "split_ids": {"all": data.train.identity}}
    evaluation = {
        "kind": "single",
        "main": "accuracy",
        "n": 20,
        "metrics": {"accuracy": {"value": 0.9}},
        "worst": worst,
    }
    registry = Registry(quiet=True)
    told = {"kind": "evaluate", "model": "m", "task": "text-classification", "data": kept, "evaluation": evaluation}
    with begin(registry, told):
        pass
    (path,) = papers_again(registry, found(registry, "last"))
    assert "film 3 of the year" in path.read_text(encoding="utf-8")
    (path.parent / "examples.json").unlink()
    table.write_text("text,label\n" + "another,a\nfilm,b\n" * 10)
    papers_again(registry, found(registry, "last"))
    assert sections(path.read_text(encoding="utf-8")) == {"metrics", "data", "lineage", "environment", "reproduce"}
