"""A runner whose results are known, which counts what the engine does with it and fails where it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from zoo.errors import BadData
from zoo.models import Engine
from zoo.plugin import Runner, option

__all__ = ["TEXTS", "Lengths", "Options", "engine", "expected"]


@dataclass(frozen=True, kw_only=True)
class Options:
    add: float = option(0.0, "What is added to every result.")


class Lengths(Runner):
    """Texts of digits; the sum of the digits through the module. A text with `|` makes several examples."""

    Options = Options
    batch = 4

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.prepared = 0
        self.threads: set[str] = set()
        self.broken: Callable[[Sequence[str]], Exception | None] = lambda examples: None
        self._lock = threading.Lock()

    def prepare(self, value: Any, options: Options) -> Sequence[str]:
        with self._lock:
            self.prepared += 1
            self.threads.add(threading.current_thread().name)
        if not isinstance(value, str) or not value:
            raise BadData(f"{value!r} is no text")
        if value == "crash":
            raise IndexError("list index out of range")
        if value == "huge":
            raise MemoryError
        return value.split("|")

    def size(self, example: str) -> int:
        return len(example)

    def collate(self, examples: Sequence[str]) -> torch.Tensor:
        width = max(len(e) for e in examples)
        return torch.tensor([[float(c) for c in e.ljust(width, "0")] for e in examples])

    def forward(self, module: nn.Module, batch: torch.Tensor, options: Options) -> torch.Tensor:
        assert torch.is_inference_mode_enabled()
        return module(batch.sum(dim=1, keepdim=True))[:, 0] + options.add

    def finish(self, outputs: torch.Tensor, examples: Sequence[str], options: Options) -> list[float]:
        if error := self.broken(examples):
            raise error
        with self._lock:
            self.batches.append(list(examples))
        return outputs.tolist()

    def merge(self, results: Sequence[float], options: Options) -> float:
        return sum(results)


def engine(runner: Runner, **options: Any) -> Engine:
    """An engine whose module gives back what it is given."""
    module = nn.Linear(1, 1, bias=False)
    nn.init.ones_(module.weight)
    return Engine(module, runner, **options)


TEXTS = ["1" * (1 + 7 * i % 13) for i in range(50)]


def expected(texts: Sequence[str]) -> list[float]:
    """What comes out of texts of ones."""
    return [float(len(text)) for text in texts]
