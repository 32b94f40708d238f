"""Adapt a model to my data."""

from __future__ import annotations

from zoo.finetune.finetune import METHODS, finetune
from zoo.finetune.run import Run

__all__ = ["METHODS", "Run", "finetune"]
