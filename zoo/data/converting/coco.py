"""Writing COCO's form: `annotations/instances_train.json`, and the pictures in `images/train/`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.converting.placing import Names, Placed, is_anew, measured, place

if TYPE_CHECKING:
    from zoo.data.boxes import LabelledBox
    from zoo.data.raw import RawData

__all__ = ["SHORT", "write_coco"]

SHORT = {"all": "", "train": "train", "validation": "val", "test": "test"}


def write_coco(raw: RawData, folder: Path, *, link: bool = False, odd: Collection[str] = ()) -> None:
    """Write all pictures with their boxes; categories are numbered from 1 in the order of the classes.

    Args:
        raw: sound rows.
        folder: that is there.
        link: see `place`.
        odd: `Row.where` of the pictures that are to be written anew as RGB.
    """
    parts: dict[str, list[Placed]] = defaultdict(list)
    for placed in measured(raw):
        parts[placed.part].append(placed)
    (folder / "annotations").mkdir()
    for part, of in parts.items():
        inside = folder / "images" / SHORT[part]
        names = Names()
        files = [place(p.row.value, inside, names.of(p), link=link, anew=is_anew(p, odd)) for p in of]
        path = folder / "annotations" / f"instances{'_' if SHORT[part] else ''}{SHORT[part]}.json"
        path.write_text(json.dumps(_content(raw.classes, of, files), ensure_ascii=False), encoding="utf-8")


def _content(classes: Iterable[str], placed: Collection[Placed], files: Iterable[str]) -> dict[str, Any]:
    numbers = {name: number for number, name in enumerate(classes, 1)}
    ids = _ids(placed)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for one, name, image in zip(placed, files, ids, strict=True):
        images.append({"id": image, "file_name": name, "width": one.size[0], "height": one.size[1]})
        for box in one.row.label:
            annotations.append({"id": len(annotations) + 1, "image_id": image, **_annotation(box, numbers)})
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    return {"images": images, "annotations": annotations, "categories": categories}


def _ids(placed: Collection[Placed]) -> list[Any]:
    """The pictures' own ids where each has one, else numbers from 1."""
    own = [one.row.columns.get("image_id") for one in placed]
    good = all(isinstance(one, int | str) and not isinstance(one, bool) for one in own) and len(set(own)) == len(own)
    return own if good else list(range(1, len(own) + 1))


def _annotation(box: LabelledBox, numbers: dict[str, int]) -> dict[str, Any]:
    x1, y1, x2, y2 = box.box
    return {
        "category_id": numbers[box.label],
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": box.size,
        "iscrowd": int(box.crowd),
    }
