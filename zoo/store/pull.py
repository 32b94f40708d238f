"""The transaction that brings a model here: plan, fetch, verify, convert, publish; nothing visible before."""

from __future__ import annotations

import dataclasses
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from zoo.cards import ModelCard
from zoo.errors import BadCard, BadInput, HashMismatch, IntegrityError, NoSpace
from zoo.manifests import Manifest, StoredFile, arrival_time
from zoo.store.disk import copy_bytes, free_space, hash_file, sync
from zoo.store.layout import Layout
from zoo.store.match import Arrivals
from zoo.store.parts import Part
from zoo.store.plan import Download, Plan, PlannedFile
from zoo.store.planner import make_plan
from zoo.store.progress import Progress
from zoo.store.retry import Retries, Stop
from zoo.store.sources import Readers
from zoo.store.words import in_units

__all__ = ["PullSettings", "pull_model"]

# How often a pull begins again because another process removed a blob that it had counted on.
_ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class PullSettings:
    """How to pull: how many downloads at once, how long to persist, and whether to trust what is here."""

    downloads: int
    retries: Retries
    refresh: bool


def pull_model(
    layout: Layout,
    readers: Readers,
    card: ModelCard,
    *,
    plan: Plan | None,
    progress: Progress,
    settings: PullSettings,
) -> Manifest:
    """Bring a model here and publish it; the caller holds the model's lock and has seen that it is not here.

    Raises:
        NoSpace: the disk is too full; what was downloaded is kept.
        IntegrityError: bytes are not what they must be, or would execute code.
        SourceError, NotFound: an origin does not deliver.
    """
    for _ in range(_ROUNDS):
        if plan is None or plan.installed or plan.model != card.id:
            plan = make_plan(layout, readers, card, refresh=settings.refresh)
        made = _Pull(layout, readers, plan, progress, settings).run()
        if made is not None:
            shutil.rmtree(layout.partial(card.id), ignore_errors=True)
            return made
        plan = None
    raise IntegrityError(
        f"files of {card.id} vanished from the store {_ROUNDS} times while it was being pulled",
        "Another process removes models at the same time; try again when it has ended.",
    )


