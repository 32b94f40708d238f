"""Class maps from segments, and the count of pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.data import Split
from zoo.errors import BadData
from zoo.evaluation import judge, predict_split
from zoo.evaluation.predicting.masks import _counted, _renamed, class_map
from zoo.tasks import Segment, Segmentation


def mask(rows: list[str]) -> np.ndarray:
    return np.array([[float(c) / 9 for c in row] for row in rows])


def test_each_pixel_goes_to_the_segment_that_is_surest() -> None:
    result = Segmentation((Segment("cat", 1.0, mask(["990", "400"])), Segment("dog", 1.0, mask(["060", "069"]))))
    made = class_map(result, (2, 3), ["background", "dog", "cat"], {"cat": "cat", "dog": "dog"})
    assert made.tolist() == [[2, 2, 0], [0, 1, 1]]


def test_labels_that_only_the_model_has_are_wrong_and_ignored_pixels_do_not_count() -> None:
    known = ["background", "cat"]
    result = Segmentation((Segment("car", 1.0, mask(["90", "00"])), Segment("cat", 1.0, mask(["00", "99"]))))
    counts = _counted(result, np.array([[1, 255], [1, 0]]), 2, known, {"cat": "cat"})
    assert known == ["background", "cat", "car"]
    assert counts.tolist() == [[0, 1, 0], [0, 1, 1], [0, 0, 0]]


def test_masks_of_another_size_are_refused() -> None:
    result = Segmentation((Segment("cat", 1.0, mask(["90", "00"])),))
    with pytest.raises(BadData, match="its mask is 3 x 1 pixels, the picture 2 x 2"):
        _counted(result, np.array([[0, 1, 1]]), 2, ["background", "cat"], {})


def test_one_thing_is_the_thing() -> None:
    assert _renamed(["background", "horse"], ["salient object"], "m") == {"salient object": "horse"}
    assert _renamed(["background", "cat", "dog"], ["Dog", "cat", "car"], "m") == {"Dog": "dog", "cat": "cat"}
    with pytest.raises(BadData, match="'dgo' \\(nearest: 'dog'\\)"):
        _renamed(["background", "cat", "dgo"], ["dog", "cat"], "m")


@pytest.mark.real
def test_u2net_finds_the_horse(real_zoo, tmp_path: Path) -> None:
    from skimage import data

    real_zoo.pull("u2netp")
    horse = ~data.horse()
    Image.fromarray(np.stack([np.where(horse, 60, 230).astype(np.uint8)] * 3, -1)).save(tmp_path / "horse.png")
    Image.fromarray(horse.astype(np.uint8) * 255).save(tmp_path / "mask.png")
    split = Split(inputs=(tmp_path / "horse.png",), labels=(tmp_path / "mask.png",))
    zoo = real_zoo.zoo
    made = predict_split(
        zoo, zoo.obtain("u2netp"), split, task="image-segmentation", kind="mask", labels=("background", "horse")
    )
    assert made.scores.sum() == horse.size
    assert judge(made, resamples=100).metrics["foreground_iou"].value > 0.95
