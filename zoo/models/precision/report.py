"""What was measured when a model's engine or precision was chosen."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.errors import BadOption

__all__ = ["Difference", "Refused", "Report", "Speed", "Trial"]


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Examples a second at one batch size, before (torch, float32) and after."""

    batch: int
    before: float
    after: float

    @property
    def times(self) -> float:
        """How many times faster; below 1 is slower."""
        return self.after / self.before


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far outputs are from those of torch in float32.

    Attributes:
        relative: the Euclidean norm of the difference over that of the output; of several outputs the worst.
        agreement: share of examples (or tokens) whose best class stayed the best; None where there are no classes.
        examples: how many examples were compared.
    """

    relative: float
    agreement: float | None
    examples: int

    def __str__(self) -> str:
        same = "" if self.agreement is None else f", same best class in {self.agreement:.1%}"
        return f"outputs differ by {self.relative:.2g} (relative){same}"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One way that was tried.

    Attributes:
        method: such as `onnxruntime, int8 of matrix products per channel`.
        size: bytes of what it keeps in memory for the weights.
        speeds: empty where it was not timed, because its outputs are too different.
        difference: None where it could not be made.
        verdict: empty for one that may be used; else why not.
        note: what else is to be known of one that may be used.
    """

    method: str
    size: int = 0
    speeds: tuple[Speed, ...] = ()
    difference: Difference | None = None
    verdict: str = ""
    note: str = ""

    @property
    def times(self) -> float:
        """How many times faster than torch: the geometric mean over the batch sizes; 0 where it was not timed."""
        if not self.speeds:
            return 0.0
        return math.exp(sum(math.log(speed.times) for speed in self.speeds) / len(self.speeds))

    def __str__(self) -> str:
        speeds = ", ".join(f"{speed.times:.2f} times the speed at batch {speed.batch}" for speed in self.speeds)
        parts = [speeds, str(self.difference or ""), self.verdict, self.note]
        return f"{self.method}: {'; '.join(part for part in parts if part)}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a model gained and lost by its engine and precision, as measured on this machine.

    Attributes:
        engine: `onnxruntime` or `torch`.
        quantize: `int8` or None.
        method: how it was made, in words.
        size_before: bytes of the weights of torch's float32 module.
        size_after: bytes of what stands in its place.
        speeds: examples a second before and after, a batch size each.
        difference: of the outputs.
        device: the device and the processor's name.
        threads: how many threads both engines had.
        load: the machine's load average while it was measured, None where that is not known; where it is beyond the
            number of cores, others were at work, and the speeds are rough.
        versions: of the libraries that were measured.
        measured: when (UTC, ISO 8601).
        trials: all ways that were tried, the chosen one too.
        reference: with `int8`, what the same model does on onnxruntime in float32, measured in the same minute; its
            verdict says why it could not be made or used. None without `int8`.
        note: what else is to be known, such as that the way was kept for its size alone.
    """

    engine: str
    quantize: str | None
    method: str
    size_before: int
    size_after: int
    speeds: tuple[Speed, ...]
    difference: Difference
    device: str
    threads: int
    load: float | None
    versions: Mapping[str, str]
    measured: str
    trials: tuple[Trial, ...] = ()
    reference: Trial | None = None
    note: str = ""

    @property
    def times(self) -> float:
        """How many times faster than torch in float32: the geometric mean over the batch sizes."""
        return Trial(method=self.method, speeds=self.speeds).times

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it; `read` makes it a report again."""
        return dataclasses.asdict(self) | {"versions": dict(self.versions), "times": round(self.times, 3)}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Report:
        """The report of `to_dict`'s form; raises KeyError, TypeError or ValueError for anything else."""
        given = {field.name: data[field.name] for field in dataclasses.fields(cls)}
        read = {"trials": read_trials(data["trials"]), "reference": read_trial(data["reference"])}
        return cls(**given | _measured(data) | read)

    def __str__(self) -> str:
        speeds = ", ".join(
            f"{speed.times:.1f} times faster at batch {speed.batch} ({speed.before:.3g} -> {speed.after:.3g}/s)"
            for speed in self.speeds
        )
        size = f"{self.size_before / 1e6:.1f} -> {self.size_after / 1e6:.1f} MB"
        busy = "; measured while the machine was busy" if (self.load or 0) > self.threads + 1 else ""
        note = f"; {self.note}" if self.note else ""
        return f"{self.method}: {speeds}; {size}; {self.difference}{self._beside()}{note}{busy}"

    def _beside(self) -> str:
        """The reference's figures in words; nothing where there are none."""
        if self.reference is None or not self.reference.speeds:
            return ""
        speeds = ", ".join(f"{speed.times:.1f} times faster at batch {speed.batch}" for speed in self.reference.speeds)
        return f"; for comparison {self.reference.method}: {speeds}, {self.reference.size / 1e6:.1f} MB"


class Refused(BadOption):
    """An engine or precision that is no gain here.

    Attributes:
        trials: the figures of each way that was tried.
        reference: as in `Report`.
    """

    def __init__(self, cause: str, remedy: str, trials: Sequence[Trial], reference: Trial | None = None) -> None:
        self.trials = tuple(trials)
        self.reference = reference
        super().__init__(cause, remedy)


def read_trials(data: Sequence[Mapping[str, Any]]) -> tuple[Trial, ...]:
    """Trials of `dataclasses.asdict`'s form."""
    return tuple(Trial(**{**row, **_measured(row)}) for row in data)


def read_trial(row: Mapping[str, Any] | None) -> Trial | None:
    """One trial, where there is one."""
    return None if row is None else read_trials([row])[0]


def _measured(row: Mapping[str, Any]) -> dict[str, Any]:
    found = row["difference"]
    return {
        "speeds": tuple(Speed(**speed) for speed in row["speeds"]),
        "difference": None if found is None else Difference(**found),
    }
