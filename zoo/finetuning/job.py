"""What a fine-tuning run works on, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import BadInput

if TYPE_CHECKING:
    from zoo.data import LabelledData, Split
    from zoo.finetuning.probe import Probe
    from zoo.plugin import Head
    from zoo.registry import Pulled, Registry

__all__ = ["Job", "Learnt", "Settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a fine-tuning run is asked for; see `zoo.finetune`."""

    task: str | None = None
    name: str | None = None
    method: str = "auto"
    test_size: float = 0.2
    limit: int | None = None
    seed: int = 0
    text_column: str | None = None
    label_column: str | None = None
    device: str = "auto"
    batch: int | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run's inputs: the base as pulled, the data as split, the names."""

    registry: Registry
    pulled: Pulled
    task: str
    name: str
    data: LabelledData
    settings: Settings
    run: str
    started: str

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.registry.home / "runs" / self.run

    @property
    def held_out(self) -> Split:
        """The part that is looked at once, at the end."""
        if self.data.test is None:
            raise BadInput("there is no held-out part", "Split the data first.")
        return self.data.test


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """The fitted head, as numbers and as the loader's tensors, and its scores on the held-out part."""

    probe: Probe
    metrics: Mapping[str, float]
    head: Head
