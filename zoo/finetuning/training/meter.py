"""What a training shows of itself while it runs: losses, speed, the time left; and whether it still makes sense."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from zoo.errors import BadOption

__all__ = ["Diverged", "Meter"]


class Diverged(BadOption):
    """The loss, or a weight, is no number any more."""

    def __init__(self, step: int) -> None:
        self.step = step
        super().__init__(f"the loss is no finite number any more at step {step}")


class Meter:
    """Losses by step and seconds by kind of work.

    Losses stay where they were computed until somebody looks: each look at an accelerator's number waits for it.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, torch.Tensor]] = []
        self.loss: float | None = None  # of the last step that was looked at
        self.window = [0.0, 0.0]  # sum of losses, and steps, since the last row of the curves
        self.examples = 0
        self.before = {"seconds": 0.0, "training_seconds": 0.0, "examples": 0.0}  # of earlier processes of this run
        self._apart = 0.0
        self._start = time.monotonic()
        self._row = (0, 0.0)  # examples and seconds at the last row

    def begin(self) -> None:
        """What went before was preparation."""
        self._apart = time.monotonic() - self._start

    def add(self, step: int, loss: torch.Tensor, examples: int) -> None:
        """One batch's part of the loss of a step."""
        self._waiting.append((step, loss))
        self.examples += examples

    def look(self) -> None:
        """Read the losses that are waiting.

        Raises:
            Diverged: one is no finite number.
        """
        if not self._waiting:
            return
        values = torch.stack([loss.float() for _, loss in self._waiting]).tolist()
        steps: dict[int, float] = {}
        for (step, _), value in zip(self._waiting, values, strict=True):
            steps[step] = steps.get(step, 0.0) + value
        self._waiting.clear()
        for step, loss in steps.items():
            if not math.isfinite(loss):
                raise Diverged(step)
            self.loss = loss
            self.window[0] += loss
            self.window[1] += 1

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Time that is not training: validation and saving."""
        start = time.monotonic()
        yield
        self._apart += time.monotonic() - start

    @property
    def seconds(self) -> float:
        """Since the start of the run, without the time between its processes."""
        return self.before["seconds"] + time.monotonic() - self._start

    @property
    def training_seconds(self) -> float:
        """Of these, in steps of training."""
        return self.before["training_seconds"] + time.monotonic() - self._start - self._apart

    @property
    def speed(self) -> float | None:
        """Examples per second of this process of the run, in steps of training."""
        taken = time.monotonic() - self._start - self._apart
        return self.examples / taken if self.examples and taken > 0 else None

    def row_speed(self) -> float:
        """Examples per second since the last call."""
        examples, seconds = self._row
        self._row = (self.examples, time.monotonic() - self._start - self._apart)
        return (self._row[0] - examples) / max(1e-9, self._row[1] - seconds)

    @property
    def facts(self) -> dict[str, Any]:
        """What a saved state keeps."""
        taken = {
            "seconds": self.seconds,
            "training_seconds": self.training_seconds,
            "examples": self.before["examples"] + self.examples,
        }
        return {"window": self.window, "loss": self.loss, "taken": taken}

    def recall(self, facts: dict[str, Any]) -> None:
        """Take over what `facts` gave."""
        self.window, self.loss, self.before = list(facts["window"]), facts["loss"], dict(facts["taken"])
