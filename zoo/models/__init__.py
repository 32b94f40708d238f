"""Load a model, run it."""

from __future__ import annotations

from zoo.models.engine import Engine, Failure
from zoo.models.load import load
from zoo.models.model import Model

__all__ = ["Engine", "Failure", "Model", "load"]
