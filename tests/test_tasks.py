"""Results: their JSON, their short text, their pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from zoo.tasks import (
    TASKS,
    Box,
    Classification,
    Detections,
    Embedding,
    Generation,
    Label,
    Neighbours,
    Segment,
    Segmentation,
    Similarity,
    TokenFill,
    Transcript,
    TranscriptSegment,
)

MASK = np.zeros((4, 6), dtype=np.float32)
MASK[1:3, 2:5] = 0.9

RESULTS = [
    Classification((Label("cat", 0.7), Label("dog", np.float32(0.3)))),
    Detections((Box("cat", 0.9, (1, 2, 3, 4)),)),
    Detections(()),
    Segmentation((Segment("salient", 0.8, MASK),)),
    Transcript("hello", (TranscriptSegment(0, 1.5, "hello"),), "en"),
    Embedding(np.array([3.0, 4.0], dtype=np.float32)),
    Similarity((0.5, np.float32(0.25))),
    Generation("and so on", finished=False),
    TokenFill((Label("cat", 0.7),), ("a cat",)),
    Neighbours((Label("queen", 0.85),)),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: type(r).__name__)
def test_results_are_json_and_have_a_short_text(result) -> None:
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert 0 < len(str(result)) < 200


def test_every_task_has_a_result_type_with_json() -> None:
    shown = {type(result) for result in RESULTS}
    assert {task.result for task in TASKS.values()} <= shown
    assert all(name == task.name for name, task in TASKS.items())


def decode(rle: dict) -> np.ndarray:
    """COCO's uncompressed run lengths back to a mask, written anew from the format's description."""
    values = np.concatenate([np.full(n, i % 2) for i, n in enumerate(rle["counts"])])
    return values.reshape(rle["size"][::-1]).T


@pytest.mark.parametrize("mask", [MASK, np.ones((3, 2)), np.zeros((3, 2)), np.eye(5), 1 - np.eye(3)])
def test_run_lengths_give_the_mask_back(mask: np.ndarray) -> None:
    written = Segment("x", 1.0, mask).to_dict()
    assert (decode(written["rle"]) == (mask >= 0.5)).all()
    assert written["area"] == int((mask >= 0.5).sum())


def test_similarity_is_the_cosine() -> None:
    a, b = Embedding(np.array([1.0, 0.0])), Embedding(np.array([1.0, 1.0]))
    assert a.similarity(b) == pytest.approx(0.5**0.5)
    assert a.similarity(Embedding(np.zeros(2))) == 0.0


@pytest.mark.parametrize("size", [(60, 40), (640, 480), (1, 1)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_pictures_of_results(size: tuple[int, int], mode: str) -> None:
    image = Image.new(mode, size)
    boxes = Detections((Box("a long name", 0.9, (0, 0, size[0], size[1])), Box("b", 0.5, (5, 5, 2, 2))))
    drawn = boxes.draw(image)
    assert drawn.size == size
    assert np.asarray(drawn).any()
    whole = Segmentation((Segment("x", 1.0, np.ones(size[::-1], dtype=np.float32)),)).draw(image)
    assert whole.size == size
    labelled = Classification((Label("cat", 0.7), Label("dog", 0.3))).draw(image)
    assert labelled.height > size[1]
    assert image.mode == mode
