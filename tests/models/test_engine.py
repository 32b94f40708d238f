"""The engine: order, batches, failures, memory, streams."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

from zoo.errors import BadData, BadOption, ResourceError
from zoo.models import Engine, Failure
from zoo.plugin import Runner, option


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
        self.fail_over: int | None = None

    def prepare(self, value: Any, options: Options) -> Sequence[str]:
        self.prepared += 1
        if not isinstance(value, str) or not value:
            raise BadData(f"{value!r} is no text")
        return value.split("|")

    def size(self, example: str) -> int:
        return len(example)

    def collate(self, examples: Sequence[str]) -> torch.Tensor:
        width = max(len(e) for e in examples)
        return torch.tensor([[float(c) for c in e.ljust(width, "0")] for e in examples])

    def forward(self, module: nn.Module, batch: torch.Tensor, options: Options) -> torch.Tensor:
        assert torch.is_inference_mode_enabled()
        if self.fail_over is not None and len(batch) > self.fail_over:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return module(batch.sum(dim=1, keepdim=True))[:, 0] + options.add

    def finish(self, outputs: torch.Tensor, examples: Sequence[str], options: Options) -> list[float]:
        self.batches.append(list(examples))
        return outputs.tolist()

    def merge(self, results: Sequence[float], options: Options) -> float:
        return sum(results)


@pytest.fixture
def runner() -> Lengths:
    return Lengths()


def engine(runner: Runner, **options) -> Engine:
    module = nn.Linear(1, 1, bias=False)
    nn.init.ones_(module.weight)
    return Engine(module, runner, **options)


TEXTS = ["1" * (1 + 7 * i % 13) for i in range(50)]


def test_results_come_in_the_order_of_inputs(runner: Lengths) -> None:
    assert list(engine(runner).run(TEXTS, Options())) == [float(len(t)) for t in TEXTS]


def test_batches_hold_examples_of_like_length(runner: Lengths) -> None:
    list(engine(runner).run(TEXTS[:32], Options()))
    assert [len(b) for b in runner.batches] == [4] * 8
    lengths = [len(e) for b in runner.batches for e in b]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_any_batch_gives_the_same(runner: Lengths, batch: int) -> None:
    assert list(engine(runner, batch=batch).run(TEXTS, Options())) == [float(len(t)) for t in TEXTS]


def test_several_examples_of_one_input_are_merged(runner: Lengths) -> None:
    assert list(engine(runner).run(["1|22|3", "4", "5|5"], Options())) == [8.0, 4.0, 10.0]


def test_options_reach_the_steps(runner: Lengths) -> None:
    assert list(engine(runner).run(["1"], Options(add=2.0))) == [3.0]


def test_failures(runner: Lengths) -> None:
    given = ["1", "", "2", None, "3"]
    with pytest.raises(BadData):
        list(engine(runner).run(given, Options()))
    assert list(engine(runner).run(given, Options(), "skip")) == [1.0, 2.0, 3.0]
    returned = list(engine(runner).run(given, Options(), "return"))
    assert [isinstance(r, Failure) for r in returned] == [False, True, False, True, False]
    assert returned[1].to_dict() == {"error": "'' is no text"}


def test_an_input_that_is_an_error_already_fails_in_its_turn(runner: Lengths) -> None:
    returned = list(engine(runner).run(["1", BadData("no such folder"), "2"], Options(), "return"))
    assert returned[1] == Failure(returned[1].error)
    assert (returned[0], str(returned[1]), returned[2]) == (1.0, "no such folder", 2.0)


@pytest.mark.parametrize("fits", [1, 2, 3])
def test_out_of_memory_halves_the_batch_and_changes_no_result(runner: Lengths, fits: int) -> None:
    runner.fail_over = fits
    made = engine(runner, batch=16)
    assert list(made.run(TEXTS, Options())) == [float(len(t)) for t in TEXTS]
    assert 1 <= made.batch <= max(1, fits)


def test_one_input_that_does_not_fit_is_an_error(runner: Lengths) -> None:
    runner.fail_over = 0
    with pytest.raises(ResourceError):
        list(engine(runner).run(["1"], Options()))


def test_other_runtime_errors_are_not_swallowed(runner: Lengths) -> None:
    runner.forward = lambda *_: (_ for _ in ()).throw(RuntimeError("shapes do not fit"))  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="shapes"):
        list(engine(runner).run(["1", "2"], Options()))


def test_a_stream_is_read_as_far_as_needed(runner: Lengths) -> None:
    def endless():
        while True:
            yield "1"

    results = engine(runner).run(endless(), Options())
    assert [next(results) for _ in range(100)] == [1.0] * 100
    results.close()
    assert runner.prepared < 100 + 4 * 8 * 3


def test_closing_a_stream_ends_its_threads(runner: Lengths) -> None:
    results = engine(runner).run(iter(TEXTS * 10), Options())
    next(results)
    results.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("zoo-prepare")]


def test_nothing_in_nothing_out(runner: Lengths) -> None:
    assert list(engine(runner).run([], Options())) == []


@pytest.mark.parametrize("batch", [0, -1])
def test_bad_batch(runner: Lengths, batch: int) -> None:
    with pytest.raises(BadOption):
        engine(runner, batch=batch)


def test_batches_are_moved_to_device_and_type(runner: Lengths) -> None:
    made = Engine(None, runner, device=torch.device("cpu"), dtype=torch.float16)
    moved = made._move({"x": torch.zeros(2), "n": torch.zeros(2, dtype=torch.int64), "l": [torch.zeros(1)], "s": "s"})
    assert moved["x"].dtype == moved["l"][0].dtype == torch.float16
    assert moved["n"].dtype == torch.int64
    assert moved["s"] == "s"


def test_many_threads_share_one_engine(runner: Lengths) -> None:
    made, results = engine(runner), {}

    def work(number: int) -> None:
        results[number] = list(made.run(TEXTS[number:], Options()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: [float(len(t)) for t in TEXTS[n:]] for n in range(8)}
