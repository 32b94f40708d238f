"""The record of a run: what was done, with what, and what came of it."""

from __future__ import annotations

import os
import platform
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["Run", "environment", "new_run_id"]

PACKAGES = ("zoo-registry", "torch", "numpy", "scikit-learn", "timm", "torchvision", "transformers", "onnxruntime")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One finished run.

    Attributes:
        id: names its folder under `$ZOO_HOME/runs/`.
        kind: `finetune`.
        model: id of the model that was made.
        base: id of the model that it was made from.
        revision: of the new model.
        metrics: scores on the held-out part, which was looked at once.
        path: the run's folder, with `record.json`.
        record: everything in `record.json`.
    """

    id: str
    kind: str
    model: str
    base: str
    revision: str
    metrics: Mapping[str, float]
    path: Path
    record: Mapping[str, Any] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """`{"model", "metrics", "run", "base", "revision"}`."""
        return {
            "model": self.model,
            "metrics": dict(self.metrics),
            "run": self.id,
            "base": self.base,
            "revision": self.revision,
        }


def new_run_id() -> str:
    """A name that sorts by time and does not collide: `20260131-090000-1f3a`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"


def environment() -> dict[str, Any]:
    """What the run ran on: Python, system, packages, processor count."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count() or 1,
        "packages": found,
        "argv": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }
