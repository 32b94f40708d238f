"""Pictures with boxes in the three published forms, written small."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.data.making import write

__all__ = ["SIZE", "coco", "picture", "voc_xml", "write_coco"]

SIZE = (64, 48)
BBox = Sequence[float]


def picture(path: Path, seed: int = 0, size: tuple[int, int] = SIZE) -> Path:
    """Noise, another one for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def coco(boxes: Mapping[str, Sequence[tuple[int, BBox]]], categories: Mapping[int, str]) -> dict[str, Any]:
    """COCO's JSON for pictures of 64 x 48, with the category and bbox of each object."""
    names = list(boxes)
    images = [{"id": n, "file_name": name, "width": 64, "height": 48} for n, name in enumerate(names)]
    flat = [(n, one) for n, name in enumerate(names) for one in boxes[name]]
    annotations = [
        {"id": i, "image_id": n, "category_id": category, "bbox": list(bbox), "area": 9.5, "iscrowd": 0}
        for i, (n, (category, bbox)) in enumerate(flat)
    ]
    kinds = [{"id": number, "name": name} for number, name in categories.items()]
    return {"images": images, "annotations": annotations, "categories": kinds}


def write_coco(folder: Path, content: Mapping[str, Any], name: str = "annotations.json") -> Path:
    """The file, and a picture beside it for each that it names; returns the folder."""
    write(folder / name, json.dumps(content))
    for seed, image in enumerate(content["images"]):
        picture(folder / image["file_name"], seed)
    return folder


def voc_xml(name: str, objects: Sequence[tuple[str, Sequence[float], int]], size: tuple[int, int] = SIZE) -> str:
    """One picture's annotation; corners count from 1."""
    made = f"<annotation><filename>{name}</filename><size><width>{size[0]}</width><height>{size[1]}</height></size>"
    for label, box, difficult in objects:
        sides = "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
        made += f"<object><name>{label}</name><difficult>{difficult}</difficult><bndbox>{sides}</bndbox></object>"
    return f"{made}</annotation>"
