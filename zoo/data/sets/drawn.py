"""From a cell to the labelled boxes of a picture, in the forms that tables, libraries and Python rows have."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from zoo.data.boxes import LabelledBox, fault_of
from zoo.data.sets.values import Unusable, is_empty

__all__ = ["area_of", "boxes_of", "corners_of", "malformed"]

_LABELS = ("label", "labels", "category", "categories", "class", "classes", "name", "names", "category_id")
_CORNERS = ("box", "boxes")  # x1, y1, x2, y2
_BBOXES = ("bbox", "bboxes")  # x, y, width, height, as COCO has it
_AREAS = ("area", "areas")
_CROWDS = ("crowd", "iscrowd", "is_crowd", "difficult")
_NOTHING = (math.nan, math.nan, math.nan, math.nan)
_HUGE = 1e300  # what no area is
_ENDS = ("xmin", "ymin", "xmax", "ymax")


def boxes_of(cell: Any, classes: Collection[str] | None) -> tuple[LabelledBox, ...]:
    """The boxes of one picture.

    Args:
        cell: a list of `LabelledBox`, of `(label, corners)`, or of dicts with a label and `box` (corners) or `bbox` (x,
            y, width, height); a dict with a list of each, as the `datasets` library has it; JSON of these.
        classes: the names that there are, where they are known.

    Raises:
        Unusable: not such a list; or a box is one that no picture can have, with all boxes as the `rest`.
    """
    boxes = tuple(_box(one) for one in _listed(cell))
    for number, one in enumerate(boxes, 1):
        fault = fault_of(one, classes=classes)
        if fault is not None:
            raise Unusable("box", f"has box {number} ({one.label or 'no label'}), which {fault[1]}", boxes)
    return boxes


def malformed(label: str) -> LabelledBox:
    """What stands for an object of which no box can be made."""
    return LabelledBox(label, _NOTHING)


def corners_of(bbox: Any) -> tuple[float, float, float, float]:
    """COCO's x, y, width, height as corners; not numbers where it has another form."""
    x, y, width, height = _four(bbox)
    return (x, y, x + width, y + height)


def _four(values: Any) -> tuple[float, float, float, float]:
    if isinstance(values, Mapping) and all(name in values for name in _ENDS):
        values = [values[name] for name in _ENDS]
    values = values.tolist() if hasattr(values, "tolist") else values
    try:
        first, second, third, fourth = (float(value) for value in values if not isinstance(value, str | bool))
    except (TypeError, ValueError, OverflowError):
        return _NOTHING
    return (first, second, third, fourth)


def _listed(cell: Any) -> Iterator[Any]:
    if isinstance(cell, str) and cell.strip():
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError) as error:
            raise Unusable("label", "has objects that are not JSON") from error
    if isinstance(cell, Mapping):
        return _columns(cell)
    if is_empty(cell):
        raise Unusable("label", "has no list of objects; an empty list is a picture without any")
    if not isinstance(cell, list | tuple):
        raise Unusable("label", f"has {type(cell).__name__} where a list of objects is meant")
    return iter(cell)


def _columns(cell: Mapping[str, Any]) -> Iterator[Any]:
    """Single objects of a dict with a list of each."""
    lists = {name: column.tolist() if hasattr(column, "tolist") else column for name, column in cell.items()}
    boxes = _first(lists, _BBOXES + _CORNERS)
    count = len(boxes) if isinstance(boxes, list | tuple) else -1
    same = {name: column for name, column in lists.items() if isinstance(column, list | tuple)}
    labels = _first(same, _LABELS)
    if count < 0 or labels is None or len(labels) != count:
        raise Unusable("label", "has objects that are not one label for each of a list of boxes")
    rows = {name: column for name, column in same.items() if len(column) == count}
    return (dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True))


def _box(one: Any) -> LabelledBox:
    if isinstance(one, LabelledBox):
        area = area_of(one.area)
        return one if area == one.area else replace(one, area=area)
    if isinstance(one, Mapping):
        bbox, corners = _first(one, _BBOXES), _first(one, _CORNERS)
        return LabelledBox(
            label=_text(_first(one, _LABELS)),
            box=_four(corners) if corners is not None else corners_of(bbox),
            crowd=bool(_first(one, _CROWDS)),
            area=area_of(_first(one, _AREAS)),
        )
    if isinstance(one, Sequence) and not isinstance(one, str) and len(one) == 2:
        return LabelledBox(_text(one[0]), _four(one[1]))
    return malformed("")


def _first(cells: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((cells[name] for name in names if cells.get(name) is not None), None)


def _text(label: Any) -> str:
    label = label.item() if hasattr(label, "item") else label
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    return str(label).strip() if isinstance(label, str | int | float) and not is_empty(label) else ""


def area_of(value: Any) -> float | None:
    """A given area; None for what is none."""
    value = value.item() if hasattr(value, "item") else value
    known = isinstance(value, int | float) and 0 < value < _HUGE
    return float(value) if known else None
