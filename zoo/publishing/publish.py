"""The whole way of publishing a model, readable top to bottom."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from zoo.cards import ModelCard
from zoo.descent.reading import read
from zoo.errors import NoSpace, ResourceError
from zoo.lockfile.make import loader_plugin
from zoo.publishing import carding, naming, papers, wheel
from zoo.publishing.chosen import Chosen, choose
from zoo.publishing.cleaning import Privacy, public_record
from zoo.publishing.gate import gate
from zoo.publishing.origins import asked
from zoo.publishing.packing import Packing, pack
from zoo.publishing.project import pyproject, write_project
from zoo.publishing.published import Published
from zoo.publishing.wishes import Wishes
from zoo.store.words import in_units

if TYPE_CHECKING:
    from zoo.descent.family import Descent, Kin
    from zoo.registry import Registry

__all__ = ["publish"]


class _Ready(NamedTuple):
    """All that is decided before a byte is written."""

    chosen: Chosen
    wishes: Wishes
    names: naming.Names
    card: ModelCard
    packing: Packing
    descent: Descent
    ancestors: tuple[Kin, ...]
    privacy: Privacy
    plugin: str | None
    notes: tuple[str, ...]


def publish(registry: Registry, ref: str, to: str | Path, *, dry_run: bool = False, **wishes: Any) -> Published:
    """Make an installable distribution without code from a model that is here.

    Args:
        registry: the zoo.
        ref: the model, with `@alias-or-revision` for another than its newest revision.
        to: the folder that the wheel, or the project folder, is written into; made where it is missing.
        dry_run: write nothing, and say what would be.
        wishes: the fields of `Wishes`: `name`, `version`, `id`, `weights`, `at`, `licence`, `summary`, `author`,
            `folder`, `despite_licence`.

    Returns:
        what was published, and what the publisher should know.

    Raises:
        NotInstalled: the model's files are not here.
        BadInput: a name, version, licence or place cannot be used; the licences along the lineage do not allow it; this
            version is there already and holds something else.
        NotFound, HashMismatch: the place that `at` names lacks the files, or has others.
        MissingDependency: hatchling is not installed.
        NoSpace, ResourceError: the disk refuses.
    """
    ready = _ready(registry, ref, Wishes(**wishes))
    folder = Path(to).expanduser()
    name = ready.names.folder if ready.wishes.folder else ready.names.wheel
    if dry_run:
        return _published(ready, folder / name, ready.packing.size, written=False)
    if not ready.wishes.folder:
        wheel.need_builder()
    with wheel.workshop(folder, ready.packing.size) as shop, _writing(folder):
        project = shop / "project"
        _write(registry, ready, project)
        if ready.wishes.folder:
            size = sum(path.stat().st_size for path in project.rglob("*") if path.is_file())
            wheel.put_folder(project, folder / name)
            return _published(ready, folder / name, size, written=True)
        made = wheel.build(project, shop / "wheel", ready.chosen.manifest.pulled)
        size = made.stat().st_size
        return _published(ready, folder / made.name, size, written=wheel.put(made, folder / made.name))


def _ready(registry: Registry, ref: str, asked_for: Wishes) -> _Ready:
    """Decide everything; nothing is written."""
    naming.check_weights(asked_for)
    licence = None if asked_for.licence is None else naming.licence_of(asked_for.licence)
    naming.author_of(asked_for.author)
    wishes = dataclasses.replace(asked_for, licence=licence)
    chosen = choose(registry, ref)
    names = naming.names_of(registry, chosen.card.id, wishes)
    privacy = Privacy(registry.home)
    packing = pack(registry, chosen, wishes, privacy)
    descent = read(registry.ready(), chosen.card.id, down=False)
    ancestors = _ancestors(registry, chosen, descent, names)
    card = carding.public_card(
        chosen, names, packing=packing, ancestors=ancestors, wishes=wishes, privacy=privacy
    ).check()
    stated = chosen.card.licence.weights
    notes = list(gate(card, ancestors, stated=stated, changed=chosen.made_here, despite=wishes.despite_licence))
    if wishes.weights == "none" and (unasked := asked(registry, packing.referred)):
        notes.append(unasked)
    plugin = loader_plugin(registry, card.loader)
    notes += [*packing.notes, *_further(registry, chosen, card, names, plugin)]
    return _Ready(chosen, wishes, names, card, packing, descent, ancestors, privacy, plugin, tuple(notes))


def _ancestors(registry: Registry, chosen: Chosen, descent: Descent, names: naming.Names) -> tuple[Kin, ...]:
    """What the published model was made from, nearest first.

    A model that others supply is the first of them when it is passed on under another name: who it is from stays to be
    seen, and what its licence asks goes along.
    """
    found = descent.ancestors(descent.model)
    others = naming.feed_of(registry, chosen.card.id) in {"plugin", "hub"}
    return (descent.kin[descent.model], *found) if others and names.id != chosen.card.id else found


def _further(
    registry: Registry, chosen: Chosen, card: ModelCard, names: naming.Names, plugin: str | None
) -> Iterator[str]:
    if chosen.made_here and not chosen.run:
        yield f"the record of the run that made {chosen.card.id} is not here any more, so it does not go along"
    if card.base not in {chosen.card.base, chosen.card.id}:
        told = f"{card.base} is named as its base instead" if card.base else "no base is named"
        yield f"{chosen.card.base} is a name of this machine alone: {told}, and provenance.json tells of all"
    elif card.base and _is_made_here(registry.card(card.base)):
        yield f"its base {card.base} was made here: publish that too, or nobody can look it up"
    if plugin is None:
        yield f"no installed distribution supplies the loader {card.loader}: whoever installs {names.id} needs one"
    if "+" in names.version:
        yield f"{names.version} has a local part, which public indexes refuse"
    if card.deprecated:
        yield f"{names.id} is deprecated: {card.deprecated}"


def _is_made_here(card: ModelCard | None) -> bool:
    return card is not None and any(source.scheme == "run" for source in card.sources)


def _write(registry: Registry, ready: _Ready, project: Path) -> None:
    """Write the project folder, and see that its card can be read."""
    chosen, names, card, packing = ready.chosen, ready.names, ready.card, ready.packing
    record = public_record(chosen.run, ready.privacy, model=names.id, base=card.base)
    page = papers.readme(names, card, record, packing)
    told = papers.provenance(
        chosen, names, card=card, packing=packing, descent=ready.descent, ancestors=ready.ancestors, plugin=ready.plugin
    )
    beside = {
        carding.CARDS: carding.cards_text(card, names),
        papers.PROVENANCE: papers.as_json(told),
        "README.md": page,
    }
    if record:
        beside["record.json"] = papers.as_json(record)
        if text := papers.report(chosen, record, card):
            beside["report.html"] = text
    project_file = pyproject(
        names,
        card,
        licence=naming.spdx_or_ref(card.licence.weights),
        author=naming.author_of(ready.wishes.author),
        requires=_requires(ready),
    )
    top = {
        "pyproject.toml": project_file,
        "README.md": page,
        "NOTICE": papers.notice(registry, names, card, ready.ancestors),
        **papers.licence_texts(chosen, card.licence.weights),
    }
    write_project(project, names, packing, top=top, beside=beside, linked=not ready.wishes.folder)
    carding.check_readable(project / names.package / carding.CARDS, card, names.package)


def _requires(ready: _Ready) -> tuple[str, ...]:
    from zoo import __version__

    made = {f"zoo-registry>={__version__}", *ready.packing.requires}
    if ready.plugin:
        name, _, version = ready.plugin.partition(" ")
        made.add(f"{name}>={version.partition('+')[0]}")
    return tuple(made)


def _published(ready: _Ready, path: Path, size: int, *, written: bool) -> Published:
    names, packing = ready.names, ready.packing
    notes = ready.notes
    if size > wheel.INDEX_LIMIT and not ready.wishes.folder:
        limit = in_units(wheel.INDEX_LIMIT)
        notes += (
            f"{in_units(size)} is more than the {limit} that public indexes take of a file unless they are asked for "
            "more: --weights own leaves what has a public origin there, --weights none --at puts the files elsewhere",
        )
    return Published(
        path=path,
        size=size,
        name=names.distribution,
        version=names.version,
        package=names.package,
        id=names.id,
        revision=ready.chosen.manifest.revision,
        installed_revision=packing.revision,
        packed=tuple(file.told for file in packing.files),
        referred=packing.referred,
        licence=ready.card.licence.weights,
        written=written,
        notes=notes,
    )


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into an error that says where."""
    import errno

    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise NoSpace(f"the disk of {folder} is full", "Free some space, and publish again.") from error
        raise ResourceError(f"{error.filename or folder} cannot be used: {error.strerror or error}") from error
