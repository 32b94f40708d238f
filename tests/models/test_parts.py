"""Long inputs: examples made as they are needed, results as they are ready, other models at a runner's disposal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch

from zoo.errors import BadData
from zoo.models.engine import Engine
from zoo.models.failing import Failure
from zoo.plugin import NoOptions, Runner

LONG = 1000


class Counting(Runner):
    """The input `n` is the numbers below `n`, doubled; it notes how far ahead of the results it was asked."""

    batch = 4

    def __init__(self) -> None:
        self.made = 0

    def prepare(self, value: Any, options: Any) -> Iterator[int]:
        for number in range(abs(value)):
            if value < 0 and number == 10:
                raise BadData("the tape ends here")
            self.made += 1
            yield number

    def collate(self, examples: Sequence[int]) -> torch.Tensor:
        return torch.tensor(examples)

    def forward(self, module: Any, batch: torch.Tensor, options: Any) -> torch.Tensor:
        return batch * 2

    def finish(self, outputs: torch.Tensor, examples: Sequence[int], options: Any) -> list[int]:
        return outputs.tolist()

    def merge(self, results: Sequence[int], options: Any) -> list[int]:
        return list(results)


def engine() -> Engine:
    return Engine(torch.nn.Identity(), Counting())


def test_parts_come_before_the_end_is_read() -> None:
    made = engine()
    parts = made.run([LONG], NoOptions(), parts=True)
    assert [next(parts) for _ in range(3)] == [0, 2, 4]
    assert made.runner.made < LONG / 2
    assert list(parts) == [2 * number for number in range(3, LONG)]


def test_one_result_of_all_parts_in_the_order_of_inputs() -> None:
    found = list(engine().run([3, 0, LONG, 1], NoOptions()))
    assert [len(result) for result in found] == [3, 0, LONG, 1]
    assert found[2] == [2 * number for number in range(LONG)]


def test_what_breaks_in_the_middle_fails_alone() -> None:
    found = list(engine().run([2, -20, 3], NoOptions(), "return"))
    assert found[0] == [0, 2]
    assert isinstance(found[1], Failure) and found[1].error.cause == "the tape ends here"
    assert found[2] == [0, 2, 4]


def test_parts_before_a_break_are_given_out() -> None:
    parts = engine().run([-20], NoOptions(), parts=True)
    assert [next(parts) for _ in range(10)] == [2 * number for number in range(10)]
    with pytest.raises(BadData, match="the tape ends here"):
        next(parts)


def test_an_abandoned_input_is_closed() -> None:
    closed = []

    class Closing(Counting):
        def prepare(self, value: Any, options: Any) -> Iterator[int]:
            try:
                yield from super().prepare(value, options)
            finally:
                closed.append(True)

    parts = Engine(torch.nn.Identity(), Closing()).run([LONG], NoOptions(), parts=True)
    next(parts)
    parts.close()
    assert closed == [True]


def test_another_model_is_out_of_reach_without_a_zoo() -> None:
    with pytest.raises(TypeError, match="core"):
        Runner(None).other("m", "t")  # type: ignore[arg-type]
