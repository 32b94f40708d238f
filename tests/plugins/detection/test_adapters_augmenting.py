"""Boxes that move with the picture: whatever is drawn, a box bounds what it bounded."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import Image
from zoo_detection.adapters.augmenting import LEAST, cropped, drawn_part, framed, mirrored, varied
from zoo_detection.adapters.tuner import inside

from zoo.data import LabelledBox
from zoo.errors import BadData
from zoo.plugin import Target

RED = (255, 0, 0)
BOX = (30.0, 20.0, 70.0, 50.0)
TARGET = Target(kind="boxes", labels=("red",))


def painted() -> tuple[Image.Image, tuple[LabelledBox, ...]]:
    picture = Image.new("RGB", (100, 80), (40, 60, 40))
    picture.paste(RED, tuple(map(int, BOX)))
    return picture, (LabelledBox("red", BOX, area=900.0),)


def bounds(picture: Image.Image) -> tuple[float, ...] | None:
    """What is redder than it is green, as corners."""
    pixels = np.asarray(picture).astype(int)
    rows, columns = np.nonzero(pixels[..., 0] > pixels[..., 1] + 60)
    return (columns.min(), rows.min(), columns.max() + 1.0, rows.max() + 1.0) if len(rows) else None


def test_a_box_bounds_its_object_after_any_variation() -> None:
    seen = set()
    for seed in range(300):
        picture, boxes = varied(*painted(), random.Random(seed))
        if not boxes:
            assert bounds(picture) is None
            continue
        (one,) = boxes
        assert one.box == bounds(picture)
        area = (one.box[2] - one.box[0]) * (one.box[3] - one.box[1])
        assert one.crowd == (area / 1200 < LEAST)
        assert one.area is None or area == 1200
        seen.add((picture.size < (100, 80), picture.size > (100, 80), one.box[0]))
    assert len(seen) > 50


def test_each_variation_is_exact() -> None:
    picture, boxes = painted()
    assert mirrored(picture, boxes)[1][0].box == (30, 20, 70, 50)  # it lies in the middle
    assert cropped(picture, boxes, (40, 0, 100, 80))[1][0].box == (0, 20, 30, 50)
    assert not cropped(picture, boxes, (40, 0, 100, 80))[1][0].crowd
    assert cropped(picture, boxes, (60, 0, 100, 80))[1][0].crowd  # a quarter is left
    assert cropped(picture, boxes, (70, 0, 100, 80))[1] == ()
    larger, (one,) = framed(picture, boxes, random.Random(1))
    assert larger.width > 100 and one.box == bounds(larger)


def test_a_crop_shows_half_of_an_object_that_is_learnt() -> None:
    generator = random.Random(0)
    boxes = (LabelledBox("red", BOX), LabelledBox("red", (0, 0, 5, 5), crowd=True))
    for _ in range(200):
        picture, left = cropped(painted()[0], boxes[:1], drawn_part(generator, (100, 80), boxes))
        assert not left[0].crowd and picture.width * picture.height >= 0.25 * 8000


def test_the_same_numbers_make_the_same_picture() -> None:
    one, other = (varied(*painted(), random.Random("3/0/7")) for _ in range(2))
    assert one[1] == other[1] and one[0].tobytes() == other[0].tobytes()


def test_boxes_are_cut_off_at_the_edges_and_checked() -> None:
    boxes = (LabelledBox("red", (-5, 10, 120, 30)), LabelledBox("red", (100, 0, 130, 20)))
    assert [one.box for one in inside(boxes, (100, 80), TARGET)] == [(0, 10, 100, 30)]
    with pytest.raises(BadData, match="'green', which is none of red"):
        inside((LabelledBox("green", BOX),), (100, 80), TARGET)
    with pytest.raises(BadData, match="no labelled box"):
        inside((LabelledBox("red", (0, 0, float("nan"), 5)),), (100, 80), TARGET)
    with pytest.raises(BadData, match="no labelled box"):
        inside((BOX,), (100, 80), TARGET)
