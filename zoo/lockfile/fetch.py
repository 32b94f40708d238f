"""Bringing locked revisions here: from their locked origins, each hash verified; nothing else is taken instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard
from zoo.errors import BadInput, HashMismatch, IntegrityError, NotFound, PluginError, SourceError, ZooError
from zoo.lockfile.compare import compared
from zoo.lockfile.lock import Lock, LockedModel

if TYPE_CHECKING:
    from zoo.registry import Registry
    from zoo.store import Plan, Progress

__all__ = ["Fetched", "fetch_locked", "plan_locked"]

# What concerns one model; a full disk or a broken database concerns all.
_OF_ONE_MODEL = (NotFound, BadInput, IntegrityError, SourceError, PluginError)
_ELSEWHERE = "Copy the folder of a zoo that has it, or lock what there is now: `zoo pull NAME`, `zoo lock`."


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """How it went with one locked model.

    Attributes:
        model, revision: what was locked.
        path: the folder with its files; None when they could not be had.
        size: bytes of the files.
        notes: what is here, and is not as it was where the lock was written.
        error: why its files could not be had.
    """

    model: str
    revision: str
    path: Path | None = None
    size: int = 0
    notes: tuple[str, ...] = ()
    error: ZooError | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        made: dict[str, Any] = {"model": self.model, "revision": self.revision}
        if self.error is not None:
            return made | {"error": {"cause": self.error.cause, "remedy": self.error.remedy}}
        return made | {"path": str(self.path), "size": self.size, "notes": list(self.notes)}


def fetch_locked(
    registry: Registry,
    lock: Lock,
    models: Iterable[str] = (),
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Iterator[Fetched]:
    """Make the locked revisions be here, one after the other; one that cannot be had does not stop the others.

    What is here already is not asked for again. A model whose card no feed has gets the card of the lock.

    Args:
        registry: the zoo.
        lock: the lock.
        models: only these of it; all when empty.
        force: ask the origins, and read what is here again.
        progress: is told of the downloads.

    Raises:
        NotFound: the lock has no such model.
        ResourceError, CatalogError: the disk or the database refuses; later models would fail too.
    """
    for locked in lock.chosen(models):
        try:
            yield _fetch(registry, locked, force, progress)
        except _OF_ONE_MODEL as error:
            yield Fetched(model=locked.model, revision=locked.revision, error=_explained(locked, error))


def plan_locked(registry: Registry, lock: Lock, models: Iterable[str] = ()) -> Iterator[tuple[LockedModel, Plan]]:
    """What `fetch_locked` would fetch; asks the origins for sizes, and downloads nothing."""
    for locked in lock.chosen(models):
        try:
            yield locked, registry.store.plan(locked.pinned)
        except _OF_ONE_MODEL as error:
            raise _explained(locked, error) from error


def _fetch(registry: Registry, locked: LockedModel, force: bool, progress: Progress | None) -> Fetched:
    known = registry.card(locked.model)
    _refuse_unreachable(registry, locked)
    manifest = registry.store.pull(locked.pinned, progress=progress, refresh=force)
    if manifest.revision != locked.revision:
        raise HashMismatch(f"the files that arrived make the revision {manifest.revision[:12]}")
    if known is None:
        _keep_card(registry, locked.card)
    registry.catalog.record_revision(manifest)
    path = registry.store.find(locked.model, manifest.revision)
    notes = tuple(_notes(registry, locked, known))
    return Fetched(model=locked.model, revision=manifest.revision, path=path, size=manifest.size, notes=notes)


def _refuse_unreachable(registry: Registry, locked: LockedModel) -> None:
    if "run" in locked.schemes and registry.store.find(locked.model, locked.revision) is None:
        raise NotFound("it was made on another machine, and has no origin to fetch it from")


def _keep_card(registry: Registry, card: ModelCard) -> None:
    from zoo.rebuild import keep_card

    keep_card(registry.home, card)
    registry.catalog.add_card(card, feed="local")


def _notes(registry: Registry, locked: LockedModel, known: ModelCard | None) -> Iterator[str]:
    if known is None:
        yield "no feed here has its card; the lock's was taken"
    yield from (difference.text for difference in compared(registry, locked))


def _explained(locked: LockedModel, error: ZooError) -> ZooError:
    told = error.cause.replace("the card says", "the lock says")
    cause = f"{locked.model} at the locked revision {locked.revision[:12]}: {told}"
    gone = isinstance(error, NotFound | HashMismatch)
    return type(error)(cause, _ELSEWHERE.replace("NAME", locked.model) if gone else error.remedy)
