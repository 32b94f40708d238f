"""Is what is here what the lock says?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from zoo.errors import ZooError
from zoo.lockfile.lock import DECISIVE, Lock, LockedModel, card_digest
from zoo.lockfile.make import card_of, loader_plugin

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.registry import Registry

__all__ = ["Difference", "compared", "differences"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not as the lock says.

    Attributes:
        model: its id.
        kind: `missing` (the revision is not here), `damaged`, `card` (it is built or run in another way now), or, of
            what does not keep the locked revision from being used, `newer` (another revision arrived later), `plugin`
            (another version builds it), `converted` (to other bytes), `extra` (a model that the lock does not have).
        text: in words.
    """

    model: str
    kind: Literal["missing", "damaged", "card", "newer", "plugin", "converted", "extra"]
    text: str

    @property
    def fails(self) -> bool:
        """Whether what the lock promises is not here."""
        return self.kind in {"missing", "damaged", "card"}

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**vars(self), "fails": self.fails}


def differences(registry: Registry, lock: Lock, models: Iterable[str] = ()) -> list[Difference]:
    """Compare what is installed with a lock, by model; no file is read again (`zoo doctor --deep` does that).

    Args:
        registry: the zoo.
        lock: the lock.
        models: only these of it; all when empty.
    """
    names = list(models)
    found = [difference for locked in lock.chosen(names) for difference in compared(registry, locked)]
    if not names:
        locked_ids = {locked.model for locked in lock.models}
        extra = sorted({manifest.model for manifest in registry.store.installed()} - locked_ids)
        found += [Difference(model=model, kind="extra", text="is here, and not in the lock") for model in extra]
    return found


def compared(registry: Registry, locked: LockedModel) -> Iterator[Difference]:
    """What of one locked model is not as the lock says."""
    model, revision = locked.model, locked.revision
    latest = registry.catalog.latest_revision(model)
    if registry.store.find(model, revision) is None:
        here = f", here is {latest.revision[:12]}" if latest else ""
        yield Difference(model=model, kind="missing", text=f"revision {revision[:12]} is not here{here}")
        return
    try:
        manifest = registry.store.manifest(model, revision)
    except ZooError as error:
        yield Difference(model=model, kind="damaged", text=error.cause)
        return
    card = card_of(registry, manifest)
    if card is None:
        yield Difference(model=model, kind="card", text="its card is gone: no feed has it")
    elif card_digest(card) != card_digest(locked.card):
        changed = ", ".join(_changed(card, locked.card))
        yield Difference(model=model, kind="card", text=f"its card here differs from the locked one in {changed}")
    plugin = loader_plugin(registry, locked.card.loader)
    if plugin != locked.plugin:
        text = f"locked with {locked.plugin or 'no plugin'}, here {plugin or 'no plugin'} builds it"
        yield Difference(model=model, kind="plugin", text=text)
    stored = {file.path: file.sha256 for file in manifest.files}
    if other := [file.path for file in locked.files if stored.get(file.path) != file.sha256]:
        text = f"{', '.join(other)}: the same bytes arrived, and were converted to others than where it was locked"
        yield Difference(model=model, kind="converted", text=text)
    if latest and latest.revision != revision:
        text = (
            f"another revision, {latest.revision[:12]}, arrived later and is what the bare name means; "
            f"use {model}@{revision[:12]}"
        )
        yield Difference(model=model, kind="newer", text=text)


def _changed(one: ModelCard, other: ModelCard) -> list[str]:
    mine, theirs = one.to_dict(), other.to_dict()
    return [name for name in DECISIVE if mine.get(name) != theirs.get(name)]
