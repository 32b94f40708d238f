"""Making the plan of a pull: which files, which of them are here, and where the others are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TypeVar

from zoo.cards import ModelCard, WeightFile, check_file_path
from zoo.errors import BadCard, HashMismatch, NotFound, OfflineError
from zoo.manifests import Manifest
from zoo.store.disk import free_space
from zoo.store.folders import MANIFEST, is_manifest_name
from zoo.store.layout import Layout
from zoo.store.match import Arrivals, find_installed
from zoo.store.parts import Part
from zoo.store.plan import PICKLED, Download, Plan, PlannedFile
from zoo.store.sources import Readers
from zoo.store.sources.base import Remote, member_of, refuse_offline

__all__ = ["make_plan"]

_T = TypeVar("_T", int, str)


def make_plan(layout: Layout, readers: Readers, card: ModelCard, *, refresh: bool = False) -> Plan:
    """The plan of a pull; with `refresh` nothing is taken as here unless its bytes still have their hash.

    Raises:
        NotFound: an origin has no such file, or the card names none.
        OfflineError: the network is forbidden and needed; names the file.
        HashMismatch: an origin offers other bytes than the card pins.
    """
    if not refresh and (manifest := find_installed(layout, card)):
        return _plan_of(layout, manifest)
    return _Planner(layout, readers, card, refresh).plan()


def _plan_of(layout: Layout, manifest: Manifest) -> Plan:
    files = (PlannedFile(**f.arrived, origin=f.origin, here=True) for f in manifest.files)
    return Plan(
        model=manifest.model,
        files=tuple(sorted(files, key=lambda f: f.path)),
        installed=manifest.revision,
        upstream=manifest.upstream,
        free=free_space(layout.home),
    )


class _Planner:
    def __init__(self, layout: Layout, readers: Readers, card: ModelCard, refresh: bool) -> None:
        self._layout = layout
        self._readers = readers
        self._card = card
        self._refresh = refresh
        self._arrivals = Arrivals(layout)
        self._pins = {source.uri: (source.size, source.sha256) for source in card.sources}
        self._downloads: dict[str, Download] = {}
        self._pieces: dict[str, tuple[str, str | None]] = {}
        self._upstream: str | None = None

    def plan(self) -> Plan:
        files = tuple(self._planned(file) for file in self._files())
        wanted = {key for key, _ in self._pieces.values()}
        return Plan(
            model=self._card.id,
            files=files,
            downloads=tuple(d for key, d in self._downloads.items() if key in wanted),
            pieces=self._pieces,
            upstream=self._upstream,
            free=free_space(self._layout.home),
        )

    def _files(self) -> list[WeightFile]:
        files = list(self._card.files) or self._listed()
        seen: dict[str, str] = {}
        for file in files:
            check_file_path(file.path)
            if is_manifest_name(file.path):
                raise BadCard(f"{self._card.id}: a file may not be called {MANIFEST}, which the store keeps for itself")
            if other := seen.get(file.path.casefold()):
                raise BadCard(f"{self._card.id}: files {other!r} and {file.path!r} differ at most by case")
            seen[file.path.casefold()] = file.path
        return sorted(files, key=lambda f: f.path)

    def _listed(self) -> list[WeightFile]:
        if not self._card.sources:
            raise _nowhere(self._card)
        uri = self._card.sources[0].uri
        try:
            listing = self._readers.listing(uri)
        except OfflineError as error:
            raise refuse_offline(f"the list of files of {self._card.id} ({uri})") from error
        size, sha256 = self._pins.get(uri, (None, None))
        self._pins[listing.uri] = (size or listing.size, sha256 or listing.sha256)
        return _without_pickled_twins(listing.files)

    def _planned(self, file: WeightFile) -> PlannedFile:
        if file.sha256 and (size := self._size_here(file.sha256, file.size)) is not None:
            return PlannedFile(path=file.path, size=size, sha256=file.sha256, origin=file.origin, here=True)
        try:
            remotes = [self._locate(file, uri) for uri in file.origin]
        except OfflineError as error:
            raise refuse_offline(f"{file.path} of {self._card.id} ({', '.join(file.origin)})") from error
        size, sha256 = file.size, file.sha256
        if len(remotes) == 1 and remotes[0].member is None:
            size, sha256 = size if size is not None else remotes[0].size, sha256 or remotes[0].sha256
            if file.sha256 is None and sha256 and self._size_here(sha256, size) is not None:
                del self._pieces[file.origin[0]]
                return PlannedFile(path=file.path, size=size, sha256=sha256, origin=file.origin, here=True)
        return PlannedFile(path=file.path, size=size, sha256=sha256, origin=file.origin, here=False)

    def _size_here(self, sha256: str, size: int | None) -> int | None:
        """The size of the file that arrived with this hash, if the store has it."""
        blobs = self._layout.blobs
        found = blobs.size_of(sha256)
        if found is not None and size in (None, found) and (not self._refresh or blobs.sound(sha256)):
            return found
        made = self._arrivals.converted(sha256)
        if made and (not self._refresh or blobs.sound(made.sha256)):
            return made.source_size
        return None

    def _locate(self, file: WeightFile, uri: str) -> Remote:
        remote = self._readers.locate(uri)
        self._upstream = self._upstream or remote.upstream
        base = member_of(uri)[0]
        whole = remote.member is None
        # A file's own pin is the download's pin only where the download is that file and nothing else.
        pin = (file.size, file.sha256) if whole and len(file.origin) == 1 else (None, None)
        container = (None, None) if whole else self._pins.get(base, self._pins.get(remote.uri, (None, None)))
        size = _agreed(uri, "size", pin[0] if whole else container[0], remote.size)
        sha256 = _agreed(uri, "sha256", pin[1] if whole else container[1], remote.sha256)
        part = Part.of(self._layout.partial(self._card.id), remote)
        key = part.folder.name
        self._downloads.setdefault(
            key,
            Download(
                uri=uri if whole else remote.uri,
                key=key,
                remote=remote,
                size=size,
                sha256=sha256,
                container=not whole,
                have=part.size,
            ),
        )
        self._pieces[uri] = (key, remote.member)
        return remote


def _agreed(uri: str, what: str, pinned: _T | None, offered: _T | None) -> _T | None:
    if pinned is not None and offered is not None and pinned != offered:
        raise HashMismatch(
            f"{uri} now has {what} {offered}, the card says {pinned}",
            "The origin has changed its file, or the card is wrong; nothing was downloaded.",
        )
    return offered if pinned is None else pinned


def _without_pickled_twins(files: Iterable[WeightFile]) -> list[WeightFile]:
    """Leave out pickled weights that a repository also holds as safetensors: they would become the same file."""
    from zoo.store.convert import converted_name

    files = list(files)
    names = {file.path for file in files}
    return [f for f in files if PurePosixPath(f.path).suffix not in PICKLED or converted_name(f.path) not in names]


def _nowhere(card: ModelCard) -> NotFound:
    """Why a card without files and sources cannot be fetched, and what stands in its place."""
    if card.deprecated is None:
        return NotFound(f"{card.id} names no files and no source to take them from")
    remedy = f"Take {card.replaced_by}: `zoo pull {card.replaced_by}`." if card.replaced_by else ""
    return NotFound(f"{card.id} cannot be fetched: {card.deprecated}", remedy)
