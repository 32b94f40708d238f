"""Detectors through the whole zoo: the real SSD learns coins of scikit-image's picture, tiny ones coloured shapes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision.models import get_model

from tests.finetuning.test_real import furnish
from tests.plugins.detection.learning import TARGET, scenes
from tests.plugins.detection.test_adapters_transformers import written
from zoo import Zoo
from zoo.cards import ModelCard, Source

__all__ = ["furnish"]

HALF = 150  # no coin lies across this row

Box = tuple[int, int, int, int]


def coins() -> tuple[Image.Image, list[Box]]:
    """The picture and its 24 coins, by scikit-image's own example of a watershed."""
    from scipy import ndimage
    from skimage import data, filters, measure, segmentation

    picture = data.coins()
    marks = np.where(picture < 30, 1, np.where(picture > 150, 2, 0))
    found = ndimage.binary_fill_holes(segmentation.watershed(filters.sobel(picture), marks) - 1)
    places = [one.bbox for one in measure.regionprops(measure.label(found)) if one.area > 300]
    boxes = [(x1, y1, x2, y2) for y1, x1, y2, x2 in places]
    assert len(boxes) == 24 and not [box for box in boxes if box[1] < HALF < box[3]]
    return Image.fromarray(picture).convert("RGB"), boxes


def write(folder: Path, count: int, top: int, bottom: int, numbers: random.Random) -> None:
    """Crops between two rows in COCO's form; a coin of which less than half is left counts for nothing."""
    picture, boxes = coins()
    folder.mkdir(parents=True)
    images, objects = [], []
    for number in range(count):
        wide = numbers.randint(150, 220)
        left = numbers.randint(0, picture.width - wide)
        picture.crop((left, top, left + wide, bottom)).save(folder / f"{number:02}.png")
        images.append({"id": number, "file_name": f"{number:02}.png", "width": wide, "height": bottom - top})
        for x1, y1, x2, y2 in boxes:
            seen = min(x2, left + wide) - max(x1, left)
            if top <= y1 < bottom and seen > 0:
                box = [max(x1, left) - left, y1 - top, seen, y2 - y1]
                few = int(seen < 0.5 * (x2 - x1))
                objects.append({"id": len(objects), "image_id": number, "category_id": 1, "bbox": box, "iscrowd": few})
    content = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "coin"}]}
    (folder / "_annotations.coco.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.real
@pytest.mark.serial
def test_the_ssd_learns_coins(furnish: Callable[[str], Zoo], tmp_path: Path) -> None:
    numbers = random.Random(0)
    write(tmp_path / "coins" / "train", 16, 0, HALF, numbers)
    write(tmp_path / "coins" / "test", 8, HALF, 303, numbers)
    run = furnish("ssd_mobilenet_v2_coco").finetune(
        "ssd_mobilenet_v2_coco",
        tmp_path / "coins",
        method="head",
        name="coins",
        epochs=6,
        batch=8,
        validation_size=0,
    )
    assert run is not None
    assert run.metrics["examples"] == 8
    assert run.metrics["recall_50"] >= 0.8
    assert run.metrics["map"] >= 0.5


def shapes(folder: Path) -> Path:
    """Pictures with coloured rectangles in COCO's form, one of them a pixel over the edge."""
    folder.mkdir()
    images, objects = [], []
    for number, (picture, boxes) in enumerate(scenes(12)):
        picture.save(folder / f"{number:02}.png")
        images.append({"id": number, "file_name": f"{number:02}.png", "width": picture.width, "height": picture.height})
        for one in boxes:
            x1, y1, x2, y2 = one.box
            kind = TARGET.labels.index(one.label) + 1
            objects.append(
                {"id": len(objects), "image_id": number, "category_id": kind, "bbox": [x1, y1, x2 - x1, y2 - y1]}
            )
    objects[0]["bbox"][2] = 97 - objects[0]["bbox"][0]
    kinds = [{"id": number, "name": name} for number, name in enumerate(TARGET.labels, 1)]
    content = {"images": images, "annotations": objects, "categories": kinds}
    (folder / "_annotations.coco.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def a_torchvision_model(zoo: Zoo, folder: Path) -> str:
    """torchvision's own SSDlite with random weights in a zoo."""
    torch.manual_seed(0)
    module = get_model("ssdlite320_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=4)
    folder.mkdir()
    save_file(module.state_dict(), folder / "model.safetensors")
    card = ModelCard(
        id="tiny",
        task="object-detection",
        library="torchvision",
        loader="torchvision-detection",
        architecture="ssdlite320_mobilenet_v3_large",
        config={"num_classes": 4, "labels": ["ant", "bee", "cat"]},
        sources=(Source(uri=f"file:{folder}"),),
    )
    zoo.catalog.add_card(card, feed="local")
    return zoo.pull("tiny").card.id


def a_transformers_model(zoo: Zoo, folder: Path) -> str:
    """A tiny DETR with random weights in a zoo."""
    written(folder, "DetrForObjectDetection")
    return zoo.pull(str(folder)).card.id


@pytest.mark.parametrize(
    ("put", "method"),
    [(a_torchvision_model, "head"), (a_transformers_model, "lora"), (a_transformers_model, "full")],
)
def test_from_a_file_of_boxes_to_a_model_that_finds_and_is_measured(
    tmp_path: Path, put: Callable[[Zoo, Path], str], method: str
) -> None:
    zoo = Zoo(tmp_path / "home", quiet=True, offline=True)
    base, data = put(zoo, tmp_path / "base"), shapes(tmp_path / "data")
    run = zoo.finetune(base, data, name="new", task="object-detection", method=method, epochs=1, seed=1)
    assert run is not None
    record = run.record
    assert (record["task"], record["target"]["kind"], record["method"]) == ("object-detection", "boxes", method)
    assert 0 <= run.metrics["map"] <= 1
    again = Zoo(tmp_path / "home", quiet=True, offline=True)
    assert (again.show("new")["task"], again.show("new")["card"]["base"]) == ("object-detection", base)
    with again.load("new") as model:
        found = model.predict(data / "00.png", threshold=0.0)
    assert found.boxes and {box.label for box in found.boxes} <= {"red", "blue"}
    assert again.evaluate("new", data).evaluation.metrics["map"].value >= 0
