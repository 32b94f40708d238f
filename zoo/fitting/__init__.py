"""Does this model fit, where, and what would make it fit?"""

from __future__ import annotations

from zoo.fitting.fit import Fit, fit
from zoo.fitting.question import METHODS, Question, read_bytes

__all__ = ["METHODS", "Fit", "Question", "fit", "read_bytes"]
