"""What is heard in each recording, from `Transcript` results."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from zoo.evaluation.predictions import Predictions
from zoo.models.failing import Failure

if TYPE_CHECKING:
    from zoo.evaluation.predicting.asked import Asked

__all__ = ["predict_transcripts"]

COLUMNS = ("language", "lang", "locale")


def predict_transcripts(asked: Asked) -> Predictions:
    """The text of each recording, without times, which nobody asks for here.

    The language is told to a model that takes one: that of a column called `language`, `lang` or `locale` (as a code
    such as `de` or `de_AT`, or by its English name); without such a column the one that the model's card names, if it
    is but one. Else the model finds it out by itself.
    """
    languages = _languages(asked)
    rows: defaultdict[str | None, list[int]] = defaultdict(list)
    for row, language in enumerate(languages):
        rows[language].append(row)
    found: list[Any] = [None] * len(asked.split)
    with asked.opened() as model:
        for language, places in rows.items():
            options = {"timestamps": False} | ({"language": language} if language else {})
            results = asked.results(model, [asked.split.inputs[i] for i in places], options)
            for place, result in zip(places, results, strict=True):
                found[place] = result
    errors = {i: result.error.cause for i, result in enumerate(found) if isinstance(result, Failure)}
    kept = [i for i in range(len(found)) if i not in errors]
    sorted_out = asked.sorted_out(errors)
    return Predictions(
        kind=asked.kind,
        labels=(),
        truth=[asked.split.labels[i] for i in kept],
        scores=[found[i].text for i in kept],
        **sorted_out,
    )


def _languages(asked: Asked) -> list[str | None]:
    """The language of each recording, None where it is to be found out."""
    known = asked.pulled.card.languages
    usual = known[0] if len(known) == 1 else None
    folded = {name.strip().lower(): values for name, values in asked.split.columns.items()}
    values = next((folded[name] for name in COLUMNS if name in folded), None)
    if values is None:
        return [usual] * len(asked.split)
    return [_code(value) or usual for value in values]


def _code(value: Any) -> str | None:
    """`de` of `de-AT`; a language's name as it is; None of an empty cell."""
    text = str(value or "").strip().lower()
    return re.sub(r"^([a-z]{2,3})[-_].*", r"\1", text) or None
