"""Which zoo? One home with its catalog, store, devices and plugins, passed around and never global."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard, Ref
from zoo.errors import BadOption, NotInstalled, UnknownModel
from zoo.opened import Opened

if TYPE_CHECKING:
    from zoo.manifests import Manifest
    from zoo.resolve import Resolved
    from zoo.store import Plan, Progress

__all__ = ["Pulled", "Registry"]


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """A model whose files are here: its card, their manifest, and the folder that they lie in."""

    card: ModelCard
    manifest: Manifest
    path: Path


class Registry(Opened):
    """One zoo: what it knows of models, and their files.

    Args:
        home, offline, plugins, settings, devices, quiet: as of `zoo.opened.Opened`.
    """

    def resolve(self, ref: str | Ref, *, revision: str | None = None) -> Resolved:
        """What a ref means.

        Raises:
            BadRef: malformed.
            UnknownModel, AmbiguousModel: with the nearest names; never a guess.
        """
        from zoo.resolve import resolve

        return resolve(self, ref, revision)

    def plan(self, ref: str | Ref) -> tuple[ModelCard, Plan]:
        """What `pull` would fetch: files, sizes and what is already here; no bytes are fetched."""
        resolved = self.resolve(ref)
        return resolved.card, self.store.plan(resolved.card)

    def obtain(self, ref: str | Ref, *, revision: str | None = None) -> Pulled:
        """A model's newest revision that is here, or the one named; pulled first where none is here."""
        resolved = self.resolve(ref, revision=revision)
        if resolved.revision and self.store.find(resolved.card.id, resolved.revision):
            return self._here(resolved.card, resolved.revision)
        return self.pull(ref, revision=revision)

    def pull(
        self, ref: str | Ref, *, revision: str | None = None, progress: Progress | None = None, force: bool = False
    ) -> Pulled:
        """Make sure that the files which the card names are here, whole and verified, and record where they are from.

        Args:
            ref: the model.
            revision: an alias or revision instead of the one in the ref; it must be here.
            progress: is told of the download.
            force: ask the origin again, and read what is here again.

        Raises:
            NotInstalled: the named revision, or a model that was made here, is not here any more.
        """
        from zoo.infer import is_inferred
        from zoo.rebuild import keep_card

        resolved = self.resolve(ref, revision=revision)
        card = resolved.card
        if resolved.revision and (revision or _names_revision(ref) or _is_made_here(card)):
            return self._here(card, resolved.revision)
        if _is_made_here(card):
            raise NotInstalled(f"{card.id} was made here, and its files were removed", "Fine-tune it again.")
        manifest = self.store.pull(card, progress=progress or self._progress(), refresh=force)
        path = self._path(card.id, manifest.revision)
        if is_inferred(card):
            card = self._described(card, manifest, path)
            keep_card(self.home, card)
            self.catalog.add_card(card, feed="local")
        self.catalog.record_revision(manifest)
        return Pulled(card=card, manifest=manifest, path=path)

    def _here(self, card: ModelCard, revision: str) -> Pulled:
        from zoo.infer import complete

        path = self._path(card.id, revision)
        return Pulled(card=complete(card, path), manifest=self.store.manifest(card.id, revision), path=path)

    def _described(self, card: ModelCard, manifest: Manifest, path: Path) -> ModelCard:
        """The card that the pulled files describe; files that nothing can load do not stay."""
        from zoo.infer import complete

        try:
            return complete(card, path)
        except BaseException:  # whatever it was, files without a card would be half a model
            self.store.remove(card.id, manifest.revision)
            raise

    def _progress(self) -> Progress | None:
        from zoo.store.progress import terminal_progress

        return None if self._quiet else terminal_progress()

    def _path(self, model: str, revision: str) -> Path:
        path = self.store.find(model, revision)
        if path is None:
            raise NotInstalled(f"revision {revision[:12]} of {model} is not here", f"Run `zoo pull {model}`.")
        return path

    def search(
        self,
        query: str = "",
        *,
        task: str | None = None,
        library: str | None = None,
        licence: str | None = None,
        installed: bool | None = None,
        sort: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Find models in the catalog, best first; the arguments are those of `zoo.search`."""
        from zoo.catalog import hot
        from zoo.catalog.asking import asked

        if not 1 <= limit < 2**63 or not 0 <= offset < 2**63:
            raise BadOption(f"a limit of {limit} from {offset} makes no sense", "Give 1 or more, from 0 or more.")
        path = self.ready()
        wanted = asked(path, query, sort=sort, task=task, library=library, licence=licence, installed=installed)
        return hot.search(path, wanted, limit=limit, offset=offset).rows

    def facets(
        self, query: str = "", by: Sequence[str] = ("task", "licence", "library"), *, most: int = 10
    ) -> dict[str, list[tuple[str, int]]]:
        """How many of the models that fit a query have which task, licence class, library …; see `zoo.facets`."""
        from zoo.catalog import hot
        from zoo.catalog.asking import asked

        path = self.ready()
        return hot.facets(path, asked(path, query), tuple(by), most)

    def similar(self, ref: str, limit: int = 10) -> list[dict[str, Any]]:
        """Models like this one, best first, each with `why`; raises `UnknownModel`, `AmbiguousModel`."""
        from zoo.catalog import hot
        from zoo.resolve import known_id

        path = self.ready()
        model, _ = known_id(path, Ref.parse(ref))
        return hot.similar(path, model, limit)

    def installed(self) -> list[dict[str, Any]]:
        """The models whose files are here."""
        from zoo.catalog import hot

        return hot.listing(self.ready())

    def remove(self, ref: str) -> int:
        """Remove a model's files (all revisions, or the one in the ref); returns the bytes freed.

        Raises:
            NotInstalled: its files are not here.
        """
        from zoo.rebuild import drop_card

        parsed = Ref.parse(ref)
        resolved = self.resolve(parsed)
        here = [m for m in self.store.installed() if m.model == resolved.card.id]
        if parsed.revision:
            here = [m for m in here if m.revision == resolved.revision]
        if not here:
            raise NotInstalled(f"{resolved.card.id} is not installed", "`zoo list` shows what is.")
        freed = 0
        for manifest in here:
            self.catalog.forget_revision(manifest.model, manifest.revision)
            freed += self.store.remove(manifest.model, manifest.revision)
        if _is_made_here(resolved.card) and not parsed.revision:
            self.catalog.remove_card(resolved.card.id)  # it was made here, so without its files nothing is left of it
            drop_card(self.home, resolved.card.id)
        return freed

    def show(self, ref: str) -> dict[str, Any]:
        """All that is known of a model: card, provenance, files, licence, lineage, runs; raises `UnknownModel`.

        With `@alias-or-revision` only that revision's files are told of; raises `NotFound` when it is not here.
        """
        from zoo.catalog import hot, notes
        from zoo.descent.show import with_descent
        from zoo.resolve import known_id

        path, parsed = self.ready(), Ref.parse(ref)
        model, note = known_id(path, parsed)
        shown = hot.show(path, model)
        if shown is None:
            raise UnknownModel(model)
        shown = {**with_descent(path, shown), "notes": notes.notes(path, model)}
        if parsed.kind == "name" and parsed.revision:
            wanted = self.catalog.find_revision(model, parsed.revision)
            shown["revisions"] = [row for row in shown["revisions"] if row["revision"] == wanted]
        return {**shown, "note": note} if note else shown

    def provenance(self, card: ModelCard, manifest: Manifest) -> dict[str, Any]:
        """Where a revision is from, when it came, its hashes, its licences and its lineage."""
        from zoo.catalog import hot

        shown = hot.show(self.ready(), card.id) or {}
        made = manifest.to_dict()
        made["licence"] = card.to_dict().get("licence", {})
        made["sources"] = [source.uri for source in card.sources]
        made["feed"] = shown.get("feed")
        made["lineage"] = shown.get("lineage")
        return made

    def card(self, model: str) -> ModelCard | None:
        """The card of an id, or None."""
        try:
            return self.catalog.get(model)
        except UnknownModel:
            return None


def _is_made_here(card: ModelCard) -> bool:
    """Whether a run of this zoo made the model, so that no origin has its files."""
    return any(source.scheme == "run" for source in card.sources)


def _names_revision(ref: str | Ref) -> bool:
    parsed = Ref.parse(ref) if isinstance(ref, str) else ref
    return parsed.kind == "name" and parsed.revision is not None
