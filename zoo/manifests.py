"""Which bytes? The record of one revision's files: names, sizes, hashes and where each came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from zoo.cards import digest
from zoo.errors import IntegrityError

__all__ = ["Manifest", "StoredFile", "arrival_time", "revision_of"]


def arrival_time() -> str:
    """Now, as `Manifest.pulled` has it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """One file of a checkpoint as it lies in the store.

    Attributes:
        path: relative path in the checkpoint's folder.
        size: in bytes.
        sha256: of the stored bytes.
        format: `safetensors`, `onnx`, `gguf`, `json`, `text`, `numpy`, `parquet`, `tensorflow`, `ctranslate2`, `other`.
        origin: URIs of the bytes as they arrived; several were joined in order.
        source_path, source_size, source_sha256: of the file as it arrived, where it was converted; else None.
    """

    path: str
    size: int
    sha256: str
    format: str
    origin: tuple[str, ...]
    source_path: str | None = None
    source_size: int | None = None
    source_sha256: str | None = None

    @property
    def arrived(self) -> dict[str, Any]:
        """`{"path", "size", "sha256"}` of the file as it arrived, before any conversion."""
        return {
            "path": self.source_path or self.path,
            "size": self.size if self.source_size is None else self.source_size,
            "sha256": self.source_sha256 or self.sha256,
        }

    def to_dict(self) -> dict[str, Any]:
        """JSON form, without what is None."""
        made = {k: v for k, v in vars(self).items() if v is not None}
        return made | {"origin": list(self.origin)}


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The files of one revision of a model.

    Attributes:
        model: the model's id.
        files: sorted by path.
        pulled: when the files arrived, UTC, ISO 8601 to the microsecond, such as `2026-01-31T09:00:00.250000Z`: the
            newest revision is the one that arrived last.
        upstream: the origin's own revision (a hub commit) where it has one.
        containers: `{URI: sha256}` of the wheels that files were taken out of.
    """

    model: str
    files: tuple[StoredFile, ...]
    pulled: str
    upstream: str | None = None
    containers: Mapping[str, str]

    @property
    def revision(self) -> str:
        """The sha256 over paths, sizes and hashes of the files as they arrived: equal wherever the bytes are equal."""
        return revision_of(file.arrived for file in self.files)

    @property
    def size(self) -> int:
        """Bytes of all stored files together."""
        return sum(file.size for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the revision."""
        return {
            "model": self.model,
            "revision": self.revision,
            "pulled": self.pulled,
            "upstream": self.upstream,
            "containers": dict(self.containers),
            "files": [file.to_dict() for file in self.files],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        """Read `to_dict`'s form; raises `IntegrityError` when fields are missing or the revision does not fit."""
        try:
            files = tuple(StoredFile(**{**f, "origin": tuple(f["origin"])}) for f in data["files"])
            made = cls(
                model=data["model"],
                files=files,
                pulled=data["pulled"],
                upstream=data.get("upstream"),
                containers=dict(data["containers"]),
            )
        except (KeyError, TypeError) as error:
            raise IntegrityError(f"a manifest is malformed: {error}") from error
        if made.revision != data.get("revision"):
            raise IntegrityError(f"the manifest of {made.model} does not have the revision that it claims")
        return made


def revision_of(files: Iterable[Mapping[str, Any]]) -> str:
    """The revision of files given as `{"path", "size", "sha256"}`, in any order."""
    return digest(sorted(({k: f[k] for k in ("path", "size", "sha256")} for f in files), key=lambda f: str(f["path"])))
