"""Which model for my data?"""

from __future__ import annotations

from zoo.choosing.recommend import recommend
from zoo.choosing.recommendation import Candidate, Limits, Recommendation, Skipped

__all__ = ["Candidate", "Limits", "Recommendation", "Skipped", "recommend"]
