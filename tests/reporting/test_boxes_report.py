"""What reports, model cards and pictures say of boxes."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import ModelCard
from PIL import Image

from tests.evaluation.boxes import scattered
from tests.reporting.conftest import run_of
from zoo._draw import draw_boxes
from zoo.data import LabelledBox, Split
from zoo.evaluation import Predictions, judge
from zoo.reporting import card_text, report_text, worst_examples
from zoo.reporting.boxed import FOUND, TRUE, boxed, counted
from zoo.reporting.charts import precision_recall
from zoo.tasks import Box, Detections

HOSTILE = "<script>alert(1)</script> & cat"


@pytest.fixture(scope="module")
def judged() -> dict[str, Any]:
    made = scattered(30, 3, 3, 10)
    names = {"c0": HOSTILE, "c1": "dog", "c2": "cup"}
    renamed = Predictions(
        kind="boxes",
        labels=tuple(names.values()),
        truth=[tuple(LabelledBox(names[b.label], b.box, b.crowd, b.area) for b in boxes) for boxes in made.truth],
        scores=[tuple(Box(names[b.label], b.score, b.box) for b in boxes) for boxes in made.scores],
        rows=tuple(f"p/{i}.jpg" for i in range(30)),
    )
    return judge(renamed, resamples=100).to_dict()


def test_the_report_of_boxes(judged: dict[str, Any]) -> None:
    inputs = tuple(Image.new("RGB", (900, 700), "grey") for _ in range(30))
    split = Split(inputs=inputs, labels=((),) * 30)
    examples = worst_examples(judged["worst"], split, "image")
    text = report_text(record=run_of("boxes", judged, task="object-detection"), evaluation=judged, examples=examples)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert '<section id="precision-recall">' in text
    assert all(f'<th class="n">{name}</th>' in text for name in ("precision", "recall", "f1", "ap", "ap50"))
    assert text.count("data:image/jpeg") == len(examples) == 20
    first = judged["worst"][0]
    assert f"missed {first['missed']}, spurious {first['spurious']}" in text
    assert f"true <strong>{html.escape(counted(first['truth']))}</strong>" in text


def test_a_picture_shows_what_is_true_and_what_was_found() -> None:
    row = {
        "index": 0,
        "truth": [{"label": "cat", "box": [100, 100, 300, 500]}],
        "predicted": [{"label": "cat", "box": [400, 100, 600, 500], "score": 0.8}],
        "missed": 1,
        "spurious": 1,
    }
    split = Split(inputs=(Image.new("RGB", (720, 720), "white"),), labels=((),))
    (made,) = worst_examples([row], split, "image")
    assert (made["truth"], made["predicted"], made["missed"]) == ("cat", "cat", 1)
    shown = Image.open(io.BytesIO(base64.b64decode(made["picture"].split(",")[1])))
    assert shown.size == (360, 360)
    drawn = boxed(split.inputs[0], row)
    assert (drawn.getpixel((50, 150)), drawn.getpixel((200, 150))) == (TRUE, FOUND)  # half as large


def test_a_picture_that_is_gone_still_has_its_counts(tmp_path: Path) -> None:
    row = {"index": 0, "truth": [], "predicted": [{"label": "a", "box": [0, 0, 1, 1]}] * 2, "missed": 0, "spurious": 2}
    (made,) = worst_examples([row], Split(inputs=(tmp_path / "gone.jpg",), labels=((),)), "image")
    assert made["text"].startswith("cannot be shown")
    assert (made["truth"], made["predicted"], made["spurious"]) == ("nothing", "2 × a", 2)


def test_the_model_card_of_a_detector(judged: dict[str, Any]) -> None:
    text = card_text(run_of("boxes", judged, task="object-detection", model="finder"), judged)
    card = ModelCard(text)
    found = {one.metric_type: one for one in card.data.eval_results}
    assert found["map"].metric_value == pytest.approx(judged["metrics"]["map"]["value"], abs=1e-6)
    assert found["map"].task_type == card.data.pipeline_tag == "object-detection"
    assert "f1_50" in found
    assert "f1_50_threshold" not in found


def test_precision_by_recall_has_both_axes_from_0_to_1() -> None:
    drawn = precision_recall({"IoU .5": [(0.0, 0.9), (1.0, 0.9)], "a <b>": [(0.0, 0.5)]}, alt="x")
    assert "a &lt;b&gt;" in drawn
    assert ">0<" in drawn
    assert ">1<" in drawn


def test_a_label_has_the_same_colour_in_every_picture() -> None:
    def colour(*labels: str) -> Any:
        picture = Image.new("RGB", (400, 400), "white")
        boxes = [Box(label, 0.9, (20.0 + 90 * i, 100, 90.0 + 90 * i, 300)) for i, label in enumerate(labels)]
        made = Detections(tuple(boxes)).draw(picture)
        return [made.getpixel((20 + 90 * i, 200)) for i in range(len(labels))]

    cat, dog, person = colour("cat", "dog", "person")
    assert len({cat, dog, person}) == 3
    assert colour("person", "cat") == [person, cat]
    assert len(set(colour("0", "1", "2", "3"))) == 4


def test_boxes_at_the_edge_many_boxes_and_none_are_drawn() -> None:
    picture = Image.new("RGB", (120, 90), "white")
    assert np.array_equal(draw_boxes(picture, []), picture)
    over = draw_boxes(picture, [("cat", 0.9, (-50.0, -50.0, 500.0, 500.0))])
    assert over.getpixel((119, 45)) == over.getpixel((0, 45)) != (255, 255, 255)
    assert np.asarray(picture).min() == 255  # it was drawn on a copy
    point = draw_boxes(picture, [("cat", 0.9, (119.9, 89.9, 119.9, 89.9)), ("dog", 0.8, (5.0, 5.0, 2.0, 2.0))])
    assert point.size == (120, 90)
    big = Image.new("RGB", (800, 600), "white")
    many = [
        (f"k{i % 3}", 0.9, (5.0 + 78 * (i % 10), 5.0 + 58 * (i // 10), 45.0 + 78 * (i % 10), 45.0 + 58 * (i // 10)))
        for i in range(100)
    ]
    few = np.asarray(draw_boxes(big, many[:1]))[30]
    lots = np.asarray(draw_boxes(big, many))[30]
    assert 0 < (lots[:60] != 255).any(-1).sum() < (few[:60] != 255).any(-1).sum()  # thinner lines
