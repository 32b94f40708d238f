"""How good is it?"""

from __future__ import annotations

from zoo.evaluation.metrics import classification_metrics

__all__ = ["classification_metrics"]
