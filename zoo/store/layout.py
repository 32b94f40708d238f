"""Where everything of one store lies."""

from __future__ import annotations

from pathlib import Path

from zoo.store.blobs import Blobs
from zoo.store.folders import Folders
from zoo.store.locks import Locks, folder_name

__all__ = ["Layout"]


class Layout:
    """The parts of the store below one home folder; nothing is made before it is needed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.blobs = Blobs(home / "blobs")
        self.folders = Folders(home / "models")
        self.locks = Locks(home / "locks")
        self.partials = home / "partial"

    def partial(self, model_id: str) -> Path:
        """The folder of a model's unfinished pull; only the holder of the model's lock may touch it."""
        return self.partials / folder_name(model_id)
