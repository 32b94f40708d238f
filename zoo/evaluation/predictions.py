"""What a model said of labelled examples, in the form that all measures are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zoo.errors import BadInput
from zoo.tasks import TargetKind

__all__ = ["Predictions"]


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What was predicted for examples, beside what is true.

    Attributes:
        kind: the form of the labels; `zoo.tasks.TargetKind`.
        labels: the classes, in the order of `scores`' columns; for tags all tags; empty where there are none.
        truth: one label an example, in the form that `zoo.data.Split` has it. Not used for `text` and `mask`; for
            `pairs` the second texts (equal ones do not compete with each other) or None each.
        scores: `single`, `multi`: array (n, classes) of probabilities. `regression`, `scored`: array (n,). `tags`:
            for each example a tuple of tags, one per word. `pairs`: array (n, n), how alike the first text of each row
            is to the second text of each column. `text`: array (n, 2), sum of losses in nats and count of predicted
            tokens. `mask`: array (n, classes, classes), pixels by true class (row) and predicted class (column).
            `transcript`: n texts. `boxes`: for each example a tuple of `zoo.tasks.Box`, best first.
        rows: where each example is from, for people (`reviews.csv:17`); may be empty.
        index: the example's place in the split that was predicted; empty where all were, in order.
        failed: examples that could not be predicted and are not among the others: where from, and why.
    """

    kind: TargetKind
    labels: tuple[str, ...]
    truth: Sequence[Any]
    scores: Any
    rows: tuple[str, ...] = ()
    index: tuple[int, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if len(self.truth) != len(self.scores):
            raise BadInput(f"{len(self.scores)} predictions for {len(self.truth)} examples")
        for name in ("rows", "index"):
            if (given := getattr(self, name)) and len(given) != len(self):
                raise BadInput(f"{len(given)} {name} for {len(self)} predictions")

    def __len__(self) -> int:
        return len(self.scores)

    def row(self, number: int) -> str:
        """What an example is called."""
        return self.rows[number] if self.rows else str(number + 1)

    def place(self, number: int) -> int:
        """The example's place in the split that was predicted."""
        return self.index[number] if self.index else number
