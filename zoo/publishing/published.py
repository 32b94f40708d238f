"""What came of publishing a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PackedFile", "Published", "ReferredFile"]


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """A file of the model that is in the distribution."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ReferredFile:
    """A file of the model that stays where it is, and is fetched from there on first use."""

    path: str
    size: int
    sha256: str
    origin: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A distribution of a model.

    Attributes:
        path: of the wheel or project folder.
        size: its bytes; of the files to be packed where nothing was written (`dry_run`).
        name, version: of the distribution.
        package: the import package, a folder without code.
        id: the model's id where it is installed.
        revision: the revision here that was published.
        installed_revision: the revision it will have where it is installed: another one where files were converted when
            they arrived, or had paths of this machine in them.
        packed: the model's files inside.
        referred: the model's files that stay at their origin.
        licence: of the weights.
        written: False when the same file was there already, and for a dry run.
        notes: what the publisher should know, one sentence each.
    """

    path: Path
    size: int
    name: str
    version: str
    package: str
    id: str
    revision: str
    installed_revision: str
    packed: tuple[PackedFile, ...]
    referred: tuple[ReferredFile, ...]
    licence: str
    written: bool
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        made: Mapping[str, Any] = vars(self)
        return {
            **made,
            "path": str(self.path),
            "packed": [dict(vars(file)) for file in self.packed],
            "referred": [{**vars(file), "origin": list(file.origin)} for file in self.referred],
            "notes": list(self.notes),
        }
