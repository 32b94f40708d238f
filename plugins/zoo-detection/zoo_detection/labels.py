"""Which class each column of a detector's scores is: its name, and its number in COCO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from zoo.errors import BadCard
from zoo_detection.cards import COCO_LABELS

__all__ = ["JOINTS", "Kind", "coco_number", "columns", "keypoint_names"]

Kind = tuple[str, int | None]
"""A class: its name, and its `category_id` in COCO; None where it has none."""

JOINTS = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip"),
    *("left_knee", "right_knee", "left_ankle", "right_ankle"),
)  # COCO's order (`keypoints` of its person category)

# Names of Darknet's `coco.names`, which files on the hub use too, where COCO's own differ.
_OTHER_NAMES = MappingProxyType(
    {
        "aeroplane": "airplane",
        "diningtable": "dining table",
        "motorbike": "motorcycle",
        "pottedplant": "potted plant",
        "sofa": "couch",
        "tvmonitor": "tv",
    }
)
_NUMBERS = MappingProxyType({name: number for number, name in COCO_LABELS.items()})
_NOBODY = "no person"  # how torchvision calls the background of its keypoint models, the only list that has one


def columns(config: Mapping[str, Any]) -> dict[int, Kind]:
    """The classes by column, of a detector whose column 0 is the background.

    Args:
        config: of a card. `labels` is `coco` (a column is COCO's number), a table from such numbers to names, or a list
            of names in the order of the classes, the first in column 1: so fine-tuned models have it.

    Raises:
        BadCard: the labels are in no such form.
    """
    labels = config.get("labels")
    if labels == "coco":
        labels = COCO_LABELS
    if isinstance(labels, Mapping):
        return {int(number): (str(name), int(number)) for number, name in labels.items()}
    if not isinstance(labels, Sequence) or isinstance(labels, str):
        raise BadCard(f"labels {labels!r} are unknown", "Give the names as a list in the card's config.")
    if labels and labels[0] == _NOBODY:
        return {number: (name, coco_number(name)) for number, name in enumerate(labels) if number}
    return {number: (str(name), None) for number, name in enumerate(labels, 1)}


def coco_number(name: str) -> int | None:
    """COCO's number of a class, by its name there or in Darknet; None for a name that COCO has not."""
    return _NUMBERS.get(_OTHER_NAMES.get(name, name))


def keypoint_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a figure's points in the order of the module's outputs; `BadCard` for an unknown set."""
    names = config["keypoints"]
    if isinstance(names, str) and names != "coco-keypoints":
        raise BadCard(f"keypoints {names!r} are unknown", "Give the names as a list in the card's config.")
    return JOINTS if isinstance(names, str) else tuple(names)
