"""Losses of texts' tokens, by the adapter that would train the model on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from zoo.errors import BadData, ResourceError
from zoo.evaluation.predictions import Predictions
from zoo.plugin import Checkpoint, FineTuner, Target

if TYPE_CHECKING:
    from zoo.evaluation.predicting.asked import Asked
    from zoo.models import Model

__all__ = ["predict_texts"]

BATCH = 8  # texts; the scores of a batch are tokens x vocabulary


def predict_texts(asked: Asked) -> Predictions:
    """Sum of losses and count of predicted tokens of each text, in float32.

    The adapter's evaluation says which tokens are predicted: all but the first of a text for a model that writes on;
    for a masked model those that it masks, the same each time.
    """
    pulled = asked.pulled
    checkpoint = Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision)
    adapter: FineTuner = asked.registry.plugins.finetuner(pulled.card.loader, asked.task)(checkpoint)
    target = Target(kind=asked.kind, labels=asked.labels)
    examples, errors = _encoded(adapter, asked, target)
    # Texts of like length together: less padding.
    order = sorted(examples, key=lambda i: len(str(asked.split.inputs[i])))
    step = asked.batch or BATCH
    losses = np.zeros((len(asked.split), 2))
    with asked.opened(dtype="float32") as model:
        for start in range(0, len(order), step):
            places = order[start : start + step]
            losses[places] = _losses(adapter, model, [examples[i] for i in places], target)
            asked.report("predicting", len(places), len(order))
    errors |= {i: "it has no token to predict" for i in examples if not losses[i, 1]}
    sorted_out = asked.sorted_out(errors)
    kept = [i for i in range(len(asked.split)) if i not in errors]
    return Predictions(
        kind=asked.kind, labels=asked.labels, truth=[None] * len(kept), scores=losses[kept], **sorted_out
    )


def _encoded(adapter: FineTuner, asked: Asked, target: Target) -> tuple[dict[int, Any], dict[int, str]]:
    examples: dict[int, Any] = {}
    errors: dict[int, str] = {}
    for number, text in enumerate(asked.split.inputs):
        try:
            examples[number] = adapter.encode(text, asked.split.labels[number], target, draw=None)
        except BadData as error:
            errors[number] = error.cause
    return examples, errors


def _losses(adapter: FineTuner, model: Model, examples: Sequence[Any], target: Target) -> Any:
    """The sums and counts (examples, 2) of a batch, which is halved where memory does not suffice."""
    batch = {
        name: value.to(model.device) if isinstance(value, torch.Tensor) else value
        for name, value in adapter.batch(examples, target).items()
    }
    try:
        with model.turn() as module, torch.inference_mode():
            _, found = adapter.loss(module, batch, target)
        return found.double().cpu().numpy()
    except torch.OutOfMemoryError as error:
        if len(examples) == 1:
            raise ResourceError(
                f"a text alone does not fit into the memory of {model.device}", "Use another device."
            ) from error
    half = len(examples) // 2
    return np.concatenate([_losses(adapter, model, part, target) for part in (examples[:half], examples[half:])])
