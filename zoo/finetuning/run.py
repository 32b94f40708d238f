"""A finished run, as Python code gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Run"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One finished run.

    Attributes:
        id: names its folder under `$ZOO_HOME/runs/`.
        kind: `finetune`.
        model: id of the model that was made.
        base: id of the model that it was made from.
        method: by which it was made.
        why: the method was taken.
        revision: of the new model.
        metrics: scores on the held-out part, which was looked at once.
        path: the run's folder, with `record.json`, `report.html` and `README.md`.
        record: everything in `record.json`.
    """

    id: str
    kind: str
    model: str
    base: str
    method: str
    why: str
    revision: str
    metrics: Mapping[str, float]
    path: Path
    record: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, record: Mapping[str, Any], path: Path) -> Run:
        """The run of a record whose outcome is there."""
        names = ("id", "kind", "model", "base", "method", "why", "revision")
        return cls(**{name: record[name] for name in names}, metrics=dict(record["metrics"]), path=path, record=record)

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"

    def to_dict(self) -> dict[str, Any]:
        """`{"model", "metrics", "intervals", "run", "base", "method", "why", "revision", "report"}`."""
        found = self.record["evaluation"]["metrics"]
        return {
            "model": self.model,
            "metrics": dict(self.metrics),
            "intervals": {name: [made["low"], made["high"]] for name, made in found.items() if made["low"] is not None},
            "run": self.id,
            "base": self.base,
            "method": self.method,
            "why": self.why,
            "revision": self.revision,
            "report": str(self.report),
        }
