"""An unfinished download: its bytes so far, and beside them what the server said that they belong to."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from zoo.cards import canonical_json, digest
from zoo.store.disk import write_text
from zoo.store.sources.base import Remote

__all__ = ["Part"]

_STATE = "state.json"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


class Part:
    """A folder with the bytes and `state.json`, kept over interruptions until the pull is complete.

    The state is written before the first byte and never changes under bytes that are already there.

    Attributes:
        folder: named by a digest of the URL.
        path: the bytes, under the last part of the URL as name, so that messages about them can be understood.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.path = folder / (name if _PLAIN_NAME.fullmatch(name) and name != _STATE else "download")

    @classmethod
    def of(cls, parent: Path, remote: Remote) -> Part:
        """The part of a remote's bytes among a model's parts."""
        where = remote.url or str(remote.local)
        return cls(parent / digest([where])[:32], unquote(urlsplit(where).path).rpartition("/")[2])

    @property
    def size(self) -> int:
        """Bytes that are here."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def state(self) -> dict[str, object]:
        """What the server said of the bytes; empty when that is not known, and then the bytes are of no use."""
        try:
            found = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def begin(self, state: dict[str, object]) -> None:
        """Start from zero under a new state."""
        self.drop()
        self.folder.mkdir(parents=True)
        # A state that is lost costs a fresh start and nothing else: not worth waiting for the disk.
        write_text(self.folder / _STATE, canonical_json(state), durable=False)

    def drop(self) -> int:
        """Delete bytes, then state; gives how many bytes were lost."""
        lost = self.size
        # In this order, so that a kill in between never leaves bytes under a state that is not theirs.
        self.path.unlink(missing_ok=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)
        return lost
