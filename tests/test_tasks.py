"""Results: their JSON, their short text, their pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from zoo.tasks import (
    TASKS,
    Activity,
    Answer,
    Box,
    Classification,
    DepthMap,
    Detections,
    Embedding,
    Entities,
    Entity,
    Forecast,
    Generation,
    Keypoints,
    Label,
    Neighbours,
    Pose,
    ProteinStructure,
    Segment,
    Segmentation,
    Similarity,
    Speech,
    SpeechRegion,
    TokenFill,
    Transcript,
    TranscriptSegment,
    Turn,
    Turns,
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
    DepthMap(np.array([[1.0, 2.0]]), metric=True),
    Keypoints((Pose("person", 0.9, (1, 2, 3, 4), {"nose": (1, np.float32(2), 0.5)}),)),
    Keypoints(()),
    Entities((Entity("PER", np.float32(0.99), "Ada", 0, 3),)),
    Entities(()),
    Answer("Ada", np.float32(0.5), 3, 6),
    Answer("", 0.9),
    Speech(np.zeros(8000), 16_000),
    Activity((SpeechRegion(0.5, 2.0, np.float32(0.9)),), 4.0),
    Activity((), 4.0),
    Turns((Turn(0.0, 1.0, "S1"), Turn(1.0, 2.5, "S2"))),
    Turns(()),
    Forecast(np.array([1.0, 2.5, 3, 4]), {0.1: np.zeros(4), 0.9: np.ones(4) * 5}, ("2024", "2025", "2026", "2027")),
    Forecast(np.ones((2, 4)), {0.5: np.ones((2, 4))}, None, ("tea", "coffee", "cocoa", "milk")),
    ProteinStructure("ATOM      1  N   MET A   1", np.float64(91.5)),
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


def test_depth_is_drawn_white_where_near() -> None:
    picture = Image.new("RGB", (2, 1))
    far_right = np.array([[0.0, 4.0]])
    assert [DepthMap(far_right).draw(picture).getpixel((x, 0)) for x in (0, 1)] == [255, 0]
    assert [DepthMap(far_right, inverse=True).draw(picture).getpixel((x, 0)) for x in (0, 1)] == [0, 255]
    assert DepthMap(np.ones((1, 2))).draw(picture).size == (2, 1)


def test_points_are_drawn_where_they_are() -> None:
    pose = Pose("person", 0.9, (2, 2, 60, 60), {"nose": (50.0, 40.0, 1.0)})
    picture = Keypoints((pose,)).draw(Image.new("RGB", (64, 64)))
    assert picture.getpixel((50, 40)) == (255, 255, 0)


def test_a_forecast_as_text_table_and_chart() -> None:
    values, levels = (
        np.array([2.0, 3.0]),
        {0.9: np.array([4.0, 5.0]), 0.1: np.array([1.0, 1.5]), 0.5: np.array([2.0, 3])},
    )
    past = np.array([1.0, np.nan, 1.5])
    one = Forecast(values, levels, ("2024-04", "2024-05"), ("tea",), past, ("2024-01", "2024-02", "2024-03"))
    assert str(one) == "2 steps from 2024-04 to 2024-05: 2, 3 (0.1 to 0.9 quantile: 1.5 to 5)"
    assert one.to_dict()["quantiles"] == {"0.1": [1.0, 1.5], "0.5": [2.0, 3.0], "0.9": [4.0, 5.0]}
    assert one.to_csv() == "time,value,q0.1,q0.5,q0.9\n2024-04,2,1,2,4\n2024-05,3,1.5,3,5\n"
    pixels = np.asarray(one.draw((400, 200)).convert("RGB"))
    shades = {tuple(int(part) for part in pixel) for row in pixels for pixel in row}
    assert {(0, 114, 178), (213, 94, 0), (255, 255, 255)} <= shades  # observed, forecast, paper
    two = Forecast(np.array([[1.0, 10], [2, 20]]), names=("tea", "coffee"))
    assert two.to_csv() == "step,series,value\n1,tea,1\n1,coffee,10\n2,tea,2\n2,coffee,20\n"
    assert two.draw((300, 100)).size == (300, 200)
    assert Forecast([5.0]).draw((300, 100)).size == (300, 100)
