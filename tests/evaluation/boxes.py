"""Pictures with boxes for the tests here, and what pycocotools itself says of them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.data import LabelledBox
from zoo.evaluation import Predictions
from zoo.tasks import Box

__all__ = ["SUMMARY", "official", "scattered", "summarised"]

# The order of COCOeval.stats.
SUMMARY = (
    *("map", "map_50", "map_75", "map_small", "map_medium", "map_large"),
    *("mar_1", "mar_10", "mar_100", "mar_small", "mar_medium", "mar_large"),
)


def scattered(
    n: int, classes: int, true: int, found: int, *, seed: int = 0, digits: int = 12, hits: float = 0.5
) -> Predictions:
    """Boxes of all sizes, some of them crowds; `hits` of the found ones lie near true ones."""
    draw = np.random.default_rng(seed)
    labels = tuple(f"c{i}" for i in range(classes))

    def anywhere() -> np.ndarray:
        x, y = draw.uniform(0, 500, 2)
        width, height = np.exp(draw.uniform(2, 5.5, 2))
        return np.array([x, y, x + width, y + height])

    def one_true() -> LabelledBox:
        box = anywhere()
        area = float((box[2] - box[0]) * (box[3] - box[1]) * draw.uniform(0.4, 1)) if draw.random() < 0.5 else None
        crowd = bool(draw.random() < 0.07)
        return LabelledBox(labels[draw.integers(classes)], tuple(map(float, box)), crowd=crowd, area=area)

    def one_found(truth: Sequence[LabelledBox]) -> Box:
        if truth and draw.random() < hits:
            near = truth[draw.integers(len(truth))]
            box = np.array(near.box)
            box = box + np.array([box[2] - box[0], box[3] - box[1]] * 2) * draw.normal(0, 0.08, 4)
            label = near.label if draw.random() < 0.9 else labels[draw.integers(classes)]
            return Box(label, round(float(draw.beta(3, 2)), digits), tuple(map(float, box)))
        return Box(labels[draw.integers(classes)], round(float(draw.beta(1, 3)), digits), tuple(map(float, anywhere())))

    truth = [tuple(one_true() for _ in range(draw.integers(0, 2 * true + 1))) for _ in range(n)]
    scores = [tuple(sorted((one_found(boxes) for _ in range(found)), key=lambda box: -box.score)) for boxes in truth]
    return Predictions(kind="boxes", labels=labels, truth=truth, scores=scores)


def official(predictions: Predictions, pictures: Sequence[int] | None = None) -> Any:
    """pycocotools' `COCOeval` of these pictures (repeated ones are several), through its own files' form."""
    number = {label: i for i, label in enumerate(predictions.labels, 1)}
    chosen = list(range(len(predictions)) if pictures is None else pictures)
    true = [
        {"iscrowd": int(box.crowd), "area": box.size, **_form(box, place, number)}
        for place, picture in enumerate(chosen, 1)
        for box in predictions.truth[picture]
    ]
    found = [
        {"score": box.score, **_form(box, place, number)}
        for place, picture in enumerate(chosen, 1)
        for box in predictions.scores[picture]
    ]
    return summarised(
        {
            "info": {},
            "images": [{"id": place} for place in range(1, len(chosen) + 1)],
            "categories": [{"id": i, "name": label} for label, i in number.items()],
            "annotations": [{"id": i, **one} for i, one in enumerate(true, 1)],
        },
        found,
    )


def summarised(dataset: dict[str, Any], results: list[dict[str, Any]]) -> Any:
    """pycocotools' `COCOeval` of what its files would hold."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = dataset
        truth.createIndex()
        made = COCOeval(truth, truth.loadRes(results), "bbox")
        made.evaluate()
        made.accumulate()
        made.summarize()
    return made


def _form(box: LabelledBox | Box, picture: int, number: dict[str, int]) -> dict[str, Any]:
    x1, y1, x2, y2 = box.box
    return {"image_id": picture, "category_id": number[box.label], "bbox": [x1, y1, x2 - x1, y2 - y1]}
