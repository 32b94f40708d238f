"""What the catalog answers with: frozen records of feeds, revisions, runs and lineage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from zoo.cards import Licence
from zoo.manifests import Manifest

__all__ = ["AliasChange", "Edge", "Feed", "FeedKind", "Lineage", "RevisionRecord", "RunRecord", "SyncReport"]

FeedKind = Literal["shipped", "plugin", "hub", "user", "local"]


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """How many cards a sync added, changed, removed and left as they were.

    `kept` counts the user's edits that stand although the feed now says something else than before.
    """

    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    kept: int = 0

    @property
    def changed(self) -> bool:
        """Whether any card is different now."""
        return bool(self.added or self.updated or self.removed)


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A supplier of cards.

    Attributes:
        name: unique; a plugin's name, `local`, a hub's name.
        kind: `shipped` with the zoo, an installed `plugin`, a `hub`, the `user`'s own, or `local` results.
        version: of the supplier.
        digest: over its cards; None when cards were added one by one.
        synced: UTC, ISO 8601; None for shipped cards, which do not depend on when they were built.
        models: how many cards it supplies.
    """

    name: str
    kind: FeedKind
    version: str
    digest: str | None
    synced: str | None
    models: int


@dataclass(frozen=True, kw_only=True)
class RevisionRecord:
    """An installed revision: its files, its licence as it was stated when it was pulled, and its aliases."""

    manifest: Manifest
    licence: Licence
    aliases: tuple[str, ...] = ()

    @property
    def revision(self) -> str:
        """The revision's sha256."""
        return self.manifest.revision


@dataclass(frozen=True, kw_only=True)
class AliasChange:
    """One step in an alias's history; `revision` is None where the alias was removed."""

    alias: str
    revision: str | None
    previous: str | None
    changed: str


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A model was made from another.

    Attributes:
        child, child_revision: what was made.
        base, base_revision: from what.
        relation: how: `finetuned`, `converted`, `quantised`, … or `declared` where only the card says so.
        run: id of the run that made it.
    """

    child: str
    base: str
    relation: str
    child_revision: str | None = None
    base_revision: str | None = None
    run: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Edges up to the models that a model came from, and down to those made from it, nearest first."""

    ancestors: tuple[Edge, ...]
    descendants: tuple[Edge, ...]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run, such as a fine-tuning.

    Attributes:
        id: unique, chosen by the caller.
        kind: `finetune`, `evaluate`, ….
        model: id of the model that it made or used.
        argv: the command.
        hyperparameters, seeds, environment, metrics: JSON values.
        data: the data's fingerprint: JSON values that identify what was read.
        started, ended: UTC, ISO 8601; `ended` is None while it runs.
        outcome: `running`, `done`, `failed`, `interrupted`.
    """

    id: str
    kind: str
    started: str
    model: str | None = None
    argv: tuple[str, ...] = ()
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    seeds: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    ended: str | None = None
    outcome: str = "running"

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**vars(self), "argv": list(self.argv)}
