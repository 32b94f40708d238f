"""What is on this machine: installed revisions, their aliases, and the remembered settings."""

from __future__ import annotations

import json
import re

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from zoo.cards import NOT_STATED, Licence, ModelCard, Ref
from zoo.catalog.records import AliasChange, RevisionRecord
from zoo.catalog.schema import AliasHistoryRow, AliasRow, CardRow, FileRow, ModelRow, RevisionRow, SettingRow
from zoo.errors import AmbiguousModel, BadRef, CatalogError, NotFound, NotInstalled
from zoo.manifests import Manifest, StoredFile

__all__ = [
    "alias",
    "alias_history",
    "check_alias",
    "find",
    "forget",
    "put_setting",
    "record",
    "revisions",
    "set_alias",
    "stated_licence",
    "unset_alias",
]

_HEX = re.compile(r"[0-9a-f]{7,64}")


def stated_licence(session: Session, model: str) -> Licence:
    """The licence on the model's card; not stated when there is no card."""
    text = session.scalars(select(CardRow.text).join(ModelRow).where(ModelRow.id == model)).first()
    return Licence(weights=NOT_STATED) if text is None else ModelCard.from_dict(json.loads(text)).licence


def record(session: Session, manifest: Manifest, licence: Licence) -> bool:
    """Enter an installed revision; one that is known keeps its date and licence. True when anything changed."""
    _refuse_case_twin(session, manifest.model)
    row = session.get(RevisionRow, (manifest.model, manifest.revision))
    if row is None:
        session.add(_row(manifest, licence))
        session.flush()
    elif _files(session, row) == manifest.files:
        return False
    else:  # converted anew: the same bytes arrived, other bytes are kept
        session.execute(delete(FileRow).where(FileRow.model == row.model, FileRow.revision == row.revision))
        row.size = manifest.size
    session.add_all(_file(manifest, file) for file in manifest.files)
    return True


def _refuse_case_twin(session: Session, model: str) -> None:
    rows = session.scalars(select(RevisionRow.model).where(RevisionRow.folded == model.lower()))
    cards = session.scalars(select(ModelRow.id).where(ModelRow.folded == model.lower()))
    if other := next((name for name in [*rows, *cards] if name != model), None):
        raise CatalogError(f"{model!r} differs only by case from {other!r}, which is there", "Use the other name.")


def _row(manifest: Manifest, licence: Licence) -> RevisionRow:
    return RevisionRow(
        model=manifest.model,
        revision=manifest.revision,
        folded=manifest.model.lower(),
        pulled=manifest.pulled,
        upstream=manifest.upstream,
        containers=dict(manifest.containers),
        size=manifest.size,
        licence=licence.weights,
        package_licence=licence.package,
        licence_source=licence.source,
    )


def _file(manifest: Manifest, file: StoredFile) -> FileRow:
    values = {**vars(file), "origin": list(file.origin)}
    return FileRow(model=manifest.model, revision=manifest.revision, **values)


def _files(session: Session, row: RevisionRow) -> tuple[StoredFile, ...]:
    found = session.scalars(
        select(FileRow).where(FileRow.model == row.model, FileRow.revision == row.revision).order_by(FileRow.path)
    )
    return tuple(
        StoredFile(
            path=file.path,
            size=file.size,
            sha256=file.sha256,
            format=file.format,
            origin=tuple(file.origin),
            source_path=file.source_path,
            source_size=file.source_size,
            source_sha256=file.source_sha256,
        )
        for file in found
    )


def revisions(session: Session, model: str) -> tuple[RevisionRecord, ...]:
    """The installed revisions of a model, the latest first."""
    rows = session.scalars(
        select(RevisionRow).where(RevisionRow.model == model).order_by(RevisionRow.pulled.desc(), RevisionRow.revision)
    )
    return tuple(_record(session, row) for row in rows)


