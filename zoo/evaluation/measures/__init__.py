"""The metrics of each kind of prediction, for weighted examples."""

from __future__ import annotations

from zoo.errors import BadInput
from zoo.evaluation.measures.base import Floats, Measure
from zoo.evaluation.measures.boxes import Boxes
from zoo.evaluation.measures.language import Text
from zoo.evaluation.measures.masks import Masks
from zoo.evaluation.measures.multi import Multi
from zoo.evaluation.measures.numbers import Numbers
from zoo.evaluation.measures.retrieval import Pairs
from zoo.evaluation.measures.single import Single
from zoo.evaluation.measures.tagging import Tags, spans
from zoo.evaluation.measures.transcripts import Transcripts
from zoo.evaluation.predictions import Predictions
from zoo.tasks import TargetKind

__all__ = ["Floats", "Measure", "measure_of", "spans"]

_MEASURES: dict[TargetKind, type[Measure]] = {
    "single": Single,
    "multi": Multi,
    "regression": Numbers,
    "scored": Numbers,
    "tags": Tags,
    "pairs": Pairs,
    "text": Text,
    "mask": Masks,
    "boxes": Boxes,
    "transcript": Transcripts,
}


def measure_of(predictions: Predictions) -> Measure:
    """What measures predictions of this kind."""
    if not len(predictions):
        raise BadInput("there are no predictions to measure", "Give at least one example.")
    return _MEASURES[predictions.kind](predictions)
