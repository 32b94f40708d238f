"""Adapt a model to my data."""

from __future__ import annotations

from zoo.finetuning.finetune import METHODS, finetune
from zoo.finetuning.run import Run

__all__ = ["METHODS", "Run", "finetune"]
