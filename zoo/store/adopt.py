"""Registering models that were made here, by fine-tuning or conversion: what they share with their base is linked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from zoo.cards import check_file_path
from zoo.errors import BadInput, NotFound, NotInstalled
from zoo.manifests import Manifest, StoredFile, arrival_time
from zoo.store.disk import hash_file
from zoo.store.folders import is_manifest_name
from zoo.store.layout import Layout

__all__ = ["adopt_files"]


def adopt_files(
    layout: Layout,
    model_id: str,
    *,
    base: Manifest | None,
    base_files: Iterable[str] | None,
    files: Mapping[str, Path],
    origin: tuple[str, ...],
) -> Manifest:
    """Publish a revision of the base's blobs and of new files, which are moved in; see `Store.adopt`."""
    kept = _kept(base, base_files, files)
    with layout.locks.model(model_id):
        layout.folders.refuse_twin(model_id)
        made = [_stored(name, path, origin) for name, path in sorted(files.items())]
        manifest = Manifest(
            model=model_id,
            files=tuple(sorted([*kept, *made], key=lambda f: f.path)),
            pulled=arrival_time(),
            upstream=base.upstream if base and kept else None,
            containers=base.containers if base and kept else {},
        )
        _refuse_clash(manifest)
        with layout.locks.store():
            _refuse_missing(layout, kept)
            for file in made:
                layout.blobs.put(files[file.path], file.sha256)
            return layout.folders.publish(manifest, layout.blobs)


def _kept(base: Manifest | None, names: Iterable[str] | None, new: Mapping[str, Path]) -> list[StoredFile]:
    if base is None:
        if names:
            raise BadInput("files of a base are to be kept, but there is no base")
        return []
    known = {file.path: file for file in base.files}
    wanted = list(names) if names is not None else [name for name in known if name not in new]
    if missing := sorted(set(wanted) - known.keys()):
        raise NotFound(f"{base.model} has no files {', '.join(missing)}", f"It has: {', '.join(known)}.")
    return [known[name] for name in dict.fromkeys(wanted)]


def _stored(name: str, path: Path, origin: tuple[str, ...]) -> StoredFile:
    from zoo.store.formats import check

    if is_manifest_name(check_file_path(name)):
        raise BadInput(f"a file may not be called {name}, which the store keeps for itself")
    if path.is_symlink() or not path.is_file():
        raise NotFound(f"there is no ordinary file {path} to take as {name}")
    kind = check(path, name)
    return StoredFile(path=name, size=path.stat().st_size, sha256=hash_file(path), format=kind, origin=origin)


def _refuse_clash(manifest: Manifest) -> None:
    if not manifest.files:
        raise BadInput(f"{manifest.model} would have no files")
    names = [file.path.casefold() for file in manifest.files]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"{manifest.model} would have more than one file called {', '.join(twice)}")


def _refuse_missing(layout: Layout, kept: list[StoredFile]) -> None:
    if missing := [file.path for file in kept if not layout.blobs.has(file.sha256, file.size)]:
        raise NotInstalled(f"files of the base are no longer here: {', '.join(missing)}", "Pull the base again.")
