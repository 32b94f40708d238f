"""From what the user typed to one card, or to an error that names the nearest; never a guess."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cards import ModelCard, Ref, Source, check_name
from zoo.errors import AmbiguousModel, BadData, BadRef, UnknownModel
from zoo.infer import provisional

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["Resolved", "known_id", "resolve"]


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a ref means: the card, the revision if one is fixed or here, and a note where the name was completed."""

    card: ModelCard
    revision: str | None
    note: str = ""


def known_id(path: Path, ref: Ref) -> tuple[str, str]:
    """The id of the catalogued model that a ref names, with a note where the name was completed.

    Args:
        path: the catalog's file.
        ref: a name, or a ref to something that was pulled before.
    """
    from zoo.catalog import hot

    name = ref.name if ref.kind == "name" else _own_id(ref)
    found, note = hot.explain(path, name)
    if not found:
        raise UnknownModel(str(ref), _owned(path, name) or hot.near(path, name))
    if len(found) > 1:
        raise AmbiguousModel(str(ref), found[:8])
    return found[0], note


def _owned(path: Path, name: str) -> list[str]:
    """The models of which this is an alias, as it must be written: an alias is one of its model alone."""
    from zoo.catalog.aliases import owners

    return [f"{model}@{name}" for model in owners(path, name)[:3]]


def resolve(registry: Registry, ref: str | Ref, revision: str | None) -> Resolved:
    """See `Registry.resolve`."""
    parsed = Ref.parse(ref) if isinstance(ref, str) else ref
    wanted = revision or parsed.revision
    if parsed.kind == "name":
        from zoo.catalog import held
        from zoo.catalog.reading import reading

        path = registry.ready()
        with reading(path):
            model, note = known_id(path, parsed)
            card = held.card(path, model)
            latest = held.newest(path, model) if wanted is None else None
        found = latest if wanted is None else registry.catalog.find_revision(model, wanted)
        return Resolved(card=card, revision=found, note=note)
    card = _uncatalogued(registry, parsed)
    # A folder may have changed since it was last read, and an unpinned hub ref may have moved: ask the source again.
    fixed = parsed.kind == "pypi" or (registry.settings.offline and parsed.kind != "folder")
    return Resolved(card=card, revision=_newest(registry, card) if fixed else None)


def _newest(registry: Registry, card: ModelCard) -> str | None:
    """The newest revision that is here, or None."""
    from zoo.catalog import held

    return held.newest(registry.ready(), card.id)


def _uncatalogued(registry: Registry, ref: Ref) -> ModelCard:
    """The card of something named by its origin: the one recorded when it was pulled before, else a provisional one."""
    source = _source(ref)
    model = _own_id(ref)
    known = registry.card(model)
    if known is None:
        return provisional(model, source)
    if any(_same_origin(other.uri, source.uri) for other in known.sources):
        return known.replace(sources=(source,)) if not known.files else known
    raise BadRef(
        f"{ref} would be called {model}, which is another model: {known.sources[0].uri if known.sources else model}",
        "Rename the folder, or use the catalogued model.",
    )


def _same_origin(one: str, other: str) -> bool:
    return one.partition("@")[0] == other.partition("@")[0]


def _source(ref: Ref) -> Source:
    if ref.kind == "hf":
        return Source(uri=f"hf:{ref.name}" + (f"@{ref.revision}" if ref.revision else ""))
    if ref.kind == "pypi":
        return Source(uri=f"pypi:{ref.name}")
    if ref.kind == "https":
        return Source(uri=ref.name)
    from zoo.store.sources.file import file_uri

    return Source(uri=file_uri(_folder(ref.name)))


def _folder(text: str) -> Path:
    path = Path(text).expanduser().resolve()
    if not path.is_dir():
        what = "a file" if path.exists() else "nothing"
        raise BadData(
            f"{text} is {what}, and a model's folder is needed", "Give a folder with config.json and weights."
        )
    return path


def _own_id(ref: Ref) -> str:
    """The id under which an uncatalogued model is kept: `org/name`, `pypi/package`, `local/folder`, `https/file`."""
    if ref.kind in {"hf", "name"}:
        return ref.name
    if ref.kind == "pypi":
        return check_name("pypi/" + ref.name.partition("==")[0].lower())
    last = Path(ref.name).expanduser().resolve().name if ref.kind == "folder" else ref.name.rpartition("/")[2]
    safe = re.sub(r"[^A-Za-z0-9._+-]+", "-", last).strip(".-_+") or "model"
    return check_name(f"{'local' if ref.kind == 'folder' else 'https'}/{safe}")
