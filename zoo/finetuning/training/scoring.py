"""The validation score that early stopping looks at, and the best state so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

__all__ = ["Best", "Score", "Tally", "truth_of"]


@dataclass(frozen=True, kw_only=True)
class Score:
    """A validation's outcome.

    Attributes:
        name: `accuracy` for one class of several, `f1_micro` for several at once, `perplexity` for texts, else `loss`.
        value: of the score that counts.
        loss: the mean validation loss.
    """

    name: str
    value: float
    loss: float

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is better."""
        return self.name in {"accuracy", "f1_micro"}

    @property
    def row(self) -> dict[str, float]:
        """Its part of a row of the curves."""
        named = {} if self.name == "loss" else {self.name: self.value}
        return {"validation_loss": self.loss, **named}

    def better(self, other: Score | None) -> bool:
        """Whether it is better than another; of equal ones the one with less loss."""
        if other is None:
            return True
        mine, others = (s.value if s.higher_is_better else -s.value for s in (self, other))
        return (mine, -self.loss) > (others, -other.loss)


@dataclass(kw_only=True)
class Best:
    """The best validation so far, how many came since, and the weights that had it."""

    score: Score | None = None
    step: int = 0
    epoch: float = 0.0
    since: int = 0
    state: dict[str, torch.Tensor] = field(default_factory=dict)

    def see(self, score: Score, step: int, epoch: float, state: dict[str, torch.Tensor]) -> bool:
        """Take a validation into account; True where it is the best, and its weights were copied."""
        if not score.better(self.score):
            self.since += 1
            return False
        self.score, self.step, self.epoch, self.since = score, step, epoch, 0
        for name, tensor in state.items():  # into the same memory, which is then taken only once
            if name in self.state:
                self.state[name].copy_(tensor)
            else:
                self.state[name] = tensor.detach().to("cpu", copy=True)
        return True

    @property
    def facts(self) -> dict[str, Any]:
        """Its JSON form, without weights."""
        score = None if self.score is None else vars(self.score)
        return {"score": score, "step": self.step, "epoch": self.epoch, "since": self.since}

    def recall(self, facts: dict[str, Any], state: dict[str, torch.Tensor]) -> None:
        """Take over what `facts` gave."""
        self.score = None if facts["score"] is None else Score(**facts["score"])
        self.step, self.epoch, self.since, self.state = facts["step"], facts["epoch"], facts["since"], state


class Tally:
    """Sums over a validation part, from which its score comes; sums of several processes can be added.

    Args:
        kind: the form of the labels.
        truth: as `truth_of` gives it.
    """

    def __init__(self, kind: str, truth: torch.Tensor | None) -> None:
        self._kind = kind
        self._truth = truth
        self.sums = [0.0] * 6  # loss, examples, right, wrongly found, missed, predicted tokens

    def add(self, loss: torch.Tensor, outputs: torch.Tensor, rows: torch.Tensor) -> None:
        """One batch's mean loss and outputs."""
        sums, count = self.sums, len(rows)
        sums[1] += count
        if self._kind == "text":
            sums[0] += float(outputs[:, 0].sum())
            sums[5] += float(outputs[:, 1].sum())
            return
        sums[0] += float(loss) * count
        if self._truth is None:
            return
        truth, outputs = self._truth[rows.cpu()], outputs.float().cpu()
        if self._kind == "single":
            sums[2] += float((outputs.argmax(dim=1) == truth).sum())
            return
        found, true = outputs > 0, truth > 0
        sums[2] += float((found & true).sum())
        sums[3] += float((found & ~true).sum())
        sums[4] += float((~found & true).sum())

    def score(self, sums: Sequence[float]) -> Score:
        """The score of all sums."""
        loss, count, right, odd, missed, tokens = sums
        if self._kind == "text":
            mean = loss / max(1.0, tokens)
            return Score(name="perplexity", value=math.exp(min(mean, 700.0)), loss=mean)
        mean = loss / max(1.0, count)
        if self._truth is None:
            return Score(name="loss", value=mean, loss=mean)
        if self._kind == "single":
            return Score(name="accuracy", value=right / max(1.0, count), loss=mean)
        return Score(name="f1_micro", value=2 * right / max(1.0, 2 * right + odd + missed), loss=mean)


def truth_of(kind: str, classes: Sequence[str], labels: Sequence[Any]) -> torch.Tensor | None:
    """Labels as indices (rows,) for `single`, as zeros and ones (rows, classes) for `multi`; None for other kinds."""
    number = {name: index for index, name in enumerate(classes)}
    if kind == "single":
        return torch.tensor([number.get(label, -1) for label in labels])
    if kind != "multi":
        return None
    made = torch.zeros(len(labels), len(classes))
    for row, names in enumerate(labels):
        made[row, [number[name] for name in names if name in number]] = 1.0
    return made
