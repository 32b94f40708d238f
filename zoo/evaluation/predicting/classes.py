"""Classes and numbers, from `Classification` results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import BadInput
from zoo.evaluation.predicting.naming import labels_of, matched
from zoo.evaluation.predictions import Predictions
from zoo.models.failing import Failure

if TYPE_CHECKING:
    from zoo.evaluation.predicting.asked import Asked

__all__ = ["predict_classes", "predict_numbers"]

ALL = 1_000_000  # labels; runners give as many as there are


def predict_classes(asked: Asked) -> Predictions:
    """Probabilities of all labels of the model, for one class or for several at once."""
    several = asked.kind == "multi"
    wanted = {name for label in asked.split.labels for name in (label if several else (label,))}
    with asked.opened() as model:
        known = _known(asked, labels_of(model.engine.runner))
        spelt = matched(wanted, known, asked.model) if known else None  # before the work, where that can be
        found = asked.results(model, asked.split.inputs, {"top_k": ALL})
    known = known or _named(found)
    spelt = spelt or matched(wanted, known, asked.model)
    errors = {i: result.error.cause for i, result in enumerate(found) if isinstance(result, Failure)}
    kept = [i for i in range(len(found)) if i not in errors]
    sorted_out = asked.sorted_out(errors)
    return Predictions(
        kind=asked.kind,
        labels=known,
        truth=[_spelt(asked.split.labels[i], spelt) for i in kept],
        scores=_scores([found[i] for i in kept], known, several=several),
        **sorted_out,
    )


def predict_numbers(asked: Asked) -> Predictions:
    """The one number that a regression gives.

    Raises:
        BadInput: the model tells several things, so it is no regression.
    """
    with asked.opened() as model:
        found = asked.results(model, asked.split.inputs, {"top_k": ALL})
    errors = {i: result.error.cause for i, result in enumerate(found) if isinstance(result, Failure)}
    kept = [i for i in range(len(found)) if i not in errors]
    if odd := next((found[i] for i in kept if len(found[i].labels) != 1), None):
        raise BadInput(
            f"{asked.model} tells {len(odd.labels)} labels, not one number",
            "Evaluate it on data with classes, or fine-tune it on these numbers first.",
        )
    sorted_out = asked.sorted_out(errors)
    return Predictions(
        kind=asked.kind,
        labels=(found[kept[0]].labels[0].label,),
        truth=[asked.split.labels[i] for i in kept],
        scores=np.array([found[i].labels[0].score for i in kept]),
        **sorted_out,
    )


def _known(asked: Asked, stated: Sequence[str]) -> tuple[str, ...]:
    """The model's labels, each once, in the order asked for where they are the same; empty where it does not say."""
    names = tuple(dict.fromkeys(stated))
    return asked.labels if set(asked.labels) == set(names) else names


def _named(found: Sequence[Any]) -> tuple[str, ...]:
    return tuple(
        sorted({label.label for result in found if not isinstance(result, Failure) for label in result.labels})
    )


def _spelt(label: Any, spelt: Mapping[str, str]) -> Any:
    if isinstance(label, str):
        return spelt[label]
    return tuple(sorted({spelt[name] for name in label}))


def _scores(found: Sequence[Any], labels: Sequence[str], *, several: bool) -> Any:
    """Probabilities (n, labels); where two outputs of a model have one name, their sum, or the larger of `several`."""
    place = {name: i for i, name in enumerate(labels)}
    made = np.zeros((len(found), len(labels)))
    for row, result in zip(made, found, strict=True):
        for item in result.labels:
            at = place[item.label]
            row[at] = max(row[at], item.score) if several else row[at] + item.score
    return made
