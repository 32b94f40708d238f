"""The models: `ROOT/<id>/<revision>/`, a folder of links to blobs with its manifest, complete or not there at all."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from zoo.cards import canonical_json, check_file_path, check_name
from zoo.errors import BadRef, IntegrityError, NotInstalled
from zoo.manifests import Manifest
from zoo.store.blobs import Blobs
from zoo.store.disk import sync_folder, write_text

__all__ = ["MANIFEST", "Folders", "is_manifest_name"]

MANIFEST = "zoo-manifest.json"

_REVISION = re.compile(r"[0-9a-f]{64}")


class Folders:
    """The model folders of one store; hidden names in them are under construction or being deleted."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, model_id: str, revision: str) -> Path:
        """Where a revision is, or would be; raises `BadRef` for a name that could lead elsewhere."""
        if not _REVISION.fullmatch(revision):
            raise BadRef(f"{revision!r} is not a revision", "A revision has 64 hex digits; `zoo show` lists them.")
        return self.root / check_name(model_id) / revision

    def has(self, model_id: str, revision: str) -> bool:
        """Whether the revision is here."""
        return (self.path(model_id, revision) / MANIFEST).is_file()

    def manifest(self, model_id: str, revision: str) -> Manifest:
        """The manifest of a revision.

        Raises:
            NotInstalled: it is not here.
            IntegrityError: it is damaged, or is not this revision's.
        """
        try:
            text = (self.path(model_id, revision) / MANIFEST).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise NotInstalled(
                f"revision {revision[:12]} of {model_id} is not installed", f"Run `zoo pull {model_id}`."
            ) from error
        except UnicodeDecodeError as error:
            raise _damaged(model_id, revision) from error
        try:
            data = json.loads(text)
        except ValueError as error:
            raise _damaged(model_id, revision) from error
        # A file system that ignores case may have made the owner's folder in another spelling.
        named = str(data.get("model")).casefold() if isinstance(data, dict) else None
        if named != model_id.casefold() or data.get("revision") != revision:
            raise _damaged(model_id, revision)
        return Manifest.from_dict(data)

    def entries(self) -> Iterator[tuple[str, str]]:
        """`(model id, revision)` of every folder that holds a manifest, sorted, readable or not."""
        found = [*self.root.glob(f"*/*/{MANIFEST}"), *self.root.glob(f"*/*/*/{MANIFEST}")]
        for path in sorted(found):
            *name, revision = path.parent.relative_to(self.root).parts
            if _REVISION.fullmatch(revision) and not any(part.startswith(".") for part in name):
                yield "/".join(name), revision

    def installed(self) -> Iterator[Manifest]:
        """All sound manifests; a damaged one does not hide the others (`verify` reports it)."""
        for model_id, revision in self.entries():
            with contextlib.suppress(IntegrityError, NotInstalled):
                yield self.manifest(model_id, revision)

    def revisions(self, model_id: str) -> list[Manifest]:
        """The sound manifests of one model, the newest first."""
        made = []
        for path in (self.root / check_name(model_id)).glob(f"*/{MANIFEST}"):
            if _REVISION.fullmatch(path.parent.name):
                with contextlib.suppress(IntegrityError, NotInstalled):
                    made.append(self.manifest(model_id, path.parent.name))
        return sorted(made, key=lambda m: (m.pulled, m.revision), reverse=True)

    def intact(self, manifest: Manifest) -> bool:
        """Whether every file of a revision is here with its size; the bytes are not read."""
        folder = self.path(manifest.model, manifest.revision)
        try:
            return all((folder / file.path).stat().st_size == file.size for file in manifest.files)
        except OSError:
            return False

    def sound(self, model_id: str, revision: str) -> Manifest | None:
        """The manifest of a revision that is here and intact, else None."""
        try:
            manifest = self.manifest(model_id, revision)
        except (IntegrityError, NotInstalled):
            return None
        return manifest if self.intact(manifest) else None

    def publish(self, manifest: Manifest, blobs: Blobs, *, anew: bool = False) -> Manifest:
        """Make a revision visible, by one rename of a finished folder; gives the manifest that is now there.

        The same revision, there and sound, is left as it is unless `anew`. The caller holds the store's lock.
        """
        if not anew and (known := self.sound(manifest.model, manifest.revision)):
            return known
        target = self.path(manifest.model, manifest.revision)
        fresh = target.parent / f".new-{uuid.uuid4().hex}"
        fresh.mkdir(parents=True)
        for file in manifest.files:
            blobs.link(file.sha256, fresh / check_file_path(file.path))
        write_text(fresh / MANIFEST, canonical_json(manifest.to_dict()))
        for inner, _, _ in os.walk(fresh):
            sync_folder(Path(inner))
        old = self._set_aside(target) if target.exists() else None
        fresh.rename(target)
        for folder in (target.parent, *target.parent.parents):
            sync_folder(folder)
            if folder == self.root:
                break
        if old:
            shutil.rmtree(old)
        return manifest

    def retire(self, model_id: str, revision: str) -> None:
        """Take a revision away, by one rename and then deletion. The caller holds the store's lock."""
        target = self.path(model_id, revision)
        shutil.rmtree(self._set_aside(target))
        for folder in (target.parent, target.parent.parent):
            if folder != self.root and not any(folder.iterdir()):
                folder.rmdir()

    def _set_aside(self, target: Path) -> Path:
        return target.rename(target.parent / f".old-{uuid.uuid4().hex}")

    def debris(self) -> list[Path]:
        """Folders that a killed process left half made or half deleted. The caller holds the store's lock."""
        return sorted(p for depth in ("*", "*/*") for p in self.root.glob(f"{depth}/.*") if p.is_dir())

    def refuse_twin(self, model_id: str) -> None:
        """Raise `BadRef` if a model is here whose name differs only by case: some file systems take both for one."""
        folded = model_id.casefold()
        for known in {manifest.model for manifest in self.installed()}:
            if known.casefold() == folded and known != model_id:
                raise BadRef(
                    f"{model_id!r} differs only by case from the installed model {known!r}",
                    f"Use that one, or remove it first: `zoo rm {known}`.",
                )


def _damaged(model_id: str, revision: str) -> IntegrityError:
    return IntegrityError(
        f"the manifest of revision {revision[:12]} of {model_id} is damaged",
        f"Remove it and pull it again: `zoo rm {model_id}`, `zoo pull {model_id}`.",
    )


def is_manifest_name(path: str) -> bool:
    """Whether a file's name is the one that the store keeps for itself."""
    return PurePosixPath(path).name.casefold() == MANIFEST
