"""What would make it fit? Each change is put through the same arithmetic, and told of only when it helps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zoo.errors import BadOption
from zoo.fitting.judging import Judge, Verdict, wanted_places
from zoo.fitting.question import METHODS, Question

__all__ = ["Advice", "advise"]

_HALVES = ("bfloat16", "float16")
_SHORTEST = 32
_SPELLED = {"finetune": "--finetune", "batch": "--batch", "length": "--length", "dtype": "--dtype"}
_MOST = 4  # combinations that are told of where no single change is enough
_GB = 10**9
_LARGEST = 4096 * _GB


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A change with which it would fit.

    Attributes:
        question: with the change made.
        options: the change, as it is written on the command line.
        device: where it then fits.
        total: bytes that it then needs.
    """

    question: Question
    options: str
    device: str
    total: int

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {"options": self.options, "device": self.device, "total": self.total}


def advise(judge: Judge, question: Question) -> list[Advice]:
    """The single changes that help; where none does, combinations of few; and at last a larger device."""
    changes = [change for change in _changes(judge, question) if _possible(judge, question, change)]
    found = [made for change in changes if (made := _tried(judge, question, change))]
    shorter = [made for made in found if made.question.length != question.length]
    found = [made for made in found if made not in shorter[1:]]  # of lengths the longest
    if not found:
        found = list(itertools.islice(_combined(judge, question, changes), _MOST))
    if question.memory is None and (larger := _larger(judge, question)):
        found.append(larger)
    return found


def _changes(judge: Judge, question: Question) -> Iterator[dict[str, Any]]:
    """Single changes, those that change the least first."""
    if question.dtype not in _HALVES and question.quantize is None:
        yield from ({"dtype": name} for name in _HALVES if name in judge.known.loader.dtypes)
    if question.finetune in {"lora", "full"} and not question.checkpointing:
        yield {"checkpointing": True}
    if question.batch > 1:
        yield {"batch": None}  # the largest that fits
    if question.finetune in METHODS:
        lighter = METHODS[: METHODS.index(question.finetune)]
        yield from ({"finetune": name, "checkpointing": False} for name in reversed(lighter))
    if question.finetune is None and question.quantize is None and question.dtype in {"auto", "float32"}:
        yield {"quantize": "int8"}
    yield from ({"length": length} for length in _shorter(judge, question))


def _possible(judge: Judge, question: Question, change: dict[str, Any]) -> bool:
    """Whether the weights alone would fit somewhere: without that nothing else need be measured."""
    made = question.but(**{**change, "batch": 1})
    return any(judge.holds(made, place) for place in wanted_places(judge.state, made))


def _shorter(judge: Judge, question: Question) -> Iterator[int]:
    """Halves of the length of texts, down to a few dozen tokens."""
    length = question.length or _length(judge, question)
    while length // 2 >= _SHORTEST:
        length //= 2
        yield length


def _length(judge: Judge, question: Question) -> int:
    for verdict in judge.verdicts(question):
        shape = judge.needs(question, verdict.place).inputs.get("input_ids")
        return shape[0] if shape else 0
    return 0


def _tried(judge: Judge, question: Question, change: dict[str, Any]) -> Advice | None:
    """The advice, when the change makes it fit somewhere."""
    if not _possible(judge, question, change):
        return None
    try:
        best = _best(judge, question, change)
    except BadOption:
        return None  # the change does not exist for this model
    if best is None:
        return None
    made, verdict = best
    total = verdict.need.total if verdict.need else 0
    return Advice(question=made, options=_options(question, made), device=verdict.place.device, total=total)


def _best(judge: Judge, question: Question, change: dict[str, Any]) -> tuple[Question, Verdict] | None:
    if "batch" not in change:
        made = question.but(**change)
        fitting = next((verdict for verdict in judge.verdicts(made) if verdict.fits), None)
        return (made, fitting) if fitting else None
    smaller = question.but(**{**change, "batch": 1})
    sizes = [verdict.largest or 0 for verdict in judge.verdicts(smaller)]
    if not sizes or max(sizes) < 1:
        return None
    return _best(judge, question, {**{k: v for k, v in change.items() if k != "batch"}}) or _fitting(
        judge, smaller.but(batch=min(question.batch, max(sizes)))
    )


def _fitting(judge: Judge, question: Question) -> tuple[Question, Verdict] | None:
    fitting = next((verdict for verdict in judge.verdicts(question) if verdict.fits), None)
    return (question, fitting) if fitting else None


def _combined(judge: Judge, question: Question, changes: list[dict[str, Any]]) -> Iterator[Advice]:
    """Pairs that help; where none does, threes. Of texts only the shortest length is combined with others."""
    lengths = [change for change in changes if "length" in change]
    others = [change for change in changes if "length" not in change] + lengths[-1:]
    for count in (2, 3):
        helped = False
        for group in itertools.combinations(others, count):
            names = [name for change in group for name in change if name != "checkpointing"]
            if len(set(names)) < len(names) or ("quantize" in names and "dtype" in names):
                continue
            merged = {name: value for change in group for name, value in change.items()}
            if merged.get("checkpointing") and merged.get("finetune", question.finetune) in {"head", "probe"}:
                continue
            if made := _tried(judge, question, merged):
                helped = True
                yield made
        if helped:
            return


def _larger(judge: Judge, question: Question) -> Advice | None:
    """The smallest device, in whole gigabytes, on which it fits as asked."""
    asked = question.but(device=None)
    low, high = 0, 1
    while not _fitting(judge, asked.but(memory=high * _GB)):
        low, high = high, high * 2
        if high * _GB > _LARGEST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _fitting(judge, asked.but(memory=middle * _GB)) else (middle, high)
    return _tried(judge, asked, {"memory": high * _GB})


def _options(before: Question, after: Question) -> str:
    """The options that differ, as they are written."""
    parts = [
        f"{flag} {getattr(after, name)}"
        for name, flag in _SPELLED.items()
        if getattr(after, name) != getattr(before, name) and getattr(after, name) is not None
    ]
    if after.quantize != before.quantize:
        parts.append(f"--quantize {after.quantize}")
    if after.checkpointing and not before.checkpointing:
        parts.append("--checkpointing")
    if after.memory is not None and after.memory != before.memory:
        parts.append(f"--memory {after.memory // _GB}GB")
    return " ".join(parts)
