"""The runner: options, sizes, suppression, and the real detector against OpenCV's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from zoo_detection.cards import CARDS
from zoo_detection.runner import Detect, DetectOptions, Picture, resize

from zoo.errors import BadData, BadOption
from zoo.models.engine import Engine
from zoo.plugin import Checkpoint
from zoo.tasks import Detections


@pytest.fixture
def detect(tmp_path) -> Detect:
    return Detect(Checkpoint(card=CARDS[0], path=tmp_path, revision="0" * 64))


def finish(detect: Detect, corners, scores, size=(100, 200), **options) -> Detections:
    example = Picture(pixels=torch.zeros(3, 1, 1), width=size[0], height=size[1])
    full = torch.zeros(1, len(corners), 80)
    for row, pairs in enumerate(scores):
        for column, score in pairs.items():
            full[0, row, column] = score
    return detect.finish((torch.tensor(corners)[None], full), [example], DetectOptions(**options))[0]


def test_boxes_are_in_pixels_best_first(detect):
    made = finish(detect, [[0.1, 0.1, 0.2, 0.2], [0.5, 0.5, 1.0, 1.0]], [{0: 0.4}, {15: 0.9}])
    assert [(b.label, round(b.score, 3)) for b in made.boxes] == [("cat", 0.9), ("person", 0.4)]
    assert made.boxes[0].box == pytest.approx((50, 100, 100, 200))


def test_overlapping_boxes_of_one_class_are_one(detect):
    corners = [[0.1, 0.1, 0.5, 0.5], [0.11, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.52]]
    made = finish(detect, corners, [{0: 0.8}, {0: 0.9}, {1: 0.7}])
    assert [(b.label, round(b.score, 3)) for b in made.boxes] == [("person", 0.9), ("bicycle", 0.7)]
    assert len(finish(detect, corners, [{0: 0.8}, {0: 0.9}, {1: 0.7}], iou=1.0).boxes) == 3


def test_threshold_and_number(detect):
    corners = [[i / 10, 0.0, i / 10 + 0.05, 0.1] for i in range(8)]
    scores = [{0: 0.2 + i / 20} for i in range(8)]
    assert len(finish(detect, corners, scores, threshold=0.3).boxes) == 6
    assert len(finish(detect, corners, scores, threshold=0.0, max_boxes=2).boxes) == 2
    assert finish(detect, corners, scores, threshold=0.99).boxes == ()


def test_boxes_without_area_are_left_out(detect):
    assert finish(detect, [[1.0, 0.2, 1.0, 0.4]], [{0: 0.9}]).boxes == ()


def test_one_place_can_hold_two_classes(detect):
    assert len(finish(detect, [[0.1, 0.1, 0.5, 0.5]], [{0: 0.9, 3: 0.8}]).boxes) == 2


@pytest.mark.parametrize("options", [{"threshold": 1.5}, {"threshold": -0.1}, {"iou": 2.0}, {"max_boxes": 0}])
def test_senseless_options_are_refused(detect, options):
    with pytest.raises(BadOption):
        detect.prepare(Image.new("RGB", (8, 8)), DetectOptions(**options))


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (300, 300), (37, 1201)])
def test_every_size_is_prepared(detect, size):
    (example,) = detect.prepare(Image.new("RGB", size, "white"), DetectOptions())
    assert example.pixels.shape == (3, 300, 300)
    assert (example.width, example.height) == size
    assert torch.equal(example.pixels, torch.ones(3, 300, 300))


def test_what_is_no_picture_is_refused(detect, tmp_path):
    with pytest.raises(BadData):
        detect.prepare(tmp_path / "absent.png", DetectOptions())


def test_resize_is_tensorflows():
    ramp = np.repeat(np.arange(4, dtype=np.uint8)[None, :, None] * 60, 4, axis=0).repeat(3, axis=2)
    made = resize(Image.fromarray(ramp), 8)
    # Positions i * 4 / 8: 0, .5, 1 … 3, 3.5, and beyond the last pixel its value stays.
    assert made[0, :, 0].tolist() == [0, 30, 60, 90, 120, 150, 180, 180]
    assert made.dtype == np.float32


def test_the_small_detector_runs_through_the_engine(tmp_path, pb, small_graph):
    module, _ = small_graph
    card = CARDS[0].replace(config={"labels": {"1": "cat", "2": "dog"}, "image_size": 300})
    runner = Detect(Checkpoint(card=card, path=tmp_path, revision="0" * 64))
    pictures = [Image.new("RGB", (40 + 10 * i, 30), (i, 0, 0)) for i in range(3)]
    options = DetectOptions(threshold=0.0, max_boxes=5)
    made = list(Engine(module, runner, batch=2).run(pictures, options))
    assert [len(result.boxes) for result in made] == [5, 5, 5]
    for result, image in zip(made, pictures, strict=True):
        scores = [box.score for box in result.boxes]
        assert scores == sorted(scores, reverse=True)
        for box in result.boxes:
            assert box.label in {"cat", "dog"}
            x1, y1, x2, y2 = box.box
            assert 0 <= x1 < x2 <= image.width
            assert 0 <= y1 < y2 <= image.height


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "label", "score"), [("chelsea", "cat", 0.910), ("coffee", "cup", 0.964), ("astronaut", "person", 0.837)]
)
def test_real_detector(real_zoo, picture, name, label, score):
    made = real_zoo.load("ssd_mobilenet_v2_coco").predict(picture(name))
    assert made.boxes[0].label == label
    assert made.boxes[0].score == pytest.approx(score, abs=0.01)


@pytest.mark.real
@pytest.mark.parametrize("name", ["chelsea", "coffee", "astronaut"])
def test_real_detector_is_opencvs(real_zoo, picture, name):
    """The same file through OpenCV's dnn, given the same pixels; its graph normalises them itself."""
    cv2 = pytest.importorskip("cv2")
    model = real_zoo.load("ssd_mobilenet_v2_coco")
    checkpoint = model.engine.runner.checkpoint
    net = cv2.dnn.readNetFromTensorflow(
        str(checkpoint.file("frozen_inference_graph.pb")),
        str(checkpoint.file("ssd_mobilenet_v2_coco_2018_03_29.pbtxt")),
    )
    with Image.open(picture(name)) as image:
        pixels, (width, height) = resize(image.convert("RGB"), 300), image.size
    net.setInput(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]))
    theirs = [row for row in net.forward()[0, 0] if row[2] >= 0.3]
    ours = model.predict(picture(name)).boxes
    assert len(ours) == len(theirs)
    names = checkpoint.card.config["labels"]
    for box, row in zip(ours, sorted(theirs, key=lambda r: -r[2]), strict=True):
        assert box.label == names[str(int(row[1]))]
        assert box.score == pytest.approx(float(row[2]), abs=0.02)
        corners = (row[3:].clip(0, 1) * [width, height, width, height]).tolist()
        assert overlap(box.box, corners) >= 0.9


def overlap(a, b) -> float:
    inner = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return inner / (sum(areas) - inner)
