"""What a call of `zoo predict` asks for, once it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.models.engine import OnError

__all__ = ["Job"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """How to run and where results go.

    Attributes:
        options: of the task, as text.
        save: the folder for pictures and sounds.
        overwrite: begin the result file again.
        on_error: for inputs that cannot be used: `raise`, `skip`, `return`.
        url: fetch inputs that are URLs.
        every: of a film's frames, each so manieth.
        how: what changes the numbers besides model and options: engine, quantisation, autocast.
        quiet: no summary.
        as_json: print JSON.
        move: moves the progress bar: inputs done, and how many of them before this run.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    save: Path | None = None
    overwrite: bool = False
    on_error: OnError = "return"
    url: bool = False
    every: int = 1
    how: Mapping[str, Any] = field(default_factory=dict)
    quiet: bool = False
    as_json: bool = False
    move: Callable[[int, int], None] = lambda done, before: None
