"""The runner: options, sizes, suppression, and the real detector against OpenCV's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from zoo_detection.cards import CARDS, COCO_LABELS
from zoo_detection.labels import columns
from zoo_detection.runner import Detect, DetectOptions, Picture, resize
from zoo_detection.ssd import make_anchors
from zoo_detection.tiling import View

from zoo.errors import BadCard, BadData, BadOption
from zoo.models.engine import Engine
from zoo.plugin import Checkpoint
from zoo.tasks import Detections, Segment, Segmentation


@pytest.fixture
def detect(tmp_path) -> Detect:
    return Detect(Checkpoint(card=CARDS[0], path=tmp_path, revision="0" * 64))


def finish(detect: Detect, corners, scores, size=(100, 200), **options) -> Detections:
    example = Picture(pixels=torch.zeros(3, 1, 1), view=View(width=size[0], height=size[1]))
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


def test_classes_have_cocos_numbers_or_are_those_of_the_card(detect, tmp_path):
    made = finish(detect, [[0.5, 0.5, 1.0, 1.0]], [{15: 0.9}])
    assert (made.boxes[0].label, made.boxes[0].category) == ("cat", 17)
    card = CARDS[0].replace(config={"labels": ["coin", "button"], "num_classes": 2})
    tuned = Detect(Checkpoint(card=card, path=tmp_path, revision="0" * 64))
    scores = torch.zeros(1, make_anchors().shape[0], 3) - 9
    scores[0, 700, 2] = 9.0  # the second class, as column 0 is the background
    outputs = tuned.forward(lambda batch: (torch.zeros(1, scores.shape[1], 4), scores), None, DetectOptions())
    example = Picture(pixels=torch.zeros(3, 1, 1), view=View(width=100, height=200))
    (box,) = tuned.finish(outputs, [example], DetectOptions())[0].boxes
    assert (box.label, box.category) == ("button", None)


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({"labels": "coco"}, {1: ("person", 1), 90: ("toothbrush", 90)}),
        ({"labels": {"3": "car"}}, {3: ("car", 3)}),
        ({"labels": ["ant", "bee"]}, {1: ("ant", None), 2: ("bee", None)}),
        ({"labels": ["no person", "person"]}, {1: ("person", 1)}),
    ],
)
def test_columns_of_every_form_of_labels(config, wanted):
    made = columns(config)
    assert made.items() >= wanted.items()
    assert 0 not in made
    with pytest.raises(BadCard):
        columns({"labels": "klingon"})


def test_results_load_into_pycocotools(detect):
    import pycocotools.mask
    from pycocotools.coco import COCO

    made = finish(detect, [[0.1, 0.1, 0.3, 0.2], [0.5, 0.5, 1.0, 1.0]], [{0: 0.4}, {15: 0.9}])
    mask = np.zeros((200, 100), dtype=np.float32)
    mask[20:50, 10:30] = 1
    regions = Segmentation((Segment("cat", 0.9, mask, (10, 20, 30, 50), 17),))
    known = COCO()
    known.dataset = {
        "images": [{"id": 7, "width": 100, "height": 200}],
        "categories": [{"id": number, "name": name} for number, name in COCO_LABELS.items()],
        "annotations": [],
    }
    known.createIndex()
    loaded = known.loadRes(made.to_coco(7))
    rows = sorted(loaded.dataset["annotations"], key=lambda row: -row["score"])
    assert [row["bbox"] for row in rows] == [pytest.approx([50, 100, 50, 100]), pytest.approx([10, 20, 20, 20])]
    assert known.loadCats(rows[0]["category_id"])[0]["name"] == "cat"
    (row,) = regions.to_coco(7)
    wanted = pycocotools.mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert known.annToRLE(row) == wanted | {"counts": wanted["counts"].decode()}


def test_threshold_and_number(detect):
    corners = [[i / 10, 0.0, i / 10 + 0.05, 0.1] for i in range(8)]
    scores = [{0: 0.2 + i / 20} for i in range(8)]
    assert len(finish(detect, corners, scores, threshold=0.3).boxes) == 6
    assert len(finish(detect, corners, scores, threshold=0.0, max_objects=2).boxes) == 2
    assert finish(detect, corners, scores, threshold=0.99).boxes == ()


def test_boxes_without_area_are_left_out(detect):
    assert finish(detect, [[1.0, 0.2, 1.0, 0.4]], [{0: 0.9}]).boxes == ()


def test_one_place_can_hold_two_classes(detect):
    assert len(finish(detect, [[0.1, 0.1, 0.5, 0.5]], [{0: 0.9, 3: 0.8}]).boxes) == 2


@pytest.mark.parametrize("options", [{"threshold": 1.5}, {"threshold": -0.1}, {"iou": 2.0}, {"max_objects": 0}])
def test_senseless_options_are_refused(detect, options):
    with pytest.raises(BadOption):
        detect.prepare(Image.new("RGB", (8, 8)), DetectOptions(**options))


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (300, 300), (37, 1201)])
def test_every_size_is_prepared(detect, size):
    (example,) = detect.prepare(Image.new("RGB", size, "white"), DetectOptions())
    assert example.pixels.shape == (3, 300, 300)
    assert (example.view.width, example.view.height) == size
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
    options = DetectOptions(threshold=0.0, max_objects=5)
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
