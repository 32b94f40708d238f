"""What would be fetched? The plan of a pull: asked of the origins, without downloading a byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from zoo.store.sources.base import Remote

__all__ = ["PICKLED", "Download", "Plan", "PlannedFile"]

PICKLED = frozenset({".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"})


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """One file of the checkpoint, as it arrives.

    Attributes:
        path: relative path in the checkpoint's folder, before any conversion.
        size: in bytes, None when not known before the download.
        sha256: 64 hex digits, None when not known before the download.
        origin: URIs of its bytes; several are joined in order.
        here: whether the store has these bytes already.
    """

    path: str
    size: int | None
    sha256: str | None
    origin: tuple[str, ...]
    here: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return vars(self) | {"origin": list(self.origin)}


@dataclass(frozen=True, kw_only=True)
class Download:
    """One thing to fetch: a file, or a container that several files are taken out of.

    Attributes:
        uri: the origin's URI without a member.
        key: names it among a model's partial downloads.
        remote: where it is.
        size, sha256: as pinned by the card or stated by the origin, else None.
        container: whether files are taken out of it.
        have: bytes that an earlier, interrupted pull left.
    """

    uri: str
    key: str
    remote: Remote
    size: int | None
    sha256: str | None
    container: bool
    have: int = 0

    @property
    def local(self) -> bool:
        """Whether the bytes lie on this machine, so that nothing is downloaded."""
        return self.remote.local is not None

    def to_dict(self) -> dict[str, Any]:
        """JSON form, without where exactly the bytes are."""
        return {"uri": self.uri, "size": self.size, "sha256": self.sha256, "have": self.have, "local": self.local}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a pull of one model would do.

    Attributes:
        model: the model's id.
        files: of the checkpoint, sorted by path.
        downloads: the distinct things to fetch for those that are not here.
        pieces: for every origin URI of a missing file, the `Download` key that brings it and the member to take.
        installed: the revision, where it is complete already.
        upstream: the origin's own revision (a hub commit), where it has one.
        free: bytes free on the store's disk.
    """

    model: str
    files: tuple[PlannedFile, ...]
    downloads: tuple[Download, ...] = ()
    pieces: Mapping[str, tuple[str, str | None]] = field(default_factory=lambda: MappingProxyType({}))
    installed: str | None = None
    upstream: str | None = None
    free: int = 0

    @property
    def containers(self) -> tuple[Download, ...]:
        """The downloads that several files are taken out of."""
        return tuple(d for d in self.downloads if d.container)

    @property
    def download(self) -> int:
        """Bytes still to come over the network, as far as sizes are known."""
        return sum(max(0, (d.size or 0) - d.have) for d in self.downloads if not d.local)

    @property
    def unknown(self) -> int:
        """How many downloads have a size that is not known beforehand."""
        return sum(d.size is None for d in self.downloads if not d.local)

    @property
    def needed(self) -> int:
        """Bytes of disk that the pull takes at its height: downloads, copies, what is unpacked, joined or converted."""
        copies = sum(d.size or 0 for d in self.downloads if d.local and not d.container)
        return self.download + copies + sum(f.size or 0 for f in self.files if not f.here and self._is_built(f))

    def _is_built(self, file: PlannedFile) -> bool:
        if PurePosixPath(file.path).suffix in PICKLED:
            return True
        return len(file.origin) > 1 or any(self.pieces[uri][1] is not None for uri in file.origin)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as `zoo pull --dry-run --json` prints it."""
        return {
            "model": self.model,
            "installed": self.installed,
            "files": [file.to_dict() for file in self.files],
            "containers": [d.to_dict() for d in self.containers],
            "downloads": [d.to_dict() for d in self.downloads],
            "download": self.download,
            "unknown": self.unknown,
            "needed": self.needed,
            "free": self.free,
        }
