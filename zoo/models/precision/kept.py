"""Folders of derived files, kept between runs: written whole or not at all, checked when read."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.devices.container import cpu_count

__all__ = ["Kept", "digest", "machine", "versions"]

RECORD = "record.json"
PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime", "transformers", "timm", "torchvision", "zoo-registry")


class Kept:
    """One folder with files and a record of them.

    A folder of which a byte is missing or changed counts as absent, and is made again. Use under `locked()`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other thread or process make the same folder at the same time."""
        from filelock import FileLock

        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder.with_name(f"{self.folder.name}.lock"), thread_local=False):
            yield

    def read(self) -> dict[str, Any] | None:
        """The record, when all files are as they were written; None otherwise."""
        try:
            record = json.loads((self.folder / RECORD).read_text(encoding="utf-8"))
            stated = record.pop("digest")
            sound = stated == digest(record) and all(
                _sha256(self.folder / name) == found for name, found in record["files"].items()
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return record if sound else None

    def write(self, fill: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
        """Make the folder anew: `fill` puts files into a temporary one and returns the record."""
        made = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.folder.parent))
        try:
            record = dict(fill(made))
            record["files"] = {path.name: _sha256(path) for path in sorted(made.iterdir())}
            text = json.dumps(record | {"digest": digest(record)}, indent=1)
            (made / RECORD).write_text(text, encoding="utf-8")
            shutil.rmtree(self.folder, ignore_errors=True)
            made.rename(self.folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return record


def digest(facts: Mapping[str, Any]) -> str:
    """A short name for facts that JSON can hold."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:20]


def versions(plugin: str) -> dict[str, str]:
    """The installed versions of the libraries that graphs are made and run by, and of the distribution of a plugin.

    Args:
        plugin: the plugin's import name, such as `zoo_nlp`.
    """
    found = {}
    for name in (*PACKAGES, plugin.replace("_", "-")):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """What a measurement holds for: the processor, and how many of its cores this process may use."""
    return {"processor": _processor(), "cores": cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    named = {key.strip(): value.strip() for key, value in facts.items()}
    # some clouds hide the exact name, so that the numbers of family and model tell processors apart
    numbers = "/".join(named[key] for key in ("cpu family", "model", "stepping") if key in named)
    return f"{named.get('model name') or platform.processor() or platform.machine()} {numbers}".strip()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
