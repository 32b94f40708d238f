"""The engine: order, batches, several examples of an input, streams and their ends."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from queue import Queue

import pytest
import torch
from torch import nn

from tests.models.lengths import TEXTS, Lengths, Options, engine, expected
from zoo.devices import Fixed
from zoo.errors import BadOption
from zoo.models import Engine


@pytest.fixture
def runner() -> Lengths:
    return Lengths()


def test_results_come_in_the_order_of_inputs(runner: Lengths) -> None:
    assert list(engine(runner).run(TEXTS, Options())) == expected(TEXTS)


@pytest.mark.parametrize("given", [iter, list, tuple])
def test_lists_and_iterators_give_the_same(runner: Lengths, given: type) -> None:
    assert list(engine(runner).run(given(TEXTS), Options())) == expected(TEXTS)


def test_a_fixed_batch_holds_so_many_examples_of_like_length(runner: Lengths) -> None:
    list(engine(runner, batch=4).run(TEXTS[:32], Options()))
    assert [len(b) for b in runner.batches] == [4] * 8
    lengths = [len(e) for b in runner.batches for e in b]
    assert lengths == sorted(lengths, reverse=True)


def test_a_batch_is_bounded_by_its_padded_size_too(runner: Lengths) -> None:
    list(engine(runner).run(["1" * 40, *["1"] * 7] * 4, Options()))
    assert [len(b) for b in runner.batches if len(b[0]) == 40] == [1] * 4
    assert max(len(b) for b in runner.batches) > 4
    padded = sum(len(b) * len(b[0]) for b in runner.batches)
    assert padded == 4 * 40 + 28


def test_a_runner_of_single_examples_is_never_given_more() -> None:
    class Single(Lengths):
        batch = 1

    runner = Single()
    list(engine(runner).run(["1"] * 40, Options()))
    assert {len(b) for b in runner.batches} == {1}


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_any_batch_gives_the_same(runner: Lengths, batch: int) -> None:
    assert list(engine(runner, batch=batch).run(TEXTS, Options())) == expected(TEXTS)


def test_a_batch_that_is_set_is_kept(runner: Lengths) -> None:
    made = engine(runner)
    made.batch = 7
    list(made.run(["1"] * 70, Options()))
    assert made.batch == 7
    assert {len(b) for b in runner.batches} == {7}


def test_several_examples_of_one_input_are_merged(runner: Lengths) -> None:
    assert list(engine(runner).run(["1|22|3", "4", "5|5"], Options())) == [8.0, 4.0, 10.0]


def test_options_reach_the_steps(runner: Lengths) -> None:
    assert list(engine(runner).run(["1"], Options(add=2.0))) == [3.0]


def test_a_lease_or_fixed_module_is_taken_as_it_is(runner: Lengths) -> None:
    class Counted(Fixed):
        turns = 0

        def turn(self):
            self.turns += 1
            return super().turn()

    module = nn.Linear(1, 1)
    source = Counted(module)
    made = Engine(source, runner, batch=10)
    list(made.run(TEXTS, Options()))
    assert made.module is module
    assert source.turns == len(runner.batches) == 5


def test_a_single_input_needs_no_thread(runner: Lengths) -> None:
    assert list(engine(runner, workers=4).run(["12"], Options())) == [3.0]
    assert runner.threads == {threading.current_thread().name}


def test_a_stream_is_read_as_far_as_needed(runner: Lengths) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield TEXTS[read % len(TEXTS)]

    results = engine(runner, batch=4).run(endless(), Options())
    for _ in range(2000):
        next(results)
    results.close()
    assert runner.prepared < 2000 + 4 * 32 * 2
    assert read < 2000 + 4 * 32 * 2 + 70


def test_what_has_arrived_comes_out_while_the_source_has_nothing_new(runner: Lengths) -> None:
    """Ten texts come in one go, and the eleventh only after the results of the ten were seen."""
    given: Queue[str | None] = Queue()
    results = engine(runner, batch=8).run(iter(given.get, None), Options())
    for round_ in range(1, 4):
        for text in TEXTS[:10]:
            given.put(text)
        assert [next(results) for _ in range(10)] == expected(TEXTS[:10]), f"round {round_}"
    given.put(None)
    assert list(results) == []


def test_closing_a_stream_ends_its_threads(runner: Lengths) -> None:
    closed = threading.Event()

    def texts() -> Iterator[str]:
        try:
            while True:
                yield from TEXTS
        finally:
            closed.set()

    results = engine(runner, workers=2).run(texts(), Options())
    next(results)
    results.close()
    assert closed.wait(5)
    assert not [t for t in threading.enumerate() if t.name.startswith("zoo-prepare")]


def test_closing_does_not_wait_for_a_source_that_waits(runner: Lengths) -> None:
    given: Queue[str | None] = Queue()
    results = engine(runner).run(iter(given.get, None), Options())
    given.put("1")
    assert next(results) == 1.0
    results.close()
    given.put(None)


def test_an_error_of_the_source_comes_after_the_results_of_what_it_gave(runner: Lengths) -> None:
    def texts() -> Iterator[str]:
        yield from TEXTS[:5]
        raise sqlite3.OperationalError("disk I/O error")

    results = engine(runner).run(texts(), Options())
    assert [next(results) for _ in range(5)] == expected(TEXTS[:5])
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        next(results)


def test_nothing_in_nothing_out(runner: Lengths) -> None:
    assert list(engine(runner).run([], Options())) == []
    assert list(engine(runner).run(iter([]), Options())) == []


@pytest.mark.parametrize("batch", [0, -1])
def test_bad_batch(runner: Lengths, batch: int) -> None:
    with pytest.raises(BadOption):
        engine(runner, batch=batch)


def test_progress_is_told_with_the_total_where_it_is_known(runner: Lengths) -> None:
    seconds = iter(range(10_000))
    told: list[tuple[int, int | None, float]] = []
    made = engine(runner, batch=10, clock=lambda: next(seconds))
    list(made.run(TEXTS, Options(), progress=lambda *values: told.append(values)))
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
    assert told[-1][:2] == (50, 50)
    assert all(rate > 0 for _, _, rate in told)
    told.clear()
    list(made.run(iter([*TEXTS, ""]), Options(), "skip", lambda *values: told.append(values)))
    assert told[-1][:2] == (51, None)


def test_a_seed_fixes_the_batch() -> None:
    class Seeded(Options):
        seed = 1

    runner = Lengths()
    list(engine(runner).run(["1"] * 400, Seeded()))
    assert {len(b) for b in runner.batches} == {4}


def test_workers_prepare_beside_an_accelerator(runner: Lengths) -> None:
    """`meta` stands for it: the engine only asks whether batches leave the CPU. Results are made in `finish`."""
    runner.finish = lambda outputs, examples, options: expected(examples)  # type: ignore[method-assign]
    made = Engine(nn.Linear(1, 1, device="meta"), runner, device=torch.device("meta"), workers=2, batch=4)
    assert list(made.run(iter(TEXTS * 3), Options())) == expected(TEXTS * 3)
    assert all(name.startswith("zoo-prepare") for name in runner.threads)
