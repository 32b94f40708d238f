"""Texts: how well a language model foretells their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.evaluation.measures.base import Floats, Measure, ratio, totals
from zoo.evaluation.predictions import Predictions

__all__ = ["Text"]


class Text(Measure):
    """Perplexity: e to the mean loss over all predicted tokens of all texts. Of masked models, over the masked tokens.

    It is comparable only between models with the same tokenizer; bits per token likewise.
    """

    main = "perplexity"
    higher = False

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(predictions)
        self._parts: Floats = np.asarray(predictions.scores, dtype=np.float64)

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """See the base class."""
        loss, tokens = totals(weights, self._parts).T
        mean = ratio(loss, tokens, np.nan)
        return {"perplexity": _exp(mean), "loss": mean, "bits_per_token": mean / np.log(2)}

    @property
    def parts(self) -> Floats:
        """Sum of losses, and count of tokens."""
        return self._parts

    def finish(self, parts: Floats, weights: Floats) -> Floats:
        """Perplexity."""
        loss, tokens = totals(weights, parts).T
        return _exp(ratio(loss, tokens, np.nan))

    def badness(self) -> Floats:
        """The mean loss of a text's tokens."""
        return ratio(self._parts[:, 0], self._parts[:, 1])

    def told(self, number: int) -> Mapping[str, Any]:
        """Perplexity and tokens of a text; there is nothing else to be true."""
        loss, tokens = self._parts[number]
        perplexity = float(_exp(np.array(loss / tokens))) if tokens else None
        return {"truth": None, "predicted": None, "confidence": None, "perplexity": perplexity, "tokens": int(tokens)}


def _exp(mean: Floats) -> Floats:
    """e to the power, the largest number where that is larger still."""
    made: Floats = np.exp(np.minimum(mean, 700.0))
    return made
