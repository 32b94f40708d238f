"""The engine: the number of examples in a batch, found by a clock that the tests own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from tests.models.lengths import Lengths, Options
from zoo.devices import Fixed
from zoo.models import Engine
from zoo.models.pacing import Pace


def everything_fits(count: int) -> bool:
    return True


def climb(pace: Pace, seconds: Callable[[int], float], batches: int = 200, fits=everything_fits) -> int:
    """Let batches of the asked sizes take so long, and give the size that is reached."""
    for _ in range(batches):
        count = pace.next()
        pace.saw(count, count, seconds(count), fits)
    return pace.count


def test_it_grows_while_larger_batches_are_faster() -> None:
    assert climb(Pace(4), lambda n: 0.01 + 0.0001 * n) == 2048  # the start of each batch costs most


def test_it_shrinks_where_smaller_batches_are_faster() -> None:
    assert climb(Pace(16), lambda n: 0.01 * n**1.5) == 1


def test_it_stops_at_the_best() -> None:
    assert climb(Pace(4), lambda n: max(0.08, 0.01 * n) if n <= 16 else 0.02 * n) == 8


def test_it_stays_where_size_makes_no_difference() -> None:
    assert climb(Pace(16), lambda n: 0.01 * n) == 16


def test_noise_does_not_move_it() -> None:
    noise: Iterator[float] = iter([1.0, 1.03, 0.98, 1.02, 0.97, 1.01] * 1000)
    assert climb(Pace(16), lambda n: 0.01 * n * next(noise), 2000) == 16


def test_a_machine_that_drifts_does_not_move_it() -> None:
    slower = iter(range(1, 10_000))
    assert climb(Pace(16), lambda n: 0.001 * n * (1 + next(slower) / 100)) == 16


def test_batches_that_take_long_are_not_made_longer() -> None:
    assert climb(Pace(4), lambda n: 1.5 + 0.01 * n) == 4


def test_it_grows_no_further_than_memory_allows() -> None:
    assert climb(Pace(4), lambda n: 0.01 + 0.0001 * n, fits=lambda n: n <= 100) == 64


def test_it_shrinks_to_what_the_room_allows() -> None:
    assert climb(Pace(64), lambda n: 0.01 + 0.0001 * n, fits=lambda n: n <= 20) == 16


def test_running_out_of_memory_bounds_it_for_good() -> None:
    pace = Pace(4)
    assert climb(pace, lambda n: 0.01 + 0.0001 * n) > 64
    pace.cap(20)
    assert pace.count == 20
    assert climb(pace, lambda n: 0.01 + 0.0001 * n) == 20


def test_a_fixed_pace_changes_only_when_memory_runs_out() -> None:
    pace = Pace(4, fixed=True)
    assert climb(pace, lambda n: 0.01) == 4
    pace.cap(2)
    assert climb(pace, lambda n: 0.01) == 2


class Timed(Lengths):
    """A module that takes as long as is stated, by a clock that only it moves."""

    def __init__(self, seconds: Callable[[int], float]) -> None:
        super().__init__()
        self.now = 0.0
        self._seconds = seconds

    def finish(self, outputs, examples, options):
        self.now += self._seconds(len(examples))
        return super().finish(outputs, examples, options)


class Roomy(Fixed):
    """A source that says how much room there is, and what it was told of the memory taken."""

    def __init__(self, module, room: int) -> None:
        super().__init__(module)
        self._room = room
        self.told: list[int] = []

    def room(self) -> int:
        return self._room

    def measured(self, activation: int) -> None:
        self.told.append(activation)


@pytest.mark.parametrize("kind", [iter, list])
def test_an_engine_finds_its_batch_and_remembers_it(kind: type) -> None:
    import torch

    runner = Timed(lambda n: 0.01 + 0.0001 * n)
    source = Roomy(torch.nn.Identity(), 1 << 30)
    made = Engine(source, runner, clock=lambda: runner.now)
    texts = ["1"] * 20_000
    assert list(made.run(kind(texts), Options())) == [1.0] * len(texts)
    reached = made.batch
    assert reached >= 64
    before = len(runner.batches)
    list(islice(made.run(texts, Options()), reached))
    assert len(runner.batches[before]) == reached


def test_an_engine_keeps_to_the_room_and_tells_what_it_takes() -> None:
    import torch

    runner = Timed(lambda n: 0.01 + 0.0001 * n)
    source = Roomy(torch.nn.Identity(), 400)
    made = Engine(source, runner, clock=lambda: runner.now)
    list(made.run(["1"] * 2000, Options()))
    assert source.told == sorted(source.told)
    assert source.told[0] > 0
    each = source.told[-1] / max(len(b) for b in runner.batches)
    assert made.batch * each <= 400 * 1.5
    assert made.batch >= 8
