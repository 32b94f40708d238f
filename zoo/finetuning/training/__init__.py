"""Training by gradients: the methods head, lora and full, on one process or several.

Nothing heavy is imported until `train` is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.finetuning.training.gang import Gang
from zoo.finetuning.training.launch import launch

if TYPE_CHECKING:
    from zoo.finetuning.job import Job, Learnt, Report

__all__ = ["Gang", "launch", "train"]


def train(job: Job, report: Report) -> Learnt:
    """Train a job's module; see `zoo.finetuning.training.engine.train`."""
    from zoo.finetuning.training.engine import train as work

    return work(job, report)
