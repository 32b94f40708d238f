"""How fast and how different: a module against what would take its place, in the same minute on the same batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from zoo.models.precision.report import Difference
from zoo.models.precision.samples import options_for
from zoo.models.precision.standin import Call, Recorder
from zoo.models.precision.structure import Unfit, flatten

__all__ = ["Batch", "Bench", "bench", "difference", "race"]

LEAST, LARGE = 4, 16  # examples in the larger of the two batches that are timed
SECONDS_A_BATCH = 1.0  # larger batches are not tried: their speed is that of smaller ones
SECONDS_A_RACE = 3.0
ROUNDS = (3, 40)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A collated batch and how many examples it holds."""

    value: Any
    count: int


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a model is tried on.

    Attributes:
        runner: its runner.
        options: of the runner.
        batches: of one example, of three, and of as many as are timed.
        calls: the calls of the module for each batch, with its float32 outputs.
        made: what the runner makes of them.
    """

    runner: Any
    options: Any
    batches: tuple[Batch, ...]
    calls: tuple[tuple[Call, ...], ...]
    made: tuple[Any, ...]

    @property
    def timed(self) -> tuple[Batch, ...]:
        """The batches for timing: one example, and many."""
        return (self.batches[0], self.batches[-1])

    @property
    def all_calls(self) -> list[Call]:
        """The calls of all batches."""
        return [call for calls in self.calls for call in calls]

    def run(self, module: Any, batch: Batch) -> Any:
        """The runner's outputs for a batch, from a module or what is in its place."""
        with torch.inference_mode():
            return self.runner.forward(module, batch.value, self.options)


def bench(module: torch.nn.Module, runner: Any, inputs: Sequence[Any]) -> Bench:
    """Prepare inputs and record what the runner calls; raises `Unfit` where that is not of use for a graph."""
    options = options_for(runner)
    examples = [example for value in inputs for example in runner.prepare(value, options)]
    if len(examples) < 2:
        examples = examples * 2
    if not examples:
        raise Unfit("its runner makes nothing of the inputs to try it on")
    # examples of unlike length first, so that no two axes of a batch have one size by chance
    examples.sort(key=runner.size)
    single = _batch(runner, [examples[len(examples) // 2]])
    few = _batch(runner, [examples[at * (len(examples) - 1) // 2] for at in range(3)])
    first = [_record(module, runner, options, batch) for batch in (single, few)]
    seconds = min(_seconds(module, runner, options, single) for _ in range(3))
    count = max(LEAST, min(runner.batch, LARGE, int(SECONDS_A_BATCH / seconds)))
    # all lengths, or all examples over and over
    spread = max(1, len(examples) // count)
    many = _batch(runner, [examples[number * spread % len(examples)] for number in range(count)])
    calls, made = zip(*first, _record(module, runner, options, many), strict=True)
    return Bench(runner=runner, options=options, batches=(single, few, many), calls=calls, made=made)


def _batch(runner: Any, examples: Sequence[Any]) -> Batch:
    return Batch(value=runner.collate(examples), count=len(examples))


def _seconds(module: torch.nn.Module, runner: Any, options: Any, batch: Batch) -> float:
    start = time.perf_counter()
    with torch.inference_mode():
        runner.forward(module, batch.value, options)
    return time.perf_counter() - start


def _record(module: torch.nn.Module, runner: Any, options: Any, batch: Batch) -> tuple[tuple[Call, ...], Any]:
    """The calls of the module for a batch, and what the runner makes of them."""
    recorder = Recorder(module)
    with recorder.recording() as standin, torch.inference_mode():
        made = runner.forward(standin, batch.value, options)
    return tuple(recorder.calls), made


def difference(test: Bench, module: Any, again: Callable[[Call], Any], *, classified: bool) -> Difference:
    """How far the outputs are for all batches.

    Of classifiers the module's scores are compared, and the best class of each; of others what the runner makes of the
    outputs, such as vectors and boxes, as long as that is floating-point numbers. What stands at padding is left out.

    Args:
        test: the batches, with the calls of the module and its outputs.
        module: what would take the module's place.
        again: the outputs of a recorded call from it.
        classified: whether the last axis of the outputs holds classes.

    Raises:
        Unfit: an output has another shape, or is not finite where the module's is.
    """
    worst, same, rows = 0.0, 0, 0
    for batch, calls, made in zip(test.batches, test.calls, test.made, strict=True):
        pairs = [(_floats(made), _floats(test.run(module, batch)))]
        if classified or not pairs[0][0]:
            pairs = [(_floats(call.output, call), _floats(again(call), call)) for call in calls]
        for before, after in pairs:
            if [tensor.shape for tensor in before] != [tensor.shape for tensor in after]:
                raise Unfit("its outputs have other shapes for batches of other sizes")
            worst = max([worst, *map(_relative, before, after)])
            if classified and before and before[0].ndim > 1:
                hits = before[0].argmax(-1) == after[0].argmax(-1)
                same, rows = same + int(hits.sum()), rows + hits.numel()
    examples = sum(batch.count for batch in test.batches)
    return Difference(relative=worst, agreement=same / rows if rows else None, examples=examples)


def _floats(output: Any, call: Call | None = None) -> list[torch.Tensor]:
    """The floating-point tensors of outputs; of those with an axis of tokens only what is not padding."""
    mask = call.kwargs.get("attention_mask") if call else None
    tensors = [tensor.float() for tensor in flatten(output, strict=False)[0] if tensor.is_floating_point()]
    if not isinstance(mask, torch.Tensor) or mask.ndim != 2:
        return tensors
    return [tensor[mask.bool()] if tensor.shape[:2] == mask.shape else tensor for tensor in tensors]


def _relative(before: torch.Tensor, after: torch.Tensor) -> float:
    finite = torch.isfinite(before)
    if not torch.isfinite(after[finite]).all():
        raise Unfit("its outputs are not finite")
    size = float(before[finite].norm())
    return float((after[finite] - before[finite]).norm()) / size if size else 0.0


def race(test: Bench, contenders: Mapping[str, Any]) -> dict[str, list[float]]:
    """The best seconds of each contender for each of the timed batches.

    They take turns, so that what else the machine does meets all alike; the best of many runs is the one that was
    disturbed least.
    """
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for batch in test.timed:
        times: dict[str, list[float]] = {name: [] for name in contenders}
        started = time.perf_counter()
        for _ in _rounds(started, SECONDS_A_RACE):
            for name, module in contenders.items():
                begun = time.perf_counter()
                test.run(module, batch)
                times[name].append(time.perf_counter() - begun)
        for name, row in times.items():
            found[name].append(min(row[1:]))  # the first is the warm-up
    return found


def _rounds(started: float, seconds: float) -> Iterable[int]:
    least, most = ROUNDS
    for number in range(most):
        if number >= least and time.perf_counter() - started > seconds:
            return
        yield number
