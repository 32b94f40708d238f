"""The engine in many threads, with real tokenizers and pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.models.lengths import TEXTS, Lengths, Options, engine, expected
from tests.tiny_fixtures import Models
from zoo import Zoo


def test_many_threads_share_one_engine() -> None:
    made = engine(Lengths())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: list(made.run(TEXTS[n:], Options())), range(8)))
    assert found == [expected(TEXTS[n:]) for n in range(8)]


def test_a_module_that_nobody_manages_runs_one_batch_at_a_time() -> None:
    class Alone(Lengths):
        inside = 0
        most = 0

        def forward(self, module: Any, batch: Any, options: Any) -> Any:
            self.inside += 1
            self.most = max(self.most, self.inside)
            threading.Event().wait(0.001)
            self.inside -= 1
            return super().forward(module, batch, options)

    runner = Alone()
    made = engine(runner, batch=4)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: list(made.run(TEXTS, Options())), range(4)))
    assert runner.most == 1


SENTENCES = [f"the {'very ' * (i % 9)}{word} film" for i, word in enumerate(("good", "bad", "great", "poor") * 12)]


def test_sixteen_threads_over_four_models_give_the_results_of_one(home: Path, models: Models) -> None:
    zoo = Zoo(home, offline=True, quiet=True)
    pictures = sorted(models.squares.rglob("*.png"))
    with (
        zoo.load("judge") as judge,
        zoo.load("texts") as texts,
        zoo.load("pics") as pics,
        zoo.load("judge", batch=3) as small,
    ):
        work: list[Callable[[], Any]] = [
            lambda: [r.to_dict() for r in judge.predict(SENTENCES)],
            lambda: [r.to_dict() for r in texts.predict(SENTENCES)],
            lambda: [r.to_dict() for r in pics.predict(list(pictures))],
            lambda: [r.to_dict() for r in small.predict(iter(SENTENCES), truncate=False)],
        ]
        alone = [job() for job in work]
        with ThreadPoolExecutor(16) as pool:
            together = list(pool.map(lambda number: work[number % 4](), range(16)))
    for number, found in enumerate(together):
        assert [_rounded(r) for r in found] == [_rounded(r) for r in alone[number % 4]]


def test_one_tokenizer_in_many_threads(models: Models, home: Path) -> None:
    """Rust tokenizers refuse to be changed while another thread uses them: preparing must not change them."""
    with Zoo(home, offline=True, quiet=True).load("judge") as judge:
        runner = judge.engine.runner
        options = type(runner).Options()
        once = [runner.prepare(text, options)[0].ids for text in SENTENCES]
        with ThreadPoolExecutor(16) as pool:
            often = list(pool.map(lambda text: runner.prepare(text, options)[0].ids, SENTENCES * 40))
    assert often == once * 40


def _rounded(value: Any) -> Any:
    """Numbers to five digits: who shares a batch changes the last ones."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-4, abs=1e-5)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value
