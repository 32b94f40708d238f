"""Boxes, against pycocotools' own summary."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.evaluation.boxes import SUMMARY, official, scattered, summarised
from zoo.data import LabelledBox, Split
from zoo.errors import BadData, BadInput
from zoo.evaluation import Predictions, compare, judge
from zoo.evaluation.bootstrap import bounds
from zoo.evaluation.comparing import aligned
from zoo.evaluation.judging import told
from zoo.evaluation.measures import measure_of
from zoo.evaluation.predicting.boxes import _in_data, _names
from zoo.tasks import Box

# The three files of a COCO evaluation (annotations, results, and what the summary is), in small: crowds, all sizes,
# areas of outlines, equal scores, a picture without boxes and one without results, and a class that is nowhere.
DATASET = {
    "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 9, "file_name": "b.jpg"}, {"id": 12, "file_name": "c.jpg"}],
    "categories": [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}, {"id": 44, "name": "bottle"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 1, "bbox": [10, 10, 100, 200], "area": 11200, "iscrowd": 0},
        {"id": 2, "image_id": 7, "category_id": 1, "bbox": [150, 20, 80, 90], "area": 5100, "iscrowd": 0},
        {"id": 3, "image_id": 7, "category_id": 1, "bbox": [300, 0, 200, 100], "area": 15000, "iscrowd": 1},
        {"id": 4, "image_id": 7, "category_id": 18, "bbox": [40, 220, 20, 24], "area": 400, "iscrowd": 0},
        {"id": 5, "image_id": 9, "category_id": 18, "bbox": [5, 5, 40, 40], "area": 1024, "iscrowd": 0},
        {"id": 6, "image_id": 9, "category_id": 18, "bbox": [60, 5, 30, 30], "area": 880, "iscrowd": 0},
    ],
}
RESULTS = [
    {"image_id": 7, "category_id": 1, "bbox": [12, 8, 100, 205], "score": 0.9},
    {"image_id": 7, "category_id": 1, "bbox": [14, 30, 90, 160], "score": 0.6},
    {"image_id": 7, "category_id": 1, "bbox": [160, 20, 80, 80], "score": 0.6},
    {"image_id": 7, "category_id": 1, "bbox": [320, 10, 40, 80], "score": 0.8},
    {"image_id": 7, "category_id": 1, "bbox": [420, 10, 40, 80], "score": 0.7},
    {"image_id": 7, "category_id": 18, "bbox": [41, 222, 20, 20], "score": 0.6},
    {"image_id": 9, "category_id": 18, "bbox": [6, 6, 38, 40], "score": 0.6},
    {"image_id": 9, "category_id": 18, "bbox": [200, 200, 30, 30], "score": 0.6},
    {"image_id": 9, "category_id": 44, "bbox": [60, 5, 30, 30], "score": 0.95},
    {"image_id": 9, "category_id": 1, "bbox": [60, 5, 30, 30], "score": 0.65},
]


def small() -> Predictions:
    """The example as the zoo has it."""
    names = {one["id"]: one["name"] for one in DATASET["categories"]}

    def corners(one: dict) -> tuple[float, float, float, float]:
        x, y, width, height = one["bbox"]
        return float(x), float(y), float(x + width), float(y + height)

    def of(rows: list[dict], picture: int) -> list[dict]:
        return [one for one in rows if one["image_id"] == picture]

    pictures = [one["id"] for one in DATASET["images"]]
    truth = [
        tuple(
            LabelledBox(names[one["category_id"]], corners(one), crowd=bool(one["iscrowd"]), area=one["area"])
            for one in of(DATASET["annotations"], picture)
        )
        for picture in pictures
    ]
    scores = [
        tuple(Box(names[one["category_id"]], one["score"], corners(one)) for one in of(RESULTS, picture))
        for picture in pictures
    ]
    rows = tuple(one["file_name"] for one in DATASET["images"])
    return Predictions(kind="boxes", labels=tuple(names.values()), truth=truth, scores=scores, rows=rows)


def values(predictions: Predictions, weights: np.ndarray | None = None) -> np.ndarray:
    ones = np.ones((1, len(predictions)))
    found = measure_of(predictions).metrics(ones if weights is None else weights)
    return np.array([found[name][0] for name in SUMMARY])


def test_a_small_example_in_coco_s_form_is_as_pycocotools_says() -> None:
    stats = summarised(json.loads(json.dumps(DATASET)), RESULTS).stats
    assert (stats > -1).all()
    np.testing.assert_allclose(values(small()), stats, rtol=0, atol=1e-12)


@pytest.mark.parametrize("digits", [12, 1], ids=["scores", "equal scores"])
def test_hundreds_of_boxes_are_as_pycocotools_says(digits: int) -> None:
    predictions = scattered(25, 6, 5, 30, digits=digits)
    stats = official(predictions).stats
    assert 0.2 < stats[0] < 0.5
    np.testing.assert_allclose(values(predictions), stats, rtol=0, atol=1e-12)


def test_a_resample_is_the_pictures_repeated() -> None:
    predictions = scattered(20, 4, 5, 20, seed=1)
    for seed in range(2):
        drawn = np.random.default_rng(seed).integers(0, 20, 20)
        weights = np.bincount(drawn, minlength=20)[None].astype(float)
        stats = official(predictions, sorted(drawn)).stats
        np.testing.assert_allclose(values(predictions, weights), stats, rtol=0, atol=1e-12)


def test_the_curves_and_classes_are_as_pycocotools_says() -> None:
    predictions = scattered(25, 6, 5, 30)
    theirs = official(predictions).eval["precision"][:, :, :, 0, 2]  # overlaps, recalls, classes
    judged = judge(predictions, resamples=100)
    assert judged.precision_recall is not None
    for name, expected in (("precision_50", theirs[0].mean(1)), ("precision", theirs.mean((0, 2)))):
        np.testing.assert_allclose([row[name] for row in judged.precision_recall], expected, atol=1e-6)
    np.testing.assert_allclose([row["ap"] for row in judged.per_class], theirs.mean((0, 1)), atol=1e-12)
    np.testing.assert_allclose([row["ap50"] for row in judged.per_class], theirs[0].mean(0), atol=1e-12)
    assert all(row["low"] <= row["ap"] <= row["high"] <= 1 for row in judged.per_class)


def test_what_is_told_of_a_small_example() -> None:
    judged = judge(small(), resamples=100)
    assert [(row["label"], row["n"]) for row in judged.per_class] == [("person", 2), ("dog", 3)]
    # Meant are the boxes from .6 on: with them 4 of 5 are found, by 4 of 8 that are no crowd's.
    best = {name: one.value for name, one in judged.metrics.items() if name.startswith("f1_50")}
    assert best == pytest.approx({"f1_50": 8 / 13, "f1_50_precision": 0.5, "f1_50_recall": 0.8, "f1_50_threshold": 0.6})
    worst = judged.worst[0]
    assert (worst["row"], worst["missed"], worst["spurious"]) == ("b.jpg", 1, 3)
    assert worst["truth"][0] == {"label": "dog", "box": [5.0, 5.0, 45.0, 45.0]}
    assert worst["predicted"][-1] == {"label": "person", "box": [60.0, 5.0, 90.0, 35.0], "score": 0.65}
    first = told(small())[0]
    assert (first["missed"], first["spurious"]) == (0, 1)
    assert first["truth"][2]["crowd"]
    json.dumps(judged.to_dict(), allow_nan=False)


def test_intervals_reach_further_down_than_up() -> None:
    resampled = np.linspace(0.5, 0.7, 201)
    low, high = bounds(0.5, resampled, 0.9, optimistic=True) or (0, 0)
    assert (low, high) == pytest.approx((0.31, 0.5))
    estimate = judge(scattered(40, 3, 3, 12, seed=3), resamples=100).metrics["map"]
    assert estimate.low is not None and estimate.high is not None
    assert estimate.value - estimate.low > estimate.high - estimate.value


def test_slices_are_as_if_they_were_all_there_is() -> None:
    predictions = scattered(60, 3, 3, 10, seed=2)
    column = ["near" if i % 3 else "far" for i in range(60)]
    judged = judge(predictions, slices={"where": column}, resamples=100)
    for row in judged.slices:
        kept = [i for i, value in enumerate(column) if value == row["value"]]
        assert row["score"] == pytest.approx(official(predictions, kept).stats[0], abs=1e-12)
        assert row["low"] < row["score"] < row["high"]


def test_a_better_model_is_told_from_a_worse_one_and_from_itself() -> None:
    good, bad = scattered(40, 3, 3, 12, seed=3, hits=0.8), scattered(40, 3, 3, 12, seed=3, hits=0.8)
    blurred = [
        tuple(Box(b.label, b.score, (*b.box[:2], b.box[2] + 40, b.box[3])) for b in boxes) for boxes in bad.scores
    ]
    bad = Predictions(kind="boxes", labels=bad.labels, truth=good.truth, scores=blurred)
    made = compare(good, bad, names=("good", "bad"), resamples=200)
    assert made.better == "good"
    assert made.a == pytest.approx(official(good).stats[0], abs=1e-12)
    assert 0 < made.low < made.difference < made.high
    assert compare(good, good, resamples=100).p_value == 1
    some = Predictions(
        kind="boxes", labels=bad.labels, truth=good.truth[:30], scores=blurred[:30], index=tuple(range(30))
    )
    assert [len(one) for one in aligned([good, some])] == [30, 30]


def test_a_model_that_finds_nothing_scores_nothing() -> None:
    given = small()
    judged = judge(Predictions(kind="boxes", labels=given.labels, truth=given.truth, scores=[()] * 3), resamples=100)
    assert (judged.value, judged.metrics["f1_50"].value, judged.metrics["mar_100"].value) == (0, 0, 0)
    assert "f1_50_threshold" not in judged.metrics
    assert [row["missed"] for row in judged.worst] == [3, 2]


def test_predictions_that_cannot_be_measured_are_refused() -> None:
    given = small()
    empty = Predictions(kind="boxes", labels=given.labels, truth=[()] * 3, scores=given.scores)
    with pytest.raises(BadInput, match="not one true box in 3 pictures"):
        judge(empty, resamples=100)
    odd = Predictions(kind="boxes", labels=("person",), truth=given.truth, scores=given.scores)
    with pytest.raises(BadInput, match="'dog', which is not among the classes"):
        judge(odd, resamples=100)


@pytest.mark.real
def test_the_real_detector_on_pictures_of_real_things(real_zoo, tmp_path: Path) -> None:
    """COCO's JSON in, and out of it the measures of pictures whose boxes were marked by eye."""
    from PIL import Image
    from skimage import data

    marked = {
        "astronaut": [("Person", [20, 14, 343, 498])],
        "chelsea": [("cat", [0, 0, 402, 300])],
        "coffee": [("cup", [172, 17, 237, 291]), ("spoon", [326, 66, 99, 260])],
    }
    names = ["Person", "cat", "cup", "spoon", "unicorn"]
    images, annotations = [], []
    for picture, (name, boxes) in enumerate(marked.items(), 1):
        image = Image.fromarray(getattr(data, name)())
        image.save(tmp_path / f"{name}.png")
        images.append({"id": picture, "file_name": f"{name}.png", "width": image.width, "height": image.height})
        for label, box in boxes:
            one = {"image_id": picture, "category_id": names.index(label), "bbox": box, "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, "area": box[2] * box[3], **one})
    categories = [{"id": i, "name": name} for i, name in enumerate(names)]
    file = tmp_path / "things.json"
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    real_zoo.pull("ssd_mobilenet_v2_coco")

    made = real_zoo.zoo.evaluate("ssd_mobilenet_v2_coco", file, resamples=100)

    assert made.evaluation.metrics["map_50"].value == pytest.approx(1)
    assert [row["label"] for row in made.evaluation.per_class] == names[:4]
    lines = [json.loads(line) for line in (made.path / "predictions.jsonl").read_text().splitlines()]
    assert [row["missed"] for row in lines] == [0, 0, 0]
    assert {box["label"] for row in lines for box in row["predicted"]} <= set(names)  # not the bowl nor the bed


def test_names_are_the_same_but_for_capitals_and_unknown_ones_are_told() -> None:
    split = Split(inputs=(None,), labels=((LabelledBox("Cat", (0, 0, 9, 9)),),))
    asked: Any = SimpleNamespace(model="m", split=split, labels=("Cat", "airplane", "unicorn"))
    names = _names(asked, ("cat", "aeroplane", "dog"))
    assert names == {"cat": "Cat"}
    boxes = [Box("dog", 0.9, (0, 0, 1, 1)), *(Box("cat", i / 200, (0, 0, 1, 1)) for i in range(120))]
    kept = _in_data(boxes, names)
    assert (len(kept), kept[0]) == (100, Box("Cat", 119 / 200, (0, 0, 1, 1)))
    odd = Split(inputs=(None,), labels=((LabelledBox("airplane", (0, 0, 9, 9)),),))
    with pytest.raises(BadData, match="does not know these labels of the data: 'airplane' \\(nearest: 'aeroplane'\\)"):
        _names(SimpleNamespace(model="m", split=odd, labels=asked.labels), ("cat", "aeroplane"))  # type: ignore[arg-type]
