"""The examples of a training in their order: encoded when needed, varied by numbers of their own, and dealt out.

Nothing here takes a number from a global generator, or keeps a state from one example to the next: what an example is
depends on the seed, the epoch and its row alone, and the order on the seed and the epoch. So a training that goes on
after a crash sees what it would have seen.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from zoo.errors import BadData

if TYPE_CHECKING:
    from zoo.data import Split
    from zoo.plugin import FineTuner, Target

__all__ = ["ROWS", "Batches", "Examples", "batches_of", "sizes_of"]

ROWS = "zoo_rows"  # in a batch, beside what the adapter put there: which rows of the split it is
CACHE_BYTES = 256 << 20  # of encoded examples that are the same in each epoch
MEGA = 50  # steps whose examples are sorted by length together, as transformers' LengthGroupedSampler does
PAYS = 1.2  # lengths are worth sorting when a batch is padded by a fifth on average


class Draw(random.Random):
    """A generator that remembers whether anybody asked it."""

    used = False

    def random(self) -> float:
        """As `random.Random` does."""
        self.used = True
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        """As `random.Random` does."""
        self.used = True
        return super().getrandbits(k)


class Examples(Dataset[Any]):
    """A split's encoded examples by epoch and row; those that no random number changed are encoded once.

    Args:
        split, adapter, target: what, how, and for what.
        seed: of what is random.
        learning: False for evaluation, which has no variation.
    """

    def __init__(self, split: Split, adapter: FineTuner, target: Target, *, seed: int, learning: bool) -> None:
        self.split = split
        self._adapter = adapter
        self._target = target
        self._seed = seed
        self._learning = learning
        self._kept: dict[int, Any] = {}
        self._room = CACHE_BYTES

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, key: tuple[int, int]) -> tuple[int, Any]:
        epoch, row = key
        if row in self._kept:
            return row, self._kept[row]
        draw = Draw(f"{self._seed}/{epoch}/{row}") if self._learning else None
        try:
            example = self._adapter.encode(self.split.inputs[row], self.split.labels[row], self._target, draw=draw)
        except BadData as error:
            where = self.split.rows[row] if row < len(self.split.rows) else f"row {row}"
            raise BadData(f"{where}: {error.cause}", error.remedy) from error
        if (draw is None or not draw.used) and (size := _bytes(example)) <= self._room:
            self._room -= size
            self._kept[row] = example
        return row, example

    def collate(self, examples: Sequence[tuple[int, Any]]) -> dict[str, Any]:
        """One batch, with the rows beside it."""
        rows = torch.tensor([row for row, _ in examples])
        return {**self._adapter.batch([example for _, example in examples], self._target), ROWS: rows}


class Batches(Sampler[list[tuple[int, int]]]):
    """The order of an epoch, cut into steps, each step dealt to the processes, each share cut into pieces.

    Args:
        count: examples.
        share: examples of a step for each process.
        pieces: into how many batches a share is cut.
        processes, rank: how many, and which this is.
        seed: of the order.
        sizes: lengths; where they are given, examples of like lengths come together.
    """

    def __init__(
        self,
        *,
        count: int,
        share: int,
        pieces: int,
        processes: int = 1,
        rank: int = 0,
        seed: int = 0,
        sizes: Sequence[int] | None = None,
    ) -> None:
        self._count = count
        self._share = share
        self._pieces = min(pieces, share)
        self._processes = processes
        self._rank = rank
        self._seed = seed
        self._sizes = None if sizes is None else np.asarray(sizes)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        whole, rest = divmod(self._count, self._share * self._processes)
        return whole * self._pieces + (self._pieces_of(rest) if self._worth(rest) else 0)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch = self.epoch
        for step in self._steps(epoch):
            short = -len(step) % self._processes  # each process must have as many: the first come once more
            mine = np.resize(step, len(step) + short)[self._rank :: self._processes]
            pieces = self._pieces if len(step) == self._share * self._processes else self._pieces_of(len(step))
            for piece in np.array_split(mine, pieces):
                yield [(epoch, int(row)) for row in piece]

    def _worth(self, rest: int) -> bool:
        """Whether the last, smaller step is taken: not with one example for each process (batch norm takes two)."""
        return rest >= 2 * self._processes or (rest > 0 and self._count < self._share * self._processes)

    def _pieces_of(self, rest: int) -> int:
        largest = math.ceil(self._share / self._pieces)
        mine = math.ceil(rest / self._processes)
        return math.ceil(mine / largest)

    def _steps(self, epoch: int) -> list[Any]:
        generator = np.random.default_rng([self._seed, epoch])
        order = generator.permutation(self._count)
        size = self._share * self._processes
        if self._sizes is not None:
            starts = range(0, self._count, MEGA * size)
            order = np.concatenate([self._sorted(order[start : start + MEGA * size]) for start in starts])
        steps = [order[start : start + size] for start in range(0, self._count, size)]
        last = [steps.pop()] if len(steps[-1]) < size else []
        if self._sizes is not None:
            steps = [steps[i] for i in generator.permutation(len(steps))]
        return steps + [step for step in last if self._worth(len(step))]

    def _sorted(self, rows: Any) -> Any:
        lengths = self._sizes[rows] if self._sizes is not None else rows
        return rows[np.argsort(-lengths, kind="stable")]


class _Loader(DataLoader[Any]):
    """A loader whose order is told its epoch by transformers' Trainer."""

    def set_epoch(self, epoch: int) -> None:
        self.batch_sampler.set_epoch(epoch)  # type: ignore[union-attr]  # always `Batches`


def batches_of(examples: Examples, order: Any) -> DataLoader[Any]:
    """A loader of batches in an order; the generator is its own, so that the global one is left alone."""
    generator = torch.Generator()
    return _Loader(examples, batch_sampler=order, collate_fn=examples.collate, generator=generator)


def sizes_of(inputs: Sequence[Any], batch: int) -> list[int] | None:
    """Lengths of texts in letters, or words, where sorting by them saves much; None for all else."""
    sizes = [_size(value) for value in inputs]
    if not sizes or batch < 2 or None in sizes:
        return None
    lengths = np.asarray(sizes, dtype=float)
    order = np.random.default_rng(0).permutation(len(lengths))
    batches = [lengths[order[start : start + batch]] for start in range(0, len(order), batch)]
    padded = sum(part.max() * len(part) for part in batches)
    return [int(size) for size in lengths] if padded > PAYS * max(lengths.sum(), 1.0) else None


def _size(value: Any) -> int | None:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, tuple) and value and all(isinstance(part, str) for part in value):
        return sum(map(len, value))
    return None


def _bytes(example: Any) -> int:
    """About how much memory an encoded example takes."""
    if isinstance(example, torch.Tensor | np.ndarray):
        return int(example.nbytes) + 100
    if isinstance(example, Mapping):
        return 100 + sum(_bytes(value) for value in example.values())
    if isinstance(example, list | tuple):
        plain = not example or isinstance(example[0], int | float)
        return 32 * len(example) + 60 if plain else 60 + sum(_bytes(value) for value in example)
    if isinstance(example, str | bytes):
        return 60 + len(example)
    if isinstance(example, int | float | bool | None):
        return 32
    size = getattr(example, "nbytes", None)
    return int(size) if isinstance(size, int) else CACHE_BYTES  # unknown: not kept
