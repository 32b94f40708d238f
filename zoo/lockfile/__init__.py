"""The lock file: which revisions, down to each file's sha256, so that they can be had again elsewhere."""

from __future__ import annotations

from zoo.lockfile.compare import Difference, differences
from zoo.lockfile.fetch import Fetched, fetch_locked, plan_locked
from zoo.lockfile.lock import Lock, LockedModel
from zoo.lockfile.make import LeftOut, make_lock

__all__ = [
    "Difference",
    "Fetched",
    "LeftOut",
    "Lock",
    "LockedModel",
    "differences",
    "fetch_locked",
    "make_lock",
    "plan_locked",
]
