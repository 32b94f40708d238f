"""Were these rows learnt from? A score on them says how well a model remembers, not how well it does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.data import LabelledData, Split
    from zoo.registry import Registry

__all__ = ["Seen", "held_out_of", "runs_of", "seen_by"]

MOST_ANCESTORS = 100
RUN = "run:"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Rows that a model, or one that it was made from, learnt from or was chosen by.

    Attributes:
        run: of the training.
        rows: how many of the evaluated rows; None where the training data cannot be read any more.
        of: how many were evaluated.
    """

    run: str
    rows: int | None
    of: int

    def __str__(self) -> str:
        if self.rows is None:
            return (
                f"run {self.run} learnt from a data set of this content, and which rows it learnt from cannot be told: "
                "the score may be of rows that it has seen"
            )
        return (
            f"{self.rows} of these {self.of} rows were trained on (run {self.run}): "
            "the score says how well they are remembered, not how well the model does on new ones"
        )


def runs_of(registry: Registry, card: ModelCard) -> Iterator[Mapping[str, Any]]:
    """The records of the runs that made a model and those that it was made from, the last one first."""
    from zoo.runs import found

    known: ModelCard | None = card
    for _ in range(MOST_ANCESTORS):
        run = (
            next((source.uri[len(RUN) :] for source in known.sources if source.uri.startswith(RUN)), None)
            if known
            else None
        )
        if run is None:
            return
        try:
            record = found(registry, run).record
        except ZooError:  # the run was removed, and nothing is known of what it learnt from
            return
        if record.get("kind") == "finetune":
            yield record
        base = record.get("base")
        known = registry.card(base) if isinstance(base, str) else None


def held_out_of(registry: Registry, card: ModelCard, data: LabelledData) -> tuple[str, Split] | None:
    """The run that made the model from this very data, and the part of it that was held out then; None if none did."""
    record = next(iter(runs_of(registry, card)), None)
    if record is None or record.get("data", {}).get("fingerprint") != data.fingerprint:
        return None
    again = _split_again(record["data"], data)
    return (record["id"], again.test) if again is not None and again.test is not None else None


def seen_by(registry: Registry, card: ModelCard, data: LabelledData, split: Split) -> list[Seen]:
    """For each run behind a model, which of a split's inputs it learnt from; by content, whatever they are called."""
    made = []
    for record in runs_of(registry, card):
        learnt = _learnt(registry, record["data"], data)
        if learnt is None:
            if record["data"].get("fingerprint") == data.fingerprint:
                made.append(Seen(run=record["id"], rows=None, of=len(split)))
            continue
        count = sum(one in learnt for one in split.hashed().hashes)
        if count:
            made.append(Seen(run=record["id"], rows=count, of=len(split)))
    return made


def _learnt(registry: Registry, known: Mapping[str, Any], data: LabelledData) -> frozenset[str] | None:
    """The contents of what a run learnt from and was steered by; None where they are not to be had any more."""
    from zoo.data import read_again

    if known.get("fingerprint") == data.fingerprint:
        again = _split_again(known, data)
    else:
        try:
            again = read_again(known["recipe"], cache=registry.cache / "datasets", offline=True)
        except (ZooError, OSError, KeyError):  # moved, changed, or given from Python
            again = None
    if again is None:
        return None
    parts = (again.train, again.validation)
    return frozenset(itertools.chain.from_iterable(part.hashed().hashes for part in parts if part is not None))


def _split_again(known: Mapping[str, Any], data: LabelledData) -> LabelledData | None:
    """Data of the same content, split as a run split it; None where that does not come out the same."""
    from zoo.data import split_data

    try:
        for settings in known["recipe"]["splits"]:
            data = split_data(data, **settings)
    except (ZooError, KeyError, TypeError):  # a record of another version
        return None
    return data if dict(data.split_ids) == known.get("split_ids") else None
