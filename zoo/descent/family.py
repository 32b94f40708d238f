"""A model among its bases and descendants, as the catalog knows them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.cards import Licence
from zoo.catalog.records import Edge
from zoo.descent.conflicts import Conflict, Inherited, conflicts, inherited
from zoo.licences import licence_class

__all__ = ["Descent", "Kin"]


@dataclass(frozen=True, kw_only=True)
class Kin:
    """One model of the family.

    Attributes:
        id: its name.
        known: whether the catalog has a card of it.
        licence: of the weights, as its card states it; without a card, as it was stated when its files arrived.
        task: its main task.
        revisions: `{revision, pulled, licence}` of what is here, the latest first, with the weights' licence then.
    """

    id: str
    known: bool = False
    licence: Licence = field(default_factory=Licence)
    task: str | None = None
    revisions: tuple[Mapping[str, Any], ...] = ()

    @property
    def licence_changes(self) -> tuple[str, ...]:
        """One sentence for each revision that arrived under another licence than the card states now."""
        now = self.licence.weights
        changed = (row for row in self.revisions if self.known and row["licence"] != now)
        return tuple(_changed(self.id, row, now) for row in changed)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "id": self.id,
            "known": self.known,
            "task": self.task,
            "licence": self.licence.weights,
            "licence_class": licence_class(self.licence.weights),
            "licence_changes": list(self.licence_changes),
            "revisions": [dict(row) for row in self.revisions],
        }


def _changed(model: str, row: Mapping[str, Any], now: str) -> str:
    arrived = f"revision {row['revision'][:12]} of {model} arrived on {row['pulled'][:10]} as {row['licence']}"
    return f"{arrived}, and its card says {now} now: what was stated then is on record here, so read both."


@dataclass(frozen=True, kw_only=True)
class Descent:
    """A model, what it was made from and what was made from it.

    Attributes:
        model: the model in the middle.
        up: edges to its bases and theirs, nearest first.
        beyond: edges further up than was asked for: not drawn, but their licences count.
        down: edges to what was made from it and from that, nearest first.
        kin: every model that an edge names, and `model`.
        runs: the runs that edges name, by id: `{kind, started, outcome, metrics}`.
        more_up, more_down: how many further bases or descendants a model has that were left out.
    """

    model: str
    up: tuple[Edge, ...] = ()
    beyond: tuple[Edge, ...] = ()
    down: tuple[Edge, ...] = ()
    kin: Mapping[str, Kin] = field(default_factory=dict)
    runs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    more_up: Mapping[str, int] = field(default_factory=dict)
    more_down: Mapping[str, int] = field(default_factory=dict)

    @functools.cached_property
    def drawn(self) -> tuple[str, ...]:
        """The models of a drawing, sorted."""
        return tuple(
            sorted({self.model, *(name for edge in (*self.up, *self.down) for name in (edge.child, edge.base))})
        )

    @functools.cached_property
    def _bases(self) -> dict[str, list[str]]:
        made: dict[str, list[str]] = {}
        for edge in (*self.up, *self.beyond, *self.down):
            made.setdefault(edge.child, []).append(edge.base)
        return made

    def ancestors(self, model: str) -> tuple[Kin, ...]:
        """What a model of the family was made from, nearest first, each once."""
        seen, now = {model: None}, [model]
        while now:
            found = dict.fromkeys(base for name in now for base in self._bases.get(name, ()) if base not in seen)
            seen |= found
            now = list(found)
        return tuple(self.kin[name] for name in seen if name != model)

    @functools.cached_property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Those of the model itself, then those of its descendants, as far as their bases are in the family."""
        made = dict.fromkeys([self.model, *(edge.child for edge in self.down)])
        return tuple(found for name in made for found in conflicts(self.kin[name], self.ancestors(name)))

    @property
    def inherited(self) -> tuple[Inherited, ...]:
        """What the licences of the model's bases ask of whoever uses it, nearest first."""
        return inherited(self.ancestors(self.model))

    @property
    def licence_changes(self) -> tuple[str, ...]:
        """Of the model and of all that it was made from: where a card's licence is not that of the files here."""
        return tuple(
            text for kin in (self.kin[self.model], *self.ancestors(self.model)) for text in kin.licence_changes
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "model": self.model,
            "models": [self.kin[name].to_dict() for name in sorted(self.kin)],
            "ancestors": [dict(vars(edge)) for edge in self.up],
            "descendants": [dict(vars(edge)) for edge in self.down],
            "runs": [{"id": name, **self.runs[name]} for name in sorted(self.runs)],
            "more": {"bases": dict(self.more_up), "derived": dict(self.more_down)},
            "inherited": [found.to_dict() for found in self.inherited],
            "conflicts": [found.to_dict() for found in self.conflicts],
        }
