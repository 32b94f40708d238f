"""What was done: the records of runs, kept while they run, listed, shown, compared, removed."""

from __future__ import annotations

from zoo.runs.comparing import RunComparison, compared
from zoo.runs.environment import environment
from zoo.runs.finding import RecordedRun, Score, curves, found, listed
from zoo.runs.recording import begin, folder_of, new_run_id, reopen, update
from zoo.runs.removing import remove, remove_checkpoints

__all__ = [
    "RecordedRun",
    "RunComparison",
    "Score",
    "begin",
    "compared",
    "curves",
    "environment",
    "folder_of",
    "found",
    "listed",
    "new_run_id",
    "remove",
    "remove_checkpoints",
    "reopen",
    "update",
]
