"""Features that were computed before, by the content of what they are of: always safe to delete.

A folder holds those of one model as one preprocessing sees its inputs, in files of rows. A file is named by its
contents and appears whole or not at all, so that several processes may write at the same time, and a run that was
broken off goes on from what it had.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.store.disk import writing

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FeatureCache"]


class FeatureCache:
    """Rows of features by the sha256 of their inputs.

    Args:
        folder: of one model and its preprocessing; need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, wanted: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
        """The rows that are here, by the hashes of their inputs; a file that is not sound is removed."""
        found: dict[str, np.ndarray[Any, Any]] = {}
        missing = set(wanted)
        for path in sorted(self._folder.glob("*.safetensors")):
            if not missing:
                break
            found |= dict(self._rows(path, missing))
            missing -= found.keys()
        return found

    def add(self, rows: dict[str, np.ndarray[Any, Any]]) -> None:
        """Keep rows of features, all of one length."""
        import numpy as np
        from safetensors.numpy import save_file

        if not rows:
            return
        keys = np.frombuffer(bytes.fromhex("".join(rows)), dtype=np.uint8).reshape(len(rows), -1)
        path = self._folder / f"{hashlib.sha256(keys.tobytes()).hexdigest()[:32]}.safetensors"
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            try:
                features = np.stack(list(rows.values())).astype(np.float32, copy=False)
                save_file({"inputs": np.ascontiguousarray(keys), "features": features}, temporary)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)

    def _rows(self, path: Path, wanted: set[str]) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                places = defaultdict(list)
                for place, key in enumerate(file.get_tensor("inputs")):
                    places[key.tobytes().hex()].append(place)
                if mine := wanted & places.keys():
                    features = file.get_tensor("features")
                    # Copies, so that the few that are wanted do not keep all others in memory.
                    yield from ((key, features[places[key][0]].copy()) for key in sorted(mine))
        except FileNotFoundError:  # somebody emptied the cache
            return
        except (SafetensorError, OSError):
            path.unlink(missing_ok=True)
