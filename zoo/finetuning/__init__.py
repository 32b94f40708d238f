"""Adapt a model to my data."""

from __future__ import annotations

from zoo.finetuning.finetune import finetune, resume
from zoo.finetuning.job import METHODS, Settings, Step, settings_of
from zoo.finetuning.run import Run

__all__ = ["METHODS", "Run", "Settings", "Step", "finetune", "resume", "settings_of"]
