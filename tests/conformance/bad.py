"""Parts that break one promise each; all else they do as the small plugin does."""

from __future__ import annotations

import contextlib
import itertools
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tests.conformance.mine.parts import Learning, Letters, Loading
from zoo.plugin import Target, Trained
from zoo.tasks import Classification, Label


class BatchMates(Letters):
    """Measures over the batch."""

    def forward(self, module: Any, batch: torch.Tensor, options: Any) -> torch.Tensor:
        return module(batch - batch.mean(0)).softmax(1)


class Sorting(Letters):
    """Gives the surest last."""

    def finish(self, outputs: torch.Tensor, examples: Any, options: Any) -> list[Classification]:
        return sorted(super().finish(outputs, examples, options), key=lambda made: made.score)


class Counting(Letters):
    """Adds something with each call."""

    calls = itertools.count()

    def finish(self, outputs: torch.Tensor, examples: Any, options: Any) -> list[Classification]:
        return super().finish(outputs + next(self.calls) / 10, examples, options)


class Shared(Letters):
    """Keeps its batch where other threads put theirs."""

    def collate(self, examples: Any) -> torch.Tensor:
        self.last = super().collate(examples)
        time.sleep(0.01)
        return self.last

    def forward(self, module: Any, batch: torch.Tensor, options: Any) -> torch.Tensor:
        return super().forward(module, self.last, options)


KEPT: list[Any] = []


class Leaking(Letters):
    """Keeps every module that it has seen."""

    def forward(self, module: Any, batch: torch.Tensor, options: Any) -> torch.Tensor:
        KEPT.append(module)
        return super().forward(module, batch, options)


class Dicts(Letters):
    """Gives results of a type of its own."""

    def finish(self, outputs: torch.Tensor, examples: Any, options: Any) -> list[Any]:
        return [{"score": max(row)} for row in outputs.tolist()]


class NoNumbers(Letters):
    """Gives scores that JSON cannot hold."""

    def finish(self, outputs: torch.Tensor, examples: Any, options: Any) -> list[Classification]:
        return [Classification((Label("long", float("nan")),)) for _ in examples]


class Stumbling(Letters):
    """Does not look at its inputs."""

    def prepare(self, value: Any, options: Any) -> list[torch.Tensor]:
        return super().prepare(str(value)[: len(value)], options)


class Eating(Letters):
    """Takes whatever it is given."""

    def prepare(self, value: Any, options: Any) -> list[torch.Tensor]:
        return super().prepare(str(type(value)), options)


class Losing(Letters):
    """Gives no result for short texts."""

    def finish(self, outputs: torch.Tensor, examples: Any, options: Any) -> list[Classification]:
        return super().finish(outputs, examples, options)[1:]


class Asking(Loading):
    """Looks for something newer, and says nothing when that fails."""

    def load(self, checkpoint: Any, context: Any) -> Any:
        with contextlib.suppress(Exception):
            socket.create_connection(("example.org", 443), timeout=1)
        return super().load(checkpoint, context)


class Drawing(Loading):
    """Draws some of its weights."""

    def load(self, checkpoint: Any, context: Any) -> Any:
        module = super().load(checkpoint, context)
        module.head.weight.data = module.head.weight.data + torch.rand_like(module.head.weight)
        return module


class Rising(Learning):
    """Climbs."""

    def loss(self, module: Any, batch: Any, target: Target) -> tuple[torch.Tensor, torch.Tensor]:
        loss, logits = super().loss(module, batch, target)
        return 2 * loss.detach() - loss, logits


class Diverging(Learning):
    """Divides by nothing."""

    def loss(self, module: Any, batch: Any, target: Target) -> tuple[torch.Tensor, torch.Tensor]:
        loss, logits = super().loss(module, batch, target)
        return loss / 0.0, logits


class Forgetting(Learning):
    """Writes another head than the one that learnt."""

    def save(self, module: Any, target: Target, folder: Path, *, method: str) -> Trained:
        module.head = torch.nn.Linear(module.head.in_features, module.head.out_features)
        return super().save(module, target, folder, method=method)


class Mixing(Learning):
    """Puts the rows of the head in another order."""

    def head(self, weight: torch.Tensor, bias: torch.Tensor, target: Target) -> Any:
        return super().head(weight.flip(0), bias.flip(0), target)


@dataclass
class Loose:
    """Options that may be changed, without help."""

    size: int
    depth: int = 3


class Untidy(Letters):
    Options = Loose


class Unfinished(Learning):
    """Says that it learns by adapters, and has no layers for them."""

    methods = ("probe", "lora")


class Stranger:
    """No runner at all."""
