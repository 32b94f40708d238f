"""Tiles: where they lie, which boxes are pieces, and small objects that only tiles find."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from zoo_detection.tiling import Part, TileOptions, View, joined, tiles

from zoo.errors import BadOption
from zoo.tasks import Box


def test_tiles_cover_the_picture_evenly_and_overlap():
    whole, *made = tiles(1000, 350, 400, 0.25)
    assert (whole.width, whole.height, whole.full) == (1000, 350, (1000, 350))
    assert [(view.left, view.top, view.width, view.height) for view in made] == [
        (0, 0, 400, 350), (300, 0, 400, 350), (600, 0, 400, 350)
    ]  # fmt: skip
    seen = np.zeros((905, 1203), dtype=int)
    for view in list(tiles(1203, 905, 400, 0.2))[1:]:
        assert (view.width, view.height) == (400, 400)
        seen[view.top : view.top + 400, view.left : view.left + 400] += 1
    assert seen.min() == 1


def test_a_picture_that_fits_a_tile_is_one_view():
    assert list(tiles(300, 400, 400, 0.2)) == [View(width=300, height=400)]


@pytest.mark.parametrize("options", [{"tile": 8}, {"overlap": 0.95}, {"iou": 1.5}, {"max_objects": 0}])
def test_senseless_options_are_refused(options):
    with pytest.raises(BadOption):
        TileOptions(**options)


LEFT, RIGHT = (View(width=100, height=100, left=left, full=(180, 100)) for left in (0, 80))
WHOLE = View(width=180, height=100, full=(180, 100))


def boxes(view: View, *rows):
    return Part(tuple(Box(label, score, box) for label, score, box in rows), view)


def kept(*parts, iou=0.5, most=100):
    return [(box.label, box.score) for box in joined(parts, iou, most).boxes]


def test_pieces_give_way_to_what_they_are_of_whatever_their_score():
    left = boxes(LEFT, ("cat", 0.9, (60, 10, 100, 50)))  # cut by the tile's right edge
    right = boxes(RIGHT, ("cat", 0.5, (80, 10, 120, 50)))  # cut by its left edge
    whole = boxes(WHOLE, ("cat", 0.4, (60, 10, 120, 50)))
    assert kept(left, right, whole) == [("cat", 0.4)]
    # Nothing stands for them: both stay, as each may be an object of its own.
    assert kept(left, right) == [("cat", 0.9), ("cat", 0.5)]
    dog = boxes(WHOLE, ("dog", 0.4, (60, 10, 120, 50)))
    assert kept(left, dog) == [("cat", 0.9), ("dog", 0.4)]


def test_a_box_at_the_pictures_own_edge_is_no_piece():
    left = boxes(LEFT, ("cat", 0.9, (0, 0, 40, 100)))
    whole = boxes(WHOLE, ("cat", 0.4, (0, 0, 170, 100)))
    assert kept(left, whole) == [("cat", 0.9), ("cat", 0.4)]


def test_an_object_of_several_views_is_one():
    left = boxes(LEFT, ("cat", 0.7, (82, 10, 96, 50)))
    right = boxes(RIGHT, ("cat", 0.8, (82.5, 10, 97, 50)))
    assert kept(left, right) == [("cat", 0.8)]
    assert len(kept(left, right, iou=1.0)) == 2
    assert kept(left, boxes(RIGHT, ("cup", 0.8, (82.5, 10, 97, 50))), most=1) == [("cup", 0.8)]
    assert kept(boxes(LEFT), boxes(RIGHT)) == []


@pytest.mark.real
def test_small_cats_and_cups_are_found_in_tiles_only(real_zoo, picture):
    """Sixteen photographs side by side, which the detector's 300 pixels show in 75 each."""
    photos = [np.asarray(Image.open(picture(name)).convert("RGB").resize((450, 300))) for name in ("chelsea", "coffee")]
    rows = [np.concatenate([photos[(row + column) % 2] for column in range(4)], 1) for row in range(4)]
    mosaic = np.concatenate(rows)
    with real_zoo.load("ssd_mobilenet_v2_coco") as model:
        whole = model.predict(mosaic, threshold=0.5)
        found = model.predict(mosaic, threshold=0.5, tile=500)
        parts = list(model.parts(mosaic, threshold=0.5, tile=500))
    assert sum(box.label in {"cat", "cup"} for box in whole.boxes) < 4
    for label, first in (("cat", 0), ("cup", 1)):
        middles = [((b.box[0] + b.box[2]) / 2, (b.box[1] + b.box[3]) / 2) for b in found.boxes if b.label == label]
        cells = {(int(y // 300), int(x // 450)) for x, y in middles}
        assert len(middles) == len(cells) == 8
        assert all((row + column) % 2 == first for row, column in cells)
    assert len(parts) == len(list(tiles(1800, 1200, 500, 0.2)))
