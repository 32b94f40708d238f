"""`predict_split`: what a model says of a split's inputs, through the ordinary engine and the task's own runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import BadData
from zoo.evaluation.predicting.asked import Asked, Report
from zoo.evaluation.predictions import Predictions
from zoo.tasks import TargetKind

if TYPE_CHECKING:
    from zoo.data import Split
    from zoo.registry import Pulled, Registry

__all__ = ["Report", "predict_split"]


def predict_split(
    registry: Registry,
    pulled: Pulled,
    split: Split,
    *,
    task: str,
    kind: TargetKind,
    labels: tuple[str, ...] = (),
    device: str = "auto",
    batch: int | None = None,
    report: Report | None = None,
) -> Predictions:
    """What a model says of a split's inputs.

    Args:
        registry, pulled: the model.
        split: inputs and labels.
        task: what the model is run for.
        kind: the form of the labels.
        labels: the classes in the order that `scores` is to have, where the model has just these; else the model's own
            order is taken. For masks the names of the classes' indices.
        device, batch: as of `zoo.load`.
        report: is told of the progress.

    Raises:
        BadData: the data has labels that the model does not know, or no example can be used.
        MissingPlugin: nothing runs the model for the task; for `text`, nothing trains it.
    """
    if not len(split):
        raise BadData("there are no examples to predict", "Give at least one.")
    asked = Asked(
        registry=registry,
        pulled=pulled,
        split=split,
        task=task,
        kind=kind,
        labels=labels,
        device=device,
        batch=batch,
        report=report or (lambda what, done, total: None),
    )
    if kind in {"single", "multi"}:
        from zoo.evaluation.predicting.classes import predict_classes

        return predict_classes(asked)
    if kind == "regression":
        from zoo.evaluation.predicting.classes import predict_numbers

        return predict_numbers(asked)
    if kind == "tags":
        from zoo.evaluation.predicting.tags import predict_tags

        return predict_tags(asked)
    if kind in {"pairs", "scored"}:
        from zoo.evaluation.predicting.pairs import predict_pairs

        return predict_pairs(asked)
    if kind == "mask":
        from zoo.evaluation.predicting.masks import predict_masks

        return predict_masks(asked)
    if kind == "boxes":
        from zoo.evaluation.predicting.boxes import predict_boxes

        return predict_boxes(asked)
    if kind == "transcript":
        from zoo.evaluation.predicting.transcripts import predict_transcripts

        return predict_transcripts(asked)
    from zoo.evaluation.predicting.texts import predict_texts

    return predict_texts(asked)