class _Pull:
    """One round of a pull."""

    def __init__(
        self, layout: Layout, readers: Readers, plan: Plan, progress: Progress, settings: PullSettings
    ) -> None:
        self._layout = layout
        self._readers = readers
        self._plan = plan
        self._progress = progress
        self._settings = settings
        self._folder = layout.partial(plan.model)
        self._built = self._folder / "built"
        self._arrivals = Arrivals(layout)
        self._by_key = {download.key: download for download in plan.downloads}
        self._hashes: dict[str, str] = {}
        self._ready: dict[str, Path] = {}

    def run(self) -> Manifest | None:
        """The published manifest; None when a blob that the plan counted on is no longer here."""
        self._check_space()
        shutil.rmtree(self._built, ignore_errors=True)
        sizes = [d.size for d in self._plan.downloads if not d.local]
        total = None if None in sizes else sum(size or 0 for size in sizes)
        try:
            self._progress.start(total, self._plan.model)
            self._fetch_all()
            files = [self._store(file) for file in self._plan.files]
            return self._publish(self._manifest(files))
        except _VanishedError:
            return None
        finally:
            self._progress.done()
            shutil.rmtree(self._built, ignore_errors=True)

    def _check_space(self) -> None:
        needed, free = self._plan.needed, free_space(self._layout.home)
        if needed > free:
            raise NoSpace(
                f"{self._plan.model} needs {in_units(needed)}, and {in_units(free)} are free on the disk of "
                f"{self._layout.home}",
                f"Free {in_units(needed - free)} more (`zoo rm MODEL`), or set ZOO_HOME to another disk.",
            )

    def _fetch_all(self) -> None:
        for download in self._plan.downloads:
            if download.local and download.container:
                self._hashes[download.key] = _checked_container(download, hash_file(_local(download)))
        if remote := [d for d in self._plan.downloads if not d.local]:
            self._download_all(remote)

    def _download_all(self, downloads: list[Download]) -> None:
        from zoo.store.download import Transfer

        stop = Stop()
        with ExitStack() as ends, ThreadPoolExecutor(max_workers=self._settings.downloads) as pool, stop.on_error():
            running = {}
            for download in downloads:
                transfer = Transfer(
                    download,
                    Part.of(self._folder, download.remote),
                    session=ends.enter_context(self._readers.of(download.uri).session()),
                    stop=stop,
                    progress=self._progress,
                    retries=self._settings.retries,
                )
                running[pool.submit(transfer.run)] = download.key
            for future in as_completed(running):
                self._hashes[running[future]] = future.result()

    def _store(self, file: PlannedFile) -> StoredFile:
        """Make a planned file ready to be published."""
        if not file.here:
            path, sha256 = self._arrived(file)
            return self._checked(file, path, sha256)
        sha256 = str(file.sha256)
        if self._layout.blobs.has(sha256, file.size):
            try:
                return self._checked(file, self._layout.blobs.path(sha256), sha256)
            except FileNotFoundError as error:
                raise _VanishedError from error
        if known := self._arrivals.converted(sha256):
            return _as_converted(file, known)
        raise _VanishedError

    def _arrived(self, file: PlannedFile) -> tuple[Path, str]:
        """Where the file's bytes are, complete and as pinned, and their sha256."""
        key, member = self._plan.pieces[file.origin[0]]
        download = self._by_key[key]
        if len(file.origin) == 1 and member is None and not download.local:
            path, sha256 = Part.of(self._folder, download.remote).path, self._hashes[key]
        else:
            self._progress.message(f"unpacking {file.path}" if member else f"copying {file.path}")
            path = self._build(file)
            sha256 = hash_file(path)
        size = path.stat().st_size
        if file.size not in (None, size) or file.sha256 not in (None, sha256):
            raise HashMismatch(
                f"{file.path} of {self._plan.model} has {size} bytes and sha256 {sha256}, "
                f"not {file.size if file.size is not None else 'any'} and {file.sha256 or 'any'}",
                "The origin has changed its file, or the card is wrong; the file was not installed.",
            )
        return path, sha256

    def _build(self, file: PlannedFile) -> Path:
        """Join the file's pieces: members of containers, local files, downloads."""
        path = self._new_file(file.path)
        with path.open("xb") as target:
            for uri in file.origin:
                key, member = self._plan.pieces[uri]
                self._append(self._by_key[key], member, target, file.size)
        return path

    def _append(self, download: Download, member: str | None, target: BinaryIO, size: int | None) -> None:
        from zoo.store.sources.archive import extract_member

        source = _local(download) if download.local else Part.of(self._folder, download.remote).path
        if member is None:
            copy_bytes(source, target)
            return
        most = free_space(self._layout.home) if size is None else size - target.tell()
        extract_member(source, member, target, limit=most)

    def _checked(self, file: PlannedFile, path: Path, sha256: str) -> StoredFile:
        """Look at the content, and convert it where it is not loaded as it is."""
        from zoo.store.convert import converted_name, needs_conversion
        from zoo.store.formats import check

        kind, size = check(path, file.path), path.stat().st_size
        if not needs_conversion(kind):
            self._ready[sha256] = path
            return StoredFile(path=file.path, size=size, sha256=sha256, format=kind, origin=file.origin)
        return self._converted(file, path, converted_name(file.path), sha256)

    def _converted(self, file: PlannedFile, path: Path, name: str, sha256: str) -> StoredFile:
        from zoo.store.convert import convert
        from zoo.store.formats import check

        self._progress.message(f"converting {file.path} to {name}")
        made = self._new_file(name)
        convert(path, made)
        made_sha256 = hash_file(made)
        self._ready[made_sha256] = made
        return StoredFile(
            path=name,
            size=made.stat().st_size,
            sha256=made_sha256,
            format=check(made, name),
            origin=file.origin,
            source_path=file.path,
            source_size=path.stat().st_size,
            source_sha256=sha256,
        )

    def _new_file(self, name: str) -> Path:
        """Where to write a file; alone in its folder, so that it can have the name that messages show."""
        folder = self._built / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder / PurePosixPath(name).name

    def _manifest(self, files: list[StoredFile]) -> Manifest:
        seen: dict[str, StoredFile] = {}
        for file in files:
            other = seen.setdefault(file.path.casefold(), file)
            if other is not file:
                raise BadCard(
                    f"{self._plan.model}: files {other.source_path or other.path!r} and "
                    f"{file.source_path or file.path!r} both become {file.path!r}",
                    "Name only one of them on the card.",
                )
        return Manifest(
            model=self._plan.model,
            files=tuple(sorted(files, key=lambda f: f.path)),
            pulled=arrival_time(),
            upstream=self._plan.upstream,
            containers={d.uri: self._hashes[d.key] for d in self._plan.containers},
        )

    def _publish(self, manifest: Manifest) -> Manifest | None:
        blobs = self._layout.blobs
        fresh = {sha256: path for sha256, path in self._ready.items() if path != blobs.path(sha256)}
        for path in fresh.values():
            sync(path)  # the slow part, before others have to wait
        with self._layout.locks.store():
            if not all(file.sha256 in fresh or blobs.has(file.sha256, file.size) for file in manifest.files):
                return None
            for sha256, path in fresh.items():
                blobs.put(path, sha256)
            return self._layout.folders.publish(manifest, blobs, anew=self._settings.refresh)


class _VanishedError(Exception):
    """A blob that the plan counted on was removed meanwhile."""


def _as_converted(file: PlannedFile, known: StoredFile) -> StoredFile:
    from zoo.store.convert import converted_name

    return dataclasses.replace(known, path=converted_name(file.path), source_path=file.path, origin=file.origin)


def _local(download: Download) -> Path:
    path = download.remote.local
    if path is None:
        raise BadInput(f"{download.uri} is not on this machine")
    try:
        path.open("rb").close()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    return path


def _checked_container(download: Download, sha256: str) -> str:
    if download.sha256 not in (None, sha256):
        raise HashMismatch(f"{download.uri} has sha256 {sha256}, not {download.sha256}", "Nothing was taken out of it.")
    return sha256
