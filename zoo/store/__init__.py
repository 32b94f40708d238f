"""Are the bytes here, and are they the right ones? The content-addressed store of model files.

`Store` plans, pulls, verifies and removes; sources of further URI schemes implement `SourceReader`.
"""

from __future__ import annotations

from zoo.store.folders import MANIFEST
from zoo.store.plan import Download, Plan, PlannedFile
from zoo.store.progress import BarProgress, Progress, SilentProgress, terminal_progress
from zoo.store.retry import Retries
from zoo.store.sources.base import Listing, Remote, SourceReader, member_of, refuse_offline
from zoo.store.store import Store

__all__ = [
    "MANIFEST",
    "BarProgress",
    "Download",
    "Listing",
    "Plan",
    "PlannedFile",
    "Progress",
    "Remote",
    "Retries",
    "SilentProgress",
    "SourceReader",
    "Store",
    "member_of",
    "refuse_offline",
    "terminal_progress",
]
