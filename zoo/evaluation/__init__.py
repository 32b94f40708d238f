"""How good is it?"""

from __future__ import annotations

from zoo.evaluation.comparing import PairedComparison, compare
from zoo.evaluation.evaluate import Compared, Evaluated, SeenInTraining, compare_on, evaluate
from zoo.evaluation.evaluation import Estimate, Evaluation
from zoo.evaluation.judging import judge
from zoo.evaluation.predicting import predict_split
from zoo.evaluation.predictions import Predictions

__all__ = [
    "Compared",
    "Estimate",
    "Evaluated",
    "Evaluation",
    "PairedComparison",
    "Predictions",
    "SeenInTraining",
    "compare",
    "compare_on",
    "evaluate",
    "judge",
    "predict_split",
]
