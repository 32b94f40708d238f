"""Models side by side: facts, the best of each, and which model is beaten by another. Pure functions over cards."""

from __future__ import annotations

from zoo.comparing.facts import Fact
from zoo.comparing.fronts import Front, Place
from zoo.comparing.side_by_side import LEAST, MOST, Comparison, compare_cards

__all__ = ["LEAST", "MOST", "Comparison", "Fact", "Front", "Place", "compare_cards"]
