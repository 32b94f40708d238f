"""Which files of the model go along, and which stay where they are?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zoo.cards import Source, WeightFile
from zoo.lockfile.make import locked_model
from zoo.manifests import StoredFile, revision_of
from zoo.publishing.origins import is_public, placed_at
from zoo.publishing.published import PackedFile, ReferredFile
from zoo.store import member_of

if TYPE_CHECKING:
    from zoo.publishing.chosen import Chosen
    from zoo.publishing.cleaning import Privacy
    from zoo.publishing.wishes import Wishes
    from zoo.registry import Registry

__all__ = ["FOLDER", "Packing", "pack"]

FOLDER = "weights"
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*(/[A-Za-z0-9_][A-Za-z0-9._+-]*)*")
_CODE = (".py", ".pyc", ".pyd", ".pyi", ".pth", ".so", ".dll", ".dylib", ".whl", ".egg")
_LONGEST_JSON = 4_000_000
_LONGEST_TEXT = 1_000_000
_HEADER = 10_000_000  # of a safetensors file, at most looked at


@dataclass(frozen=True, kw_only=True)
class _Packed:
    """A file to pack: from where its bytes are taken, or the bytes themselves where they were cleaned."""

    told: PackedFile
    inside: str
    path: Path
    content: bytes | None


@dataclass(frozen=True, kw_only=True)
class Packing:
    """The model's files, parted.

    Attributes:
        files: those to pack.
        referred: those that stay at their origin.
        sources: the archives that referred files are taken out of, pinned.
        requires: distributions that hold referred files, as pip reads them.
        notes: what the publisher should know.
    """

    files: tuple[_Packed, ...]
    referred: tuple[ReferredFile, ...]
    sources: tuple[Source, ...] = ()
    requires: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes to pack."""
        return sum(file.told.size for file in self.files)

    @property
    def on_card(self) -> tuple[WeightFile, ...]:
        """The files as the card in the distribution names them, packed ones by their place beside it."""
        inside = [_on_card(file.told, (f"file:./{file.inside}",)) for file in self.files]
        outside = [_on_card(file, file.origin) for file in self.referred]
        return tuple(sorted([*inside, *outside], key=lambda file: file.path))

    @property
    def revision(self) -> str:
        """The revision that the files make where they are installed."""
        told = [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in self.on_card]
        return revision_of(told)


def pack(registry: Registry, chosen: Chosen, wishes: Wishes, privacy: Privacy) -> Packing:
    """Part a revision's files as the publisher wishes.

    Raises:
        BadInput: the place where the files were put is none that others can ask.
    """
    if wishes.weights == "none":
        places = placed_at(str(wishes.at), chosen.manifest.files)
        return Packing(files=(), referred=tuple(_placed(file, places[file.path]) for file in chosen.manifest.files))
    if wishes.weights == "own":
        return _own(registry, chosen, privacy)
    return _with_notes([_packed(file, chosen.path, privacy) for file in chosen.manifest.files], (), privacy)


def _own(registry: Registry, chosen: Chosen, privacy: Privacy) -> Packing:
    """Files that came from a public origin stay there: as they arrived, so they are converted again after the pull."""
    locked = locked_model(registry, chosen.manifest)
    held = dict(_in_distributions(locked.files))
    stay = [file for file in locked.files if all(is_public(uri) or _package(uri) in held for uri in file.origin)]
    referred = tuple(ReferredFile(**file.arrived, origin=file.origin) for file in stay)
    bases = {member_of(uri)[0] for file in referred for uri in file.origin}
    sources = tuple(Source(uri=uri, sha256=sha) for uri, sha in sorted(locked.containers.items()) if uri in bases)
    kept = {file.path for file in stay}
    files = [_packed(file, chosen.path, privacy) for file in chosen.manifest.files if file.path not in kept]
    requires = {held[package] for uri in bases if (package := _package(uri)) is not None}
    made = _with_notes(files, referred, privacy)
    return Packing(
        files=made.files, referred=referred, sources=sources, requires=tuple(sorted(requires)), notes=made.notes
    )


def _in_distributions(files: Iterable[StoredFile]) -> Iterator[tuple[str, str]]:
    """The installed packages that files came from, with what brings exactly the same files elsewhere."""
    from zoo.cardfiles.packages import distribution_of

    for package in sorted({name for file in files for uri in file.origin if (name := _package(uri))}):
        if told := distribution_of(package):
            name, _, version = told.partition(" ")
            yield package, f"{name}=={version}"


def _package(uri: str) -> str | None:
    base = member_of(uri)[0]
    return base.partition(":")[2] if base.startswith("package:") else None


def _placed(file: StoredFile, origin: str) -> ReferredFile:
    return ReferredFile(path=file.path, size=file.size, sha256=file.sha256, origin=(origin,))


def _on_card(file: PackedFile | ReferredFile, origin: tuple[str, ...]) -> WeightFile:
    return WeightFile(path=file.path, size=file.size, sha256=file.sha256, origin=origin)


def _packed(file: StoredFile, folder: Path, privacy: Privacy) -> _Packed:
    path = folder / file.path
    cleaned = None
    if file.path.endswith(".json") and file.size <= _LONGEST_JSON:
        cleaned = privacy.json_file(path.read_bytes())
    size, sha256 = file.size, file.sha256
    if cleaned is not None:
        size, sha256 = len(cleaned), hashlib.sha256(cleaned).hexdigest()
    told = PackedFile(path=file.path, size=size, sha256=sha256)
    return _Packed(told=told, inside=f"{FOLDER}/{_inside(file)}", path=path, content=cleaned)


def _inside(file: StoredFile) -> str:
    """The name in the package: the file's own, unless it has characters that URIs or archives read as something else.

    Nothing that Python would run or import keeps its name: a package of cards is data.
    """
    plain = _PLAIN.fullmatch(file.path) and not file.path.lower().endswith(_CODE) and "__" not in file.path
    return file.path if plain else f"{file.sha256[:16]}.bin"


def _with_notes(files: list[_Packed], referred: tuple[ReferredFile, ...], privacy: Privacy) -> Packing:
    return Packing(files=tuple(files), referred=referred, notes=tuple(_notes(files, privacy)))


def _notes(files: Iterable[_Packed], privacy: Privacy) -> Iterator[str]:
    for file in files:
        if file.content is not None:
            yield (
                f"{file.told.path} named folders of this machine, which were cut to their last name: the revision is "
                "another one where the model is installed"
            )
        if found := privacy.found_in(file.content if file.content is not None else _readable(file.path)):
            yield f"{file.told.path} holds {', '.join(found)}: look whether it should"


def _readable(path: Path) -> bytes:
    """What of a file people could read: a text, or the header of a safetensors file."""
    if path.suffix == ".safetensors":
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            return file.read(min(length, _HEADER))
    text = PurePosixPath(path.name).suffix in {".json", ".txt", ".md", ".yaml", ".yml", ".cfg", ".jinja", ""}
    return path.read_bytes() if text and path.stat().st_size <= _LONGEST_TEXT else b""
