"""Which plugins are there? Found by what distributions and the home say, without importing anything of them."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

from zoo.cardfiles.reading import CARD_FILES

__all__ = ["GROUP", "Found", "Kind", "find", "in_folders"]

GROUP = "zoo"
Kind = Literal["code", "cards"]

_SKIPPED = {"__pycache__", ".git"}
# Weights run no code, and cards pin them by their own hashes.
_WEIGHTS = (".safetensors", ".gguf", ".onnx")
# What an installer writes beside these says how a distribution came here, not what it holds.
_TELLING = {"METADATA", "entry_points.txt"}


@dataclass(frozen=True, kw_only=True)
class Found:
    """One plugin as found: nothing of it has been imported.

    Attributes:
        name: of the entry point, or of the folder of cards.
        value: what the entry point names, or the folder.
        kind: `cards` where there is no code, only a file of cards; else `code`.
        distribution: `name version` of what was installed, or `-`.
        version: of the distribution, empty where there is none.
        folder: of its import package; None where it is a single module, or cannot be found.
        module: the file that it is, where it is a single module.
        entry: the entry point; None for a folder of the user's.
    """

    name: str
    value: str
    kind: Kind = "code"
    distribution: str = "-"
    version: str = ""
    folder: Path | None = None
    module: Path | None = None
    entry: EntryPoint | None = None

    @property
    def package(self) -> str | None:
        """The import package that its folder is; None for a folder of the user's."""
        return self.value.partition(":")[0].strip() if self.entry else None

    @functools.cached_property
    def digest(self) -> str:
        """The sha256 of its code and cards: of all files of its distribution and import package but weights."""
        made = hashlib.sha256(f"{self.name}\n{self.value if self.entry else ''}\n".encode())
        for name, path in self.files():
            made.update(f"{name}\n".encode("utf-8", "surrogateescape"))
            made.update(_hash(path))
        return made.hexdigest()

    def files(self) -> list[tuple[str, Path]]:
        """The files that count for `digest`: name and path each, by name."""
        made = dict(self._own())
        dist = self.entry.dist if self.entry else None
        for file in (dist.files or ()) if dist else ():
            path = Path(str(file.locate()))
            told = not file.parts[0].endswith(".dist-info") or file.name in _TELLING
            if told and _counts(path.name) and not {"..", *_SKIPPED} & set(file.parts) and path.is_file():
                made[file.as_posix()] = path
        return sorted(made.items())

    def _own(self) -> Iterator[tuple[str, Path]]:
        if self.module is not None:
            yield self.module.name, self.module
        if self.folder is not None:
            top = self.folder.name if self.entry else "."
            for entry in _walk(str(self.folder)):
                yield f"{top}/{Path(entry.path).relative_to(self.folder).as_posix()}", Path(entry.path)

    def stamp(self) -> str:
        """What changes when its files do, cheap: their names, sizes and times, and the hash of what was installed."""
        parts = [self.name, self.value, self.distribution]
        if self.entry and self.entry.dist:
            parts.append(self.entry.dist.read_text("RECORD") or "")
        try:
            if self.module:
                parts.append(_stamp(str(self.module), self.module.stat()))
            if self.folder:
                parts += [_stamp(entry.path, entry.stat()) for entry in _walk(str(self.folder))]
        except OSError as error:  # a file went while it was looked at
            parts.append(str(error))
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _stamp(path: str, found: os.stat_result) -> str:
    return f"{path} {found.st_mtime_ns} {found.st_size}"


def _hash(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:  # a broken link counts as what it is
        return f"unreadable {error.errno}".encode()


def _counts(name: str) -> bool:
    return not name.endswith(_WEIGHTS)


def _walk(folder: str) -> Iterator[os.DirEntry[str]]:
    """The files below a folder that count, in the order of their names; links to folders are not followed."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _SKIPPED:
                yield from _walk(entry.path)
        elif _counts(entry.name) and entry.is_file():
            yield entry


def find(entries: Iterable[EntryPoint] | None = None) -> list[Found]:
    """The plugins of these entry points, of the installed ones when None; by name.

    Where two distributions name theirs alike, the one whose own name it is comes first.
    """
    given = entry_points(group=GROUP) if entries is None else entries
    made = [_found(entry) for entry in given]
    return sorted(made, key=lambda f: (f.name, f.distribution.partition(" ")[0] != f.name, f.distribution))


def in_folders(folders: Mapping[str, Path]) -> list[Found]:
    """The folders of cards that a home has as plugins, by name."""
    return [Found(name=n, value=str(p), kind="cards", folder=p) for n, p in sorted(folders.items())]


def _found(entry: EntryPoint) -> Found:
    name, version = _distribution(entry)
    spec = _spec(entry.value.partition(":")[0].strip())
    kind, folder, module = _placed(spec)
    return Found(
        name=entry.name,
        value=entry.value,
        kind=kind,
        distribution=f"{name} {version}".strip() or "-",
        version=version,
        folder=folder,
        module=module,
        entry=entry,
    )


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    if entry.dist is None:
        return "", ""
    told = entry.dist.metadata  # read once: each of `name` and `version` would parse it anew
    return str(told["Name"] or ""), str(told["Version"] or "")


def _placed(spec: ModuleSpec | None) -> tuple[Kind, Path | None, Path | None]:
    """Kind, folder and single module of what Python would import."""
    if spec is None:
        return "code", None, None
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    if spec.origin is not None:
        return "code", (places or [None])[0], None if places else Path(spec.origin)  # type: ignore[list-item]
    held = [place for place in places if any((place / name).is_file() for name in CARD_FILES)]
    return ("cards", held[0], None) if held else ("code", (places or [None])[0], None)  # type: ignore[list-item]


def _spec(module: str) -> ModuleSpec | None:
    """Where Python would find a module's package, or None: the first one on the way to it that has code."""
    places: list[str] | None = None
    spec = None
    parts = module.split(".")
    for number in range(1, len(parts) + 1):
        spec = _search(".".join(parts[:number]), places)
        if spec is None or spec.origin is not None:
            return spec
        places = list(spec.submodule_search_locations or ())
    return spec


def _search(name: str, places: Any) -> ModuleSpec | None:
    """As `importlib.util.find_spec`, which would import parents, and believes modules that were loaded before."""
    for finder in sys.meta_path:
        spec = None
        with contextlib.suppress(Exception):  # finders are anybody's code; importing will say what is wrong
            spec = finder.find_spec(name, places)
        if isinstance(spec, ModuleSpec):
            return spec
    return None
