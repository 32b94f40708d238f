"""Are the bytes here, and are they the right ones? The store of one home folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard, check_name
from zoo.manifests import Manifest
from zoo.store.disk import writing
from zoo.store.layout import Layout
from zoo.store.match import find_installed
from zoo.store.plan import Plan
from zoo.store.progress import Progress, SilentProgress
from zoo.store.retry import Retries

if TYPE_CHECKING:
    from zoo.store.sources import Readers
    from zoo.store.upkeep import Leftover

__all__ = ["Store"]

_WEEK = 7 * 24 * 3600.0


class Store:
    """Keeps the files of models: each content once, complete revisions only, verified.

    Opening one costs nothing and makes nothing. All methods may be called by several processes at once.

    Args:
        home: the zoo's folder (`ZOO_HOME`).
        offline: open no socket; what is missing raises `OfflineError`, which names it.
        downloads: how many files are fetched at once.
        reader: gives the `SourceReader` class for a URI scheme that is not built in, or raises `MissingPlugin`.
        retries: how long a download persists when the network fails.
    """

    def __init__(
        self,
        home: Path,
        *,
        offline: bool = False,
        downloads: int = 4,
        reader: Callable[[str], type[Any]] | None = None,
        retries: Retries | None = None,
    ) -> None:
        self.home = home
        self.offline = offline
        self._downloads = downloads
        self._reader = reader
        self._retries = retries or Retries()
        self._layout = Layout(home)

    def plan(self, card: ModelCard, *, refresh: bool = False) -> Plan:
        """What `pull` would fetch; asks the origins for sizes, downloads nothing, changes nothing.

        Raises:
            NotFound, SourceError: an origin does not have the files, or cannot be asked.
            OfflineError: offline, and a file is missing; names it.
        """
        from zoo.store.planner import make_plan

        check_name(card.id)
        return make_plan(self._layout, self._readers(), card, refresh=refresh)

    def pull(
        self, card: ModelCard, *, plan: Plan | None = None, progress: Progress | None = None, refresh: bool = False
    ) -> Manifest:
        """Make a model's files be here: all of them, verified, pickles converted, or an error and nothing visible.

        What is here already is returned without any network, except with `refresh`, which asks the origins anew and
        hashes again what is here. An interrupted download is kept and continued by the next pull. Another process
        that pulls the same model is waited for.

        Args:
            card: what to pull.
            plan: from `plan()`, to save asking the origins again.
            progress: told of what happens; silent when left out.
            refresh: trust nothing that is here.

        Raises:
            NoSpace: too little room on the disk, with numbers.
            IntegrityError: wrong size or hash, a corrupt file, or one that would execute code.
            NotFound, SourceError: an origin does not deliver.
            BadRef: a model is installed whose name differs only by case.
        """
        from zoo.store.pull import PullSettings, pull_model

        check_name(card.id)
        if not refresh and (found := find_installed(self._layout, card)):
            return found
        self._layout.folders.refuse_twin(card.id)
        report = progress or SilentProgress()
        settings = PullSettings(downloads=self._downloads, retries=self._retries, refresh=refresh)
        with writing(self.home), self._layout.locks.model(card.id, waiting=lambda: _say_waiting(report, card.id)):
            if not refresh and (found := find_installed(self._layout, card)):
                return found
            return pull_model(self._layout, self._readers(), card, plan=plan, progress=report, settings=settings)

    def installed(self) -> Iterator[Manifest]:
        """The manifests of all complete revisions, sorted by model."""
        return self._layout.folders.installed()

    def find(self, model_id: str, revision: str) -> Path | None:
        """The folder of a revision with links to its files, or None when it is not here."""
        folders = self._layout.folders
        return folders.path(model_id, revision) if folders.has(model_id, revision) else None

    def manifest(self, model_id: str, revision: str) -> Manifest:
        """The manifest of a revision; raises `NotInstalled`, or `IntegrityError` when it is damaged."""
        return self._layout.folders.manifest(model_id, revision)

    def remove(self, model_id: str, revision: str | None = None) -> int:
        """Remove a revision, or all of a model; gives the bytes freed. What other models use stays.

        Raises:
            NotInstalled: there is nothing to remove.
        """
        from zoo.store.upkeep import remove_model

        with writing(self.home):
            return remove_model(self._layout, check_name(model_id), revision)

    def verify(self, model_id: str, revision: str) -> list[str]:
        """What is wrong with a revision, after hashing every file again; `pull(refresh=True)` mends it.

        Raises:
            NotInstalled: it is not here.
        """
        from zoo.store.upkeep import verify_files

        return verify_files(self._layout, model_id, revision)

    def adopt(
        self,
        model_id: str,
        *,
        base: Manifest | None = None,
        base_files: Iterable[str] | None = None,
        files: Mapping[str, Path],
        origin: str | tuple[str, ...],
    ) -> Manifest:
        """Register a model that was made here.

        Args:
            model_id: its id.
            base: the manifest of the model that it was made from.
            base_files: paths of the base's files that it shares, which are linked and not copied; None for all that
                `files` does not replace.
            files: new files by their path in the checkpoint; they are moved into the store.
            origin: what the new files' provenance says, such as `run:ID`.

        Raises:
            NotInstalled: a file of the base is no longer here.
            IntegrityError: a new file is corrupt or would execute code.
        """
        from zoo.store.adopt import adopt_files

        origins = (origin,) if isinstance(origin, str) else origin
        with writing(self.home):
            return adopt_files(
                self._layout, check_name(model_id), base=base, base_files=base_files, files=files, origin=origins
            )

    def garbage(self, *, older_than: float = _WEEK) -> list[Leftover]:
        """What no model needs: unlinked blobs, debris, and pulls left unfinished for `older_than` seconds."""
        from zoo.store.upkeep import find_leftovers

        return find_leftovers(self._layout, older_than)

    def collect(self, *, older_than: float = _WEEK) -> int:
        """Delete what `garbage` names, except what a running pull is using; gives the bytes freed."""
        from zoo.store.upkeep import collect_leftovers

        with writing(self.home):
            return collect_leftovers(self._layout, older_than)

    def usage(self) -> int:
        """Bytes of all blobs and unfinished downloads; links take no room."""
        from zoo.store.upkeep import folder_size

        return self._layout.blobs.size + folder_size(self._layout.partials)

    def _readers(self) -> Readers:
        from zoo.store.sources import Readers

        return Readers(offline=self.offline, extra=self._reader)


def _say_waiting(progress: Progress, model_id: str) -> None:
    progress.message(f"another process is pulling {model_id}; waiting for it")
