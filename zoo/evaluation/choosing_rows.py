"""What a model is evaluated on: the task, the data as read, and which part of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.data.dataset import joined
from zoo.errors import BadData, BadOption, UnknownTask, nearest
from zoo.tasks import LEARNT, TargetKind

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.data import Columns, LabelledData, Split
    from zoo.registry import Registry

__all__ = ["PARTS", "Chosen", "choose_part", "read_data", "task_of"]

# Findings that keep a model from learning, and not from being measured.
_OF_LEARNING = frozenset(
    {
        "constant-number",
        "leak",
        "little-text",
        "near-leak",
        "no-objects",
        "rare-class",
        "silent-transcribed",
        "too-few",
        "unseen-class",
    }
)
PARTS = ("auto", "test", "validation", "train", "all")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The rows that are evaluated: `part` of `data` names them, `why` says how they were chosen."""

    data: LabelledData
    part: str
    why: str
    split: Split

    def to_dict(self) -> dict[str, Any]:
        """What a run's record says of its data."""
        data = self.data
        return {
            "name": data.name,
            "recipe": dict(data.recipe),
            "fingerprint": data.fingerprint,
            "split_ids": {self.part: self.split.identity},
            "part": self.part,
            "why": self.why,
            self.part: len(self.split),
            "classes": list(data.classes),
        }


def task_of(card: ModelCard, wanted: str | None) -> str:
    """The task to evaluate: the one asked for, else the card's own, else the first of its tasks that has a measure."""
    able = [task for task in LEARNT if task in card.all_tasks]
    if wanted is not None:
        if wanted in able:
            return wanted
        said = f"is not made for {wanted}" if wanted in LEARNT else f"cannot be evaluated for {wanted}"
        raise UnknownTask(f"{card.id} {said}", f"It can be evaluated for: {', '.join(able) or 'nothing'}.")
    if not able:
        raise UnknownTask(
            f"{card.id} does {card.task}, for which there is no measure", f"There are measures for {', '.join(LEARNT)}."
        )
    return card.task if card.task in able else able[0]


def read_data(
    registry: Registry, source: Any, task: str, kind: TargetKind | None, columns: Columns | Mapping[str, str] | None
) -> LabelledData:
    """The data, examined and read.

    Raises:
        BadData: the doctor's blocking findings.
        BadOption: a role that no column has.
    """
    from zoo.data import Columns, read_labelled, read_raw
    from zoo.data.doctor import examine

    if isinstance(columns, Mapping):
        columns = Columns.of(columns)
    cache = registry.cache / "datasets"
    raw = read_raw(source, task, kind=kind, columns=columns, cache=cache, offline=registry.settings.offline)
    found = examine(raw, deep=False)
    kept = tuple(finding for finding in found.findings if finding.check not in _OF_LEARNING)
    dataclasses.replace(found, findings=kept).raise_if_broken()
    return read_labelled(raw, task)


def choose_part(data: LabelledData, part: str, held_out: tuple[str, Split] | None) -> Chosen:
    """The part asked for; by itself what was given or kept to be held out, else all.

    Args:
        data: as read.
        part: `auto`, `test`, `validation`, `train` or `all`.
        held_out: the run that made the model from this data, and what it held out.

    Raises:
        BadOption: no such part.
        BadData: the data does not have it.
    """
    if part not in PARTS:
        near = nearest(part, PARTS, 1)
        raise BadOption(
            f"there is no part {part!r}", f"{f'Did you mean {near[0]}? ' if near else ''}Use {', '.join(PARTS)}."
        )
    if part in {"auto", "test"}:
        if data.test is not None:
            return Chosen(data=data, part="test", why="the data's own test part", split=data.test)
        if held_out is not None:
            run, split = held_out
            return Chosen(data=data, part="test", why=f"what run {run} held out of this data", split=split)
    if part in {"auto", "all"}:
        return Chosen(data=data, part="all", why="all rows", split=joined(data.parts.values()))
    if (found := data.parts.get(part)) is None or (part == "train" and len(data.parts) == 1):
        raise BadData(f"{data.name} has no {part} part", f"It has: {', '.join(_named(data))}.")
    return Chosen(data=data, part=part, why=f"the data's own {part} part", split=found)


def _named(data: LabelledData) -> list[str]:
    return list(data.parts) if len(data.parts) > 1 else ["all"]
