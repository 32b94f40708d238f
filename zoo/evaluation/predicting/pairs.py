"""Pairs of texts, from `Embedding` results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.evaluation.predictions import Predictions
from zoo.models.failing import Failure

if TYPE_CHECKING:
    from zoo.evaluation.predicting.asked import Asked

__all__ = ["embedded", "predict_pairs"]


def predict_pairs(asked: Asked) -> Predictions:
    """Cosine similarities: of each pair (`scored`), or of each first text to every second one (`pairs`)."""
    pairs = asked.split.inputs
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    vectors, wrong = embedded(asked, texts)
    errors = {i: wrong[text] for i, pair in enumerate(pairs) for text in reversed(pair) if text in wrong}
    kept = [i for i in range(len(pairs)) if i not in errors]
    sorted_out = asked.sorted_out(errors)
    place = {text: row for row, text in enumerate(text for text in texts if text not in wrong)}
    first, second = (vectors[[place[pairs[i][side]] for i in kept]] for side in (0, 1))
    scored = asked.kind == "scored"
    return Predictions(
        kind=asked.kind,
        labels=asked.labels,
        truth=[asked.split.labels[i] if scored else pairs[i][1] for i in kept],
        scores=(first * second).sum(1).astype(np.float64) if scored else first @ second.T,
        **sorted_out,
    )


def embedded(asked: Asked, texts: list[str]) -> tuple[Any, dict[str, str]]:
    """Vectors (good texts, dimensions) float32 of length 1, in order, and why the others have none."""
    with asked.opened() as model:
        found = asked.results(model, texts, {})
    wrong = {t: r.error.cause for t, r in zip(texts, found, strict=True) if isinstance(r, Failure)}
    rows = [result.vector for result in found if not isinstance(result, Failure)]
    made = np.asarray(rows, dtype=np.float32).reshape(len(rows), -1)
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    return made / np.where(lengths == 0, 1, lengths), wrong
