"""The part of the data that candidates are measured on: read, looked through, and cut to a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.data import Columns, RawData, Split, read_labelled, read_raw, split_data
from zoo.data.doctor import Diagnosis, examine
from zoo.errors import BadData, BadOption, UnknownTask
from zoo.finetuning.probe import KINDS
from zoo.tasks import LEARNT, TargetKind

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["AS_THEY_ARE", "Sample", "read_sample", "tasks"]

# What no linear head on fixed features learns: models for these are judged as they are.
AS_THEY_ARE: tuple[TargetKind, ...] = ("boxes", "transcript")
# For which task data is taken when none is named: the first for which it has what it needs.
_ORDER = (
    "object-detection",
    "image-classification",
    "text-classification",
    "automatic-speech-recognition",
    "audio-classification",
)

LEAST_OF_CLASS = 5  # examples, on average


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What candidates are measured on.

    Attributes:
        name, task, kind: of the data.
        split: the sample.
        of: examples in the part that it was drawn from.
        classes: in that part.
        diagnosis: what the doctor says.
    """

    name: str
    task: str
    kind: TargetKind
    split: Split
    of: int
    classes: tuple[str, ...]
    diagnosis: Diagnosis


def tasks() -> tuple[str, ...]:
    """The tasks for which models can be compared: by a linear head, or as they are."""
    able = [task for task, kinds in LEARNT.items() if {*kinds} & {*KINDS, *AS_THEY_ARE}]
    return tuple(sorted(able, key=lambda task: _ORDER.index(task) if task in _ORDER else len(_ORDER)))


def read_sample(
    registry: Registry,
    data: Any,
    task: str | None,
    *,
    kind: TargetKind | None,
    columns: Mapping[str, str],
    count: int,
    seed: int,
) -> Sample:
    """Read the data, have the doctor look, and draw a stratified sample of what fine-tuning would learn from.

    The held-out part of `zoo finetune` with the same seed is left out: a choice made on it would flatter what comes.

    Raises:
        BadData: there is none, or the doctor's blocking findings.
        BadOption, UnknownTask: a column's role or a task that there is not.
    """
    if count < 10:
        raise BadOption(f"a sample of {count} says nothing", "Give 10 or more; 1000 is usual.")
    how: dict[str, Any] = {
        "columns": Columns.of(columns),
        "cache": registry.cache / "datasets",
        "offline": registry.settings.offline,
    }
    raw = _raw(data, task, kind, how)
    if raw.kind not in {*KINDS, *AS_THEY_ARE}:
        raise BadOption(
            f"models for {raw.kind!r} labels cannot be compared by a probe",
            f"Give labels that are {', '.join((*KINDS, *AS_THEY_ARE))}.",
        )
    diagnosis = examine(raw)
    diagnosis.raise_if_broken()
    # Nothing is validated here, and the held-out part is the same without a validation part.
    read = split_data(read_labelled(raw, raw.task), seed=seed, validation_size=0)
    part = read.train
    return Sample(
        name=read.name,
        task=read.task,
        kind=read.kind,
        split=part if len(part) <= count else part.take(_drawn(part, count, read.kind, seed)),
        of=len(part),
        classes=read.classes,
        diagnosis=diagnosis,
    )


def _raw(data: Any, task: str | None, kind: TargetKind | None, how: Mapping[str, Any]) -> RawData:
    """The data as found, for the given task or for the first that it can be read for."""
    if task is not None:
        if task not in tasks():
            raise UnknownTask(f"models cannot be compared by a probe for {task}", f"Use one of: {', '.join(tasks())}.")
        return read_raw(data, task, kind=kind, **how)
    errors: dict[str, BadData] = {}
    for each in tasks():
        if kind is not None and kind not in LEARNT[each]:
            continue
        try:
            found = read_raw(data, each, kind=kind, **how)
        except BadData as error:
            errors[each] = error
            continue
        whole = not any(problem.check == "column" for problem in found.problems)
        if whole and any(row.problem is None for rows in found.parts.values() for row in rows):
            return found
    first = next((errors[each] for each in LEARNT if each in errors), None)
    raise first or BadData("this data suits no task", f"Name one with --task: {', '.join(tasks())}.")


def _drawn(part: Split, count: int, kind: TargetKind, seed: int) -> Sequence[int]:
    """Sorted rows: of each class its share, and one at least; of labels in sets and of numbers any.

    Where there are too many classes for a few examples of each, some classes are drawn.
    """
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(part))
    if kind != "single":
        return sorted(int(row) for row in order[:count])
    members: dict[Any, list[int]] = {}
    for row in order:
        members.setdefault(part.labels[row], []).append(int(row))
    drawn = list(members.values())[: max(2, count // LEAST_OF_CLASS)]
    # The n-th of a class of m stands at (n + 1/2) / m: the foremost of all classes are the same share of each.
    places = sorted((n > 0, (n + 0.5) / len(rows), row) for rows in drawn for n, row in enumerate(rows))
    return sorted(row for _, _, row in places[:count])
