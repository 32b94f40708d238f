"""How good a first answer is a model, before anything is asked? A number that decides its key.

The full-text index gives its hits in the order of keys, so that the best come first without all being read.
"""

from __future__ import annotations

import math

from zoo.cards import ModelCard

__all__ = ["LAST", "SEQUENCE_BITS", "bucket", "metric_order", "points"]

SEQUENCE_BITS = 24  # a key is a bucket's number, then this many bits that count the bucket's models
LAST = 127  # the bucket of deprecated models; with the bits it keeps a key within 31

# Scores of which less is better; the ranking turns their sign.
_LOWER = frozenset(
    ["abs_rel", "cer", "der", "eer", "fid", "loss", "mae", "mase", "mse", "perplexity", "rmse", "wer"]
)  # fmt: skip
_POPULAR, _DEFAULT, _MOST_DOWNLOADED, _BEST = 40.0, 24.0, 40.0, 20.0


def points(card: ModelCard) -> float:
    """From 0 to 124: popular names 40, documented defaults 24, downloads up to 40 (1.5 for each doubling), score 20."""
    made = _POPULAR * ("popular" in card.tags) + _DEFAULT * ("default" in card.tags)
    made += min(_MOST_DOWNLOADED, 1.5 * math.log2(1 + (card.downloads or 0)))
    return made + _score(card)


def _score(card: ModelCard) -> float:
    """The first metric, where it is one in a hundred or a fraction; of a model without, as if it were 50 of 100."""
    if not card.metrics:
        return _BEST / 2
    value, lower = card.metrics[0].value, card.metrics[0].name.lower() in _LOWER
    part = value / 100 if abs(value) > 1 else value
    part = 1 - part if lower else part
    return _BEST * min(1.0, max(0.0, part))


def bucket(card: ModelCard, goodness: float) -> int:
    """The first part of a model's key: the smaller, the better."""
    return LAST if card.deprecated is not None else LAST - 1 - min(LAST - 1, int(goodness))


def metric_order(card: ModelCard) -> float | None:
    """The first metric's value, negated where less is better: by it variants of one name are ordered."""
    if not card.metrics:
        return None
    metric = card.metrics[0]
    return -metric.value if metric.name.lower() in _LOWER else float(metric.value)
