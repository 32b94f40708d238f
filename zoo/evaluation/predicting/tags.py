"""A tag for each word, from `Entities` results."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo.evaluation.predicting.naming import labels_of, matched
from zoo.evaluation.predictions import Predictions
from zoo.models.failing import Failure

if TYPE_CHECKING:
    from zoo.evaluation.predicting.asked import Asked
    from zoo.tasks import Entities

__all__ = ["predict_tags"]

OUTSIDE = "O"


def predict_tags(asked: Asked) -> Predictions:
    """The tag of each word is that of the token at its first letter, as it is in training."""
    split = asked.split
    with asked.opened() as model:
        known = labels_of(model.engine.runner)
        types = {_type(tag) for tags in split.labels for tag in tags} - {OUTSIDE}
        spelt = matched(types, sorted({_type(tag) for tag in known} - {OUTSIDE}), asked.model) if known else {}
        found = asked.results(model, [" ".join(words) for words in split.inputs], {"aggregation": "none"})
    errors = {i: result.error.cause for i, result in enumerate(found) if isinstance(result, Failure)}
    kept = [i for i in range(len(found)) if i not in errors]
    sorted_out = asked.sorted_out(errors)
    return Predictions(
        kind=asked.kind,
        labels=known,
        truth=[tuple(_respelt(tag, spelt) for tag in split.labels[i]) for i in kept],
        scores=[tags_of(split.inputs[i], found[i]) for i in kept],
        **sorted_out,
    )


def tags_of(words: Sequence[str], entities: Entities) -> tuple[str, ...]:
    """The tag of each word of a text that is these words with spaces between them; `O` where nothing was found."""
    starts = list(itertools.accumulate((len(word) + 1 for word in words), initial=0))[:-1]
    made: list[str | None] = [None] * len(words)
    for entity in entities.entities:
        # Some tokenizers count the space before a word to it.
        first = entity.start + len(entity.text) - len(entity.text.lstrip())
        word = bisect_right(starts, first) - 1
        if first == starts[word] and made[word] is None:
            made[word] = entity.label
    return tuple(tag or OUTSIDE for tag in made)


def _type(tag: str) -> str:
    mark, _, kind = tag.partition("-")
    return kind if kind and len(mark) == 1 else tag


def _respelt(tag: str, spelt: dict[str, Any]) -> str:
    kind = _type(tag)
    return tag[: len(tag) - len(kind)] + str(spelt.get(kind, kind))
