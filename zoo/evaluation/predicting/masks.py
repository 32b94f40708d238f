"""A class for each pixel, from `Segmentation` results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import BadData
from zoo.evaluation.predicting.naming import labels_of, matched
from zoo.evaluation.predictions import Predictions
from zoo.models.failing import Failure

if TYPE_CHECKING:
    from zoo.evaluation.predicting.asked import Asked
    from zoo.tasks import Segmentation

__all__ = ["class_map", "masks_of", "predict_masks"]

BACKGROUND = ("background", "__background__")
ON = 0.5


def predict_masks(asked: Asked) -> Predictions:
    """Pixels of each picture, counted by true and predicted class.

    What no segment covers is background. A model with one label, such as a salient object's, is taken to mean the
    data's one class beside the background, whatever both are called. Labels that only the model has are classes too,
    and always wrong.
    """
    split, known = asked.split, list(asked.labels)
    found, renamed = _found(asked)
    counts: dict[int, Any] = {}
    errors: dict[int, str] = {}
    for number, result in enumerate(found):
        try:
            counts[number] = _counted(result, split.labels[number], len(asked.labels), known, renamed)
        except BadData as error:
            errors[number] = error.cause
    sorted_out = asked.sorted_out(errors)
    made = np.zeros((len(counts), len(known), len(known)), dtype=np.int64)
    for row, counted in zip(made, counts.values(), strict=True):
        row[: counted.shape[0], : counted.shape[1]] = counted
    return Predictions(kind=asked.kind, labels=tuple(known), truth=[None] * len(counts), scores=made, **sorted_out)


def masks_of(asked: Asked) -> list[tuple[Any, Any]]:
    """The true and the predicted class of each pixel (height, width), for each picture that can be used."""
    from zoo.data.masks import read_mask

    known = list(asked.labels)
    found, renamed = _found(asked)
    pairs = []
    for result, label in zip(found, asked.split.labels, strict=True):
        if not isinstance(result, Failure):
            true = read_mask(label, len(asked.labels))
            pairs.append((true, class_map(result, true.shape, known, renamed)))
    return pairs


def _found(asked: Asked) -> tuple[list[Any], dict[str, str]]:
    """The result of each picture, and the data's name of each of the model's labels that it has."""
    with asked.opened() as model:
        stated = [name for name in labels_of(model.engine.runner) if name not in BACKGROUND]
        found = asked.results(model, asked.split.inputs, {})
    stated = stated or sorted({s.label for r in found if not isinstance(r, Failure) for s in r.segments})
    return found, _renamed(asked.labels, stated, asked.model)


def _renamed(known: Sequence[str], stated: Sequence[str], model: str) -> dict[str, str]:
    """The data's name of each of the model's labels that it has."""
    wanted = [name for name in known if name not in BACKGROUND]
    if len(wanted) == 1 and len(stated) == 1:
        return {stated[0]: wanted[0]}
    return {own: name for name, own in matched(wanted, stated, model).items()} if stated else {}


def _counted(result: Any, truth: Any, classes: int, known: list[str], renamed: dict[str, str]) -> Any:
    """Pixels (classes, classes) of one picture; labels of the model's own are added to `known`."""
    from zoo.data.masks import IGNORED, read_mask

    if isinstance(result, Failure):
        raise BadData(result.error.cause)
    true = read_mask(truth, classes)
    predicted = class_map(result, true.shape, known, renamed)
    counts = true != IGNORED
    flat = true[counts] * len(known) + predicted[counts]
    return np.bincount(flat, minlength=len(known) ** 2).reshape(len(known), len(known))


def class_map(result: Segmentation, shape: tuple[int, ...], known: list[str], renamed: dict[str, str]) -> Any:
    """The class of each pixel (height, width): that of the segment with the highest mask value of at least .5."""
    made = np.zeros(shape, dtype=np.int64)
    best = np.full(shape, ON)
    for segment in result.segments:
        mask = np.asarray(segment.mask, dtype=np.float64)
        if mask.shape != shape:
            raise BadData(f"its mask is {shape[1]} x {shape[0]} pixels, the picture {mask.shape[1]} x {mask.shape[0]}")
        name = renamed.get(segment.label, segment.label)
        if name not in known:
            known.append(name)
        wins = mask >= best
        made[wins], best[wins] = known.index(name), mask[wins]
    return made
