"""Labelled boxes, from `Detections` results."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zoo.evaluation.predicting.naming import found_among, labels_of, matched
from zoo.evaluation.predictions import Predictions
from zoo.models.failing import Failure

if TYPE_CHECKING:
    from zoo.evaluation.predicting.asked import Asked
    from zoo.tasks import Box

__all__ = ["predict_boxes"]

MOST = 100
# Precision is measured over all scores: what the model is hardly sure of comes last, and must be there. The whole
# picture is looked at once, as models are measured elsewhere.
OPTIONS: Mapping[str, Any] = {"threshold": 0.001, "max_objects": MOST, "tile": None}


def predict_boxes(asked: Asked) -> Predictions:
    """The best 100 boxes of each picture, in the data's classes; boxes of others are left out."""
    split = asked.split
    with asked.opened() as model:
        stated = _stated(asked, model.engine.runner)
        found = asked.results(model, split.inputs, OPTIONS)
    stated = stated or sorted({box.label for r in found if not isinstance(r, Failure) for box in r.boxes})
    names = _names(asked, stated)
    errors = {i: result.error.cause for i, result in enumerate(found) if isinstance(result, Failure)}
    sorted_out = asked.sorted_out(errors)
    kept = [i for i in range(len(found)) if i not in errors]
    return Predictions(
        kind=asked.kind,
        labels=asked.labels,
        truth=[tuple(split.labels[i]) for i in kept],
        scores=[_in_data(found[i].boxes, names) for i in kept],
        **sorted_out,
    )


def _stated(asked: Asked, runner: Any) -> Sequence[str]:
    """The model's classes as its runner or its card has them; none where neither says."""
    labels = asked.pulled.card.config.get("labels") or ()
    return labels_of(runner) or tuple(map(str, labels.values() if isinstance(labels, Mapping) else labels))


def _names(asked: Asked, stated: Sequence[str]) -> dict[str, str]:
    """The data's name of each class that both have.

    Raises:
        BadData: a class that occurs in the data is none of the model's.
    """
    if not stated:
        return {}
    occurring = {box.label for boxes in asked.split.labels for box in boxes}
    made = found_among(asked.labels, stated) | matched(occurring, stated, asked.model)
    return {own: name for name, own in made.items()}


def _in_data(boxes: Sequence[Box], names: Mapping[str, str]) -> tuple[Box, ...]:
    found = [dataclasses.replace(box, label=names[box.label]) for box in boxes if box.label in names]
    return tuple(sorted(found, key=lambda box: -box.score)[:MOST])
