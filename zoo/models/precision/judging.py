"""Which way is worth taking: the bounds on speed and difference, and the verdict on each candidate."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import torch

from zoo.models.precision.candidates import Candidate
from zoo.models.precision.measure import Bench, difference, race
from zoo.models.precision.report import Difference, Speed, Trial
from zoo.models.precision.structure import Unfit

__all__ = [
    "AGREEMENT",
    "EXACT",
    "FASTER",
    "NEAR",
    "NO_GAIN",
    "SLOWEST",
    "SMALLER",
    "WORTH",
    "best",
    "decide",
    "judge",
]

# Rounding alone, added up in another order, was seen to be 4e-6 at most; the bound leaves room for deeper networks.
EXACT = 1e-3
# Of the few models tried (docs/how-to/engines.md) some differed in 8 bits by 0.005 to 0.044, the others by 0.18 and
# more: the bound lies between. Classifiers of the first kind kept the best class of every sample.
NEAR = 0.1
AGREEMENT = 0.9
# A gain within the noise of timing is none; and many small inputs must not be paid for with slow single ones.
FASTER = 1.1
SLOWEST = 0.9
# 8 bits have to be worth what they change in the outputs: against the same graph in float32, in speed or in memory.
WORTH = 1.05
SMALLER = 1.5
NO_GAIN = "no faster than onnxruntime in float32: use engine='onnxruntime'"

CLASSIFIES = "classification"


def judge(
    module: torch.nn.Module,
    made: Iterable[Candidate | Trial],
    test: Callable[[], Bench],
    *,
    task: str,
    reference: Candidate | Trial | None = None,
) -> tuple[list[tuple[Candidate | None, Trial]], Trial | None]:
    """Each candidate with what was found of it; those whose outputs are too different are not timed.

    Args:
        module: torch's, in float32.
        made: the candidates; a `Trial` stands for one that could not be made.
        test: gives the batches.
        task: of the runner; classifiers must keep the best class.
        reference: onnxruntime in float32, which candidates in 8 bits have to beat; None where only rounding may tell
            the candidates from torch.

    Returns:
        The candidates with their trials, and the reference's trial.
    """
    exact = reference is None
    found = [_compared(item, test, task, exact) for item in made]
    beside = (None, None) if reference is None else _compared(reference, test, task, True)
    racing = {trial.method: item for item, trial in (beside, *found) if trial and item and not trial.verdict}
    if not racing:
        return found, beside[1]
    # where a thing runs after another changes what its memory is like: torch is both first and in turn
    times = race(test(), {"": module, **{name: item.module for name, item in racing.items()}})
    counts = [batch.count for batch in test().timed]

    def timed(trial: Trial, against: Trial | None = None) -> Trial:
        if trial.method not in racing:
            return trial
        return decide(dataclasses.replace(trial, speeds=_speeds(counts, times[""], times[trial.method])), against)

    against = None if beside[1] is None else timed(beside[1])
    return [(item, timed(trial, against)) for item, trial in found], against


def best(found: Sequence[tuple[Candidate | None, Trial]]) -> tuple[Candidate, Trial] | None:
    """The fastest that may be used."""
    fit = [(item, trial) for item, trial in found if item is not None and not trial.verdict]
    return max(fit, key=lambda pair: pair[1].times, default=None)


def _compared(
    item: Candidate | Trial, test: Callable[[], Bench], task: str, exact: bool
) -> tuple[Candidate | None, Trial]:
    if isinstance(item, Trial):
        return None, item
    trial, batches = Trial(method=item.method, size=item.size), test()
    try:
        found = difference(batches, item.module, item.again, classified=CLASSIFIES in task)
    except Unfit as error:
        return item, dataclasses.replace(trial, verdict=str(error))
    except Exception as error:  # code of the model's own meets layers that it was not written for
        return item, dataclasses.replace(trial, verdict=f"it fails: {type(error).__name__}: {str(error)[:120]}")
    return item, dataclasses.replace(trial, difference=found, verdict=_too_different(found, exact))


def _too_different(found: Difference, exact: bool) -> str:
    bound = EXACT if exact else NEAR
    if not found.relative <= bound:
        return f"too different: more than {bound:g}"
    if found.agreement is not None and found.agreement < AGREEMENT:
        return f"too different: the best class is another in more than {1 - AGREEMENT:.0%}"
    return ""


def _speeds(counts: Sequence[int], before: Sequence[float], after: Sequence[float]) -> tuple[Speed, ...]:
    """From seconds a batch to examples a second."""
    rows = zip(counts, before, after, strict=True)
    return tuple(Speed(batch=count, before=count / old, after=count / new) for count, old, new in rows)


def decide(trial: Trial, reference: Trial | None = None) -> Trial:
    """A timed trial with its verdict.

    Args:
        trial: near enough to torch in float32, and timed.
        reference: onnxruntime in float32, for a trial in 8 bits. It counts only where it could be used itself, so that
            nobody is sent from one refusal to the next.
    """
    if trial.times < FASTER:
        return dataclasses.replace(trial, verdict=f"not faster: {trial.times:.2f} times the speed of torch in float32")
    if slow := [speed for speed in trial.speeds if speed.times < SLOWEST]:
        return dataclasses.replace(trial, verdict=f"slower at batch {slow[0].batch}")
    if reference is None or reference.verdict or trial.times >= WORTH * reference.times:
        return trial
    if reference.size < SMALLER * trial.size:
        return dataclasses.replace(trial, verdict=NO_GAIN)
    speed, smaller = trial.times / reference.times, reference.size / trial.size
    note = f"kept for its size: {speed:.2f} times the speed of onnxruntime in float32, {smaller:.1f} times smaller"
    return dataclasses.replace(trial, note=note)
