"""The engine: inputs that cannot be used, batches that break, memory that runs out, devices that go."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from tests.models.lengths import TEXTS, Lengths, Options, engine, expected
from zoo.errors import BadCard, BadData, DeviceError, ResourceError
from zoo.models import Failure
from zoo.models.failing import named, unburdened


@pytest.fixture
def runner() -> Lengths:
    return Lengths()


def breaks(error: Exception, when: Callable[[Sequence[str]], bool]) -> Callable[[Sequence[str]], Exception | None]:
    return lambda examples: error if when(examples) else None


def test_failures(runner: Lengths) -> None:
    given = ["1", "", "2", None, "3"]
    with pytest.raises(BadData):
        list(engine(runner).run(given, Options()))
    assert list(engine(runner).run(given, Options(), "skip")) == [1.0, 2.0, 3.0]
    returned = list(engine(runner).run(given, Options(), "return"))
    assert [isinstance(r, Failure) for r in returned] == [False, True, False, True, False]
    assert returned[1].to_dict() == {"error": "'' is no text"}


def test_the_results_before_an_error_are_given_first(runner: Lengths) -> None:
    results = engine(runner).run([*TEXTS[:9], "", "1"], Options())
    assert [next(results) for _ in range(9)] == expected(TEXTS[:9])
    with pytest.raises(BadData):
        next(results)


def test_an_input_that_is_an_error_already_fails_in_its_turn(runner: Lengths) -> None:
    returned = list(engine(runner).run(["1", BadData("no such folder"), "2"], Options(), "return"))
    assert returned[1] == Failure(returned[1].error)
    assert (returned[0], str(returned[1]), returned[2]) == (1.0, "no such folder", 2.0)


def test_a_fault_of_preparing_is_told_of_its_input(runner: Lengths) -> None:
    one, crashed, huge, two = engine(runner).run(["1", "crash", "huge", "2"], Options(), "return")
    assert (one, two) == (1.0, 2.0)
    assert crashed.error.cause == "input 2 (crash) cannot be run: IndexError: list index out of range"
    assert isinstance(huge.error, ResourceError)


@pytest.mark.parametrize("on_error", ["skip", "return"])
def test_a_batch_that_breaks_loses_only_the_input_that_broke_it(runner: Lengths, on_error: str) -> None:
    runner.broken = breaks(RuntimeError("shapes do not fit"), lambda examples: any("3" in e for e in examples))
    given = [*TEXTS[:20], "13", *TEXTS[20:], "31"]
    results = list(engine(runner).run(given, Options(), on_error))
    failed = [r for r in results if isinstance(r, Failure)]
    assert [r for r in results if not isinstance(r, Failure)] == expected(TEXTS)
    assert len(failed) == (2 if on_error == "return" else 0)
    if failed:
        assert str(failed[0]) == "input 21 (13) cannot be run: RuntimeError: shapes do not fit"
        assert isinstance(results[20], Failure)


def test_a_batch_that_breaks_raises_an_error_that_names_the_input(runner: Lengths) -> None:
    runner.broken = breaks(RuntimeError("shapes do not fit"), lambda examples: "3" in examples)
    with pytest.raises(BadData, match=r"input 3 \(3\) cannot be run: RuntimeError: shapes") as caught:
        list(engine(runner).run(["1", "2", "3", "4"], Options()))
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_one_broken_example_of_several_fails_its_input(runner: Lengths) -> None:
    runner.broken = breaks(ValueError("no"), lambda examples: "3" in examples)
    first, second, third = engine(runner).run(["1|2", "2|3|3", "4"], Options(), "return")
    assert (first, third) == (3.0, 4.0)
    assert isinstance(second, Failure)


def test_what_every_input_would_meet_is_raised_at_once(runner: Lengths) -> None:
    runner.broken = breaks(BadCard("two labels for three classes"), lambda examples: True)
    with pytest.raises(BadCard):
        list(engine(runner).run(TEXTS, Options(), "return"))


def test_a_fault_of_merging_is_told_of_its_input(runner: Lengths) -> None:
    def merge(results: Sequence[float], options: Options) -> float:
        return 1 / (results[0] - 2)

    runner.merge = merge  # type: ignore[method-assign]
    results = list(engine(runner).run(["3", "2", "4"], Options(), "return"))
    assert [isinstance(r, Failure) for r in results] == [False, True, False]
    assert "input 2 (2)" in str(results[1])


MEMORY = {
    "torch": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "cpu": RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"),
    "mps": RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    "xpu": RuntimeError("level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"),
    "cublas": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "python": MemoryError(),
}


@pytest.mark.parametrize("kind", MEMORY)
@pytest.mark.parametrize("fits", [1, 2, 3, 9])
def test_out_of_memory_halves_the_batch_and_changes_no_result(runner: Lengths, fits: int, kind: str) -> None:
    runner.broken = breaks(MEMORY[kind], lambda examples: len(examples) > fits)
    made = engine(runner, batch=16)
    assert list(made.run(TEXTS, Options())) == expected(TEXTS)
    assert 1 <= made.batch <= fits
    before = len(runner.batches)
    list(made.run(["1"] * 16, Options()))
    assert max(len(b) for b in runner.batches[before:]) == made.batch


@pytest.mark.parametrize("step", ["collate", "forward", "finish"])
def test_memory_may_run_out_in_any_step(runner: Lengths, step: str) -> None:
    real, failed = getattr(runner, step), []

    def failing(*given):
        examples = given[0] if step == "collate" else given[1]
        if len(examples) > 4 and len(failed) < 6:
            failed.append(len(examples))
            raise MEMORY["torch"]
        return real(*given)

    setattr(runner, step, failing)
    assert list(engine(runner, batch=16).run(TEXTS, Options())) == expected(TEXTS)
    assert failed[:2] == [16, 8]


def test_the_tensors_of_a_failed_batch_are_gone_before_the_next_try(runner: Lengths) -> None:
    """The frames of the exception hold them: kept over the retry, they would take the room that it needs."""
    real, kept, alive = runner.forward, [], []

    def forward(module, batch, options):
        gc.collect()
        alive.append(sum(ref() is not None for ref in kept))
        activation = batch * 2
        kept.append(weakref.ref(activation))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(module, batch, options)

    runner.forward = forward  # type: ignore[method-assign]
    assert list(engine(runner, batch=8).run(["1"] * 8, Options())) == [1.0] * 8
    assert len(alive) > 3
    assert set(alive) == {0}


def test_one_input_that_does_not_fit_fails_alone(runner: Lengths) -> None:
    runner.broken = breaks(MEMORY["torch"], lambda examples: "9" in examples)
    given = ["1", "2", "9", "3"]
    with pytest.raises(ResourceError, match=r"input 3 \(9\) alone does not fit into the memory of cpu"):
        list(engine(runner).run(given, Options()))
    assert list(engine(runner).run(given, Options(), "skip")) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "said", ["CUDA error: device-side assert triggered", "CUDA error: uncorrectable ECC error encountered"]
)
def test_a_lost_device_is_one_clear_error(runner: Lengths, said: str) -> None:
    runner.broken = breaks(RuntimeError(said), lambda examples: True)
    with pytest.raises(DeviceError, match="cannot be used any more") as caught:
        list(engine(runner, device=torch.device("meta")).run(TEXTS, Options(), "skip"))
    assert caught.value.remedy


def test_a_failure_that_is_kept_holds_no_frames() -> None:
    try:
        try:
            Path("/no/such/file").open().close()
        except OSError as cause:
            raise BadData("it cannot be read") from cause
    except BadData as error:
        found = unburdened(error)
    assert found.__traceback__ is None
    assert found.__cause__ is not None
    assert found.__cause__.__traceback__ is None


def test_names_are_short() -> None:
    assert named(0, "a\nb") == "input 1 (a b)"
    assert named(2, object()) == "input 3"
    assert len(named(0, "x" * 500)) < 80