def _record(session: Session, row: RevisionRow) -> RevisionRecord:
    manifest = Manifest(
        model=row.model,
        files=_files(session, row),
        pulled=row.pulled,
        upstream=row.upstream,
        containers=dict(row.containers),
    )
    names = session.scalars(
        select(AliasRow.alias)
        .where(AliasRow.model == row.model, AliasRow.revision == row.revision)
        .order_by(AliasRow.alias)
    )
    licence = Licence(weights=row.licence, package=row.package_licence, source=row.licence_source)
    return RevisionRecord(manifest=manifest, licence=licence, aliases=tuple(names))


def forget(session: Session, model: str, revision: str, now: str) -> bool:
    """Remove a revision and the aliases that point to it; False when it is not known."""
    row = session.get(RevisionRow, (model, revision))
    if row is None:
        return False
    for pointing in session.scalars(select(AliasRow).where(AliasRow.model == model, AliasRow.revision == revision)):
        _note(session, pointing, None, revision, now)
        session.delete(pointing)
    session.flush()
    session.delete(row)
    return True


def set_alias(session: Session, model: str, name: str, revision: str, now: str) -> bool:
    """Point an alias at an installed revision; False when it points there already."""
    check_alias(model, name)
    if session.get(RevisionRow, (model, revision)) is None:
        raise NotInstalled(f"{model} has no installed revision {revision}", f"See `zoo show {model}`.")
    row = session.get(AliasRow, (model, name))
    previous = row.revision if row else None
    if previous == revision:
        return False
    row = row or AliasRow(model=model, alias=name)
    row.revision = revision
    session.add(row)
    _note(session, row, revision, previous, now)
    return True


def unset_alias(session: Session, model: str, name: str, now: str) -> bool:
    """Remove an alias; False when there is none."""
    row = session.get(AliasRow, (model, name))
    if row is None:
        return False
    _note(session, row, None, row.revision, now)
    session.delete(row)
    return True


def _note(session: Session, row: AliasRow, revision: str | None, previous: str | None, now: str) -> None:
    step = {"revision": revision, "previous": previous, "changed": now, "who": _account()}
    session.add(AliasHistoryRow(model=row.model, alias=row.alias, **step))


def _account() -> str | None:
    """The name of the account that this process runs as, None where it has none."""
    import getpass

    try:
        return getpass.getuser()[:128]
    except (KeyError, OSError, ImportError):
        return None


def check_alias(model: str, name: str) -> None:
    """Raise `BadRef` for an alias that could not be typed after `@`, or that reads like a revision."""
    if Ref.parse(f"{model}@{name}").revision != name or _HEX.fullmatch(name):
        raise BadRef(f"{name!r} cannot be an alias: it reads like a revision", "Use a word such as `prod`.")


def alias(session: Session, model: str, name: str) -> str | None:
    """The revision that an alias points to, or None."""
    row = session.get(AliasRow, (model, name))
    return row.revision if row else None


def alias_history(session: Session, model: str) -> tuple[AliasChange, ...]:
    """All changes of a model's aliases, the oldest first."""
    rows = session.scalars(select(AliasHistoryRow).where(AliasHistoryRow.model == model).order_by(AliasHistoryRow.key))
    return tuple(
        AliasChange(alias=row.alias, revision=row.revision, previous=row.previous, changed=row.changed) for row in rows
    )


def find(session: Session, model: str, text: str) -> str:
    """The installed revision that an alias, a revision's first 7 or more digits, or an origin's revision names.

    Raises:
        NotFound: none does.
        AmbiguousModel: several revisions begin with these digits.
    """
    if pointed := alias(session, model, text):
        return pointed
    rows = session.execute(select(RevisionRow.revision, RevisionRow.upstream).where(RevisionRow.model == model)).all()
    begins = [revision for revision, _ in rows if _HEX.fullmatch(text) and revision.startswith(text)]
    found: list[str] = begins or [revision for revision, upstream in rows if upstream == text]
    if len(found) > 1:
        raise AmbiguousModel(f"{model}@{text}", (f"{model}@{revision[:16]}" for revision in sorted(found)))
    if not found:
        raise NotFound(f"{model} has no alias or installed revision {text!r}", f"See `zoo show {model}`.")
    return found[0]


def put_setting(session: Session, key: str, value: str) -> None:
    """Remember a value."""
    session.merge(SettingRow(key=key, value=value))
