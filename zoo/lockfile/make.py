"""Making a lock of what is installed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.cards import ModelCard, Ref
from zoo.errors import BadInput, NotInstalled
from zoo.lockfile.lock import Lock, LockedModel, kept_card
from zoo.store import member_of

if TYPE_CHECKING:
    from zoo.manifests import Manifest, StoredFile
    from zoo.registry import Registry

__all__ = ["LeftOut", "card_of", "loader_plugin", "locked_model", "make_lock"]

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """An installed model that no lock can bring elsewhere, and why."""

    model: str
    why: str


def make_lock(registry: Registry, models: Iterable[str] = ()) -> tuple[Lock, list[LeftOut]]:
    """Lock installed revisions.

    Args:
        registry: the zoo; nothing of the network is asked.
        models: which, each with `@alias-or-revision` where it is not the newest revision; all when empty. What cannot
            be fetched elsewhere is then left out, and returned beside the lock; where it is named, it is an error.

    Raises:
        NotInstalled: a named model is not here.
        BadInput: a named model was made here, or a model is named with two revisions.
    """
    chosen = [_named(registry, ref) for ref in models]
    _refuse_two(chosen)
    for model, manifest in chosen:
        if why := _why_not(registry.card(model), manifest):
            raise BadInput(f"{model} cannot be locked: {why[0]}", why[1])
    manifests, left = (dict(chosen), []) if chosen else _all(registry)
    return Lock(tuple(locked_model(registry, manifests[model]) for model in sorted(manifests))), left


def _named(registry: Registry, ref: str) -> tuple[str, Manifest]:
    resolved = registry.resolve(Ref.parse(ref))
    latest = registry.catalog.latest_revision(resolved.card.id)
    revision = resolved.revision or (latest.revision if latest else None)
    if revision is None:
        raise NotInstalled(f"{resolved.card.id} is not installed", f"Run `zoo pull {resolved.card.id}` first.")
    return resolved.card.id, registry.store.manifest(resolved.card.id, revision)


def _refuse_two(chosen: list[tuple[str, Manifest]]) -> None:
    for model, manifest in chosen:
        other = dict(chosen)[model].revision
        if other != manifest.revision:
            raise BadInput(
                f"{model} is named with two revisions, {manifest.revision[:12]} and {other[:12]}",
                "A lock holds one; write the other into a lock file of its own: -o FILE.",
            )


def _all(registry: Registry) -> tuple[dict[str, Manifest], list[LeftOut]]:
    newest: dict[str, Manifest] = {}
    for manifest in registry.store.installed():
        known = newest.get(manifest.model)
        if known is None or (known.pulled, known.revision) < (manifest.pulled, manifest.revision):
            newest[manifest.model] = manifest
    left = [
        LeftOut(model=model, why=why[0])
        for model, manifest in newest.items()
        if (why := _why_not(registry.card(model), manifest))
    ]
    without = {out.model for out in left}
    return {model: manifest for model, manifest in newest.items() if model not in without}, left


def _why_not(card: ModelCard | None, manifest: Manifest) -> tuple[str, str] | None:
    """Why a revision cannot be locked, and what to do about it."""
    if card is None:
        return "its card is gone, because its plugin was removed", "Install its plugin again."
    runs = {uri for file in manifest.files for uri in file.origin if uri.startswith("run:")}
    if runs:
        base = f" Lock what it was made from: `zoo lock {card.base}`." if card.base else ""
        return (
            f"it was made here ({', '.join(sorted(runs))}), so nobody can fetch it elsewhere",
            f"Copy the folder of the zoo to bring it along.{base}",
        )
    return None


def locked_model(registry: Registry, manifest: Manifest) -> LockedModel:
    """An installed revision as a lock holds it: every origin by its exact commit, every archive with its hash."""
    card = card_of(registry, manifest) or registry.catalog.get(manifest.model)
    files = tuple(_by_commit(file, manifest) for file in manifest.files)
    return LockedModel(
        card=kept_card(card),
        files=files,
        upstream=_upstream(files) or manifest.upstream,
        containers=_containers(card, files, manifest),
        plugin=loader_plugin(registry, card.loader),
    )


def card_of(registry: Registry, manifest: Manifest) -> ModelCard | None:
    """The card of an installed revision; one that follows the files is read from those of this revision."""
    from zoo.infer import complete

    card = registry.card(manifest.model)
    folder = registry.store.find(manifest.model, manifest.revision)
    return complete(card, folder) if card and folder else card


def _by_commit(file: StoredFile, manifest: Manifest) -> StoredFile:
    """A branch of a hub repository moves; the commit that the files were taken from does not."""
    return dataclasses.replace(file, origin=tuple(_exact(uri, manifest) for uri in file.origin))


def _exact(uri: str, manifest: Manifest) -> str:
    base, member = member_of(uri)
    if not base.startswith("hf:") or not manifest.upstream:
        return uri
    ref = Ref.parse(base)
    repositories = {
        Ref.parse(other).name
        for file in manifest.files
        for other in (member_of(origin)[0] for origin in file.origin)
        if other.startswith("hf:")
    }
    if len(repositories) > 1 or _COMMIT.fullmatch(ref.revision or ""):
        return uri
    return f"hf:{ref.name}@{manifest.upstream}" + (f"#{member}" if member else "")


def _upstream(files: Iterable[StoredFile]) -> str | None:
    bases = sorted({member_of(uri)[0] for file in files for uri in file.origin if uri.startswith("hf:")})
    commits = {Ref.parse(base).revision for base in bases}
    return commits.pop() if len(commits) == 1 else None


def _containers(card: ModelCard, files: Iterable[StoredFile], manifest: Manifest) -> dict[str, str]:
    """The hashes of the archives: as they arrived, or where their files were here already, as the card pins them."""
    pins = {source.uri: source.sha256 for source in card.sources}
    split = [member_of(uri) for file in files for uri in file.origin]
    bases = {base for base, member in split if member is not None and not base.startswith("hf:")}
    known = {base: manifest.containers.get(base) or pins.get(base) for base in sorted(bases)}
    return {base: sha256 for base, sha256 in known.items() if sha256}


def loader_plugin(registry: Registry, loader: str) -> str | None:
    """`name version` of the distribution that supplies a loader, or None."""
    target = registry.plugins.table("zoo_loaders").get(loader)
    if target is None:
        return None
    package = target.partition(":")[0].partition(".")[0]
    infos = (info for info in registry.plugins.plugins() if info.error is None)
    return next((i.distribution for i in infos if i.module.partition(":")[0].partition(".")[0] == package), None)
