"""The files of `zoo.rebuild.curation` entered into a new database, within a transaction that the caller has open.

What is there already stays, and what makes no sense is left out: half of a rebuild is better than none. Of a file
that could not be entered as a whole a copy is put beside it, before anything takes its place.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from zoo.cards import ModelCard
from zoo.catalog import feeds, local
from zoo.catalog.database import utc_now
from zoo.catalog.edits import edited
from zoo.catalog.entries import Entry, entry_of
from zoo.catalog.overlay import EDITABLE, Edit, lay_over, offered_by, read_changes
from zoo.catalog.records import Feed
from zoo.catalog.schema import (
    AliasHistoryRow,
    AliasRow,
    CardRow,
    EditRow,
    FeedRow,
    ModelRow,
    NoteRow,
    RevisionRow,
)
from zoo.errors import BadCard, BadOption, BadRef, CatalogError
from zoo.rebuild.curation import FEEDS, read_header
from zoo.rebuild.lines import Row, Unread, put_beside, read_card_lines, read_row, text_lines

if TYPE_CHECKING:
    from zoo.catalog.catalog import Catalog

__all__ = ["restore", "restore_feeds"]

_FEED = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def restore(session: Session, folder: Path) -> int:
    """Enter what the files of a folder tell; returns how many entries were new."""
    before = frozenset(session.scalars(select(AliasHistoryRow.model).distinct()))
    enter: dict[str, Callable[[Row], int]] = {
        "notes": lambda row: _note(session, row),
        "alias_history": lambda row: 0 if row["model"] in before else _step(session, row),
        "aliases": lambda row: _alias(session, row),
        "licences": lambda row: _licence(session, row),
    }
    new = sum(_restore_feed(session, path) for path in _feed_files(folder))
    new += sum(_restore_rows(folder / f"{kind}.jsonl", kind, function) for kind, function in enter.items())
    return new + _restore_edits(session, folder / "edits.jsonl")


def _restore_rows(path: Path, kind: str, enter: Callable[[Row], int]) -> int:
    new, whole = 0, True
    for line in text_lines(path) if path.is_file() else ():
        try:
            new += enter(read_row(kind, line))
        except (Unread, BadRef):
            whole = False
    if not whole:
        put_beside(path)
    return new


def _note(session: Session, row: Row) -> int:
    same = (NoteRow.model == row["model"], NoteRow.text == row["text"], NoteRow.written == row["written"])
    if session.scalars(select(NoteRow.key).where(*same)).first() is not None:
        return 0
    taken = session.scalars(select(NoteRow.key).where(NoteRow.key == row["key"])).first()
    session.execute(insert(NoteRow), {name: row[name] for name in row if name != "key" or taken is None})
    return 1


def _step(session: Session, row: Row) -> int:
    known = AliasHistoryRow.__table__.columns.keys()
    session.execute(insert(AliasHistoryRow), {name: value for name, value in row.items() if name in known})
    return 1


def _alias(session: Session, row: Row) -> int:
    """An alias; that of a revision which is here no more is told to be removed now."""
    model, alias, revision = row["model"], row["alias"], row["revision"]
    local.check_alias(model, alias)
    if local.alias(session, model, alias) is not None:
        return 0
    known = select(RevisionRow.model).where(RevisionRow.model == model, RevisionRow.revision == revision)
    if session.scalars(known).first() is not None:
        session.execute(insert(AliasRow), dict(row))
        return 1
    steps = select(AliasHistoryRow.revision).where(AliasHistoryRow.model == model, AliasHistoryRow.alias == alias)
    if session.scalars(steps.order_by(AliasHistoryRow.key.desc())).first() is None:
        return 0
    gone = {"model": model, "alias": alias, "revision": None, "previous": revision, "changed": utc_now()}
    return _step(session, gone)


def _licence(session: Session, row: Row) -> int:
    """The licence under which a revision was pulled, whatever its card says now."""
    where = (RevisionRow.model == row["model"], RevisionRow.revision == row["revision"])
    stated = {"licence": row["weights"], "package_licence": row["package"], "licence_source": row["source"]}
    session.execute(update(RevisionRow).where(*where).values(stated))
    return 0


def _restore_edits(session: Session, path: Path) -> int:
    held, whole, new = edited(session), True, 0
    found: dict[str, dict[str, Edit]] = {}
    for line in text_lines(path) if path.is_file() else ():
        try:
            edit = _edit(read_row("edits", line))
            found.setdefault(edit.model, {})[edit.field] = edit
        except Unread:
            whole = False
    for model in found.keys() - held:
        try:
            new += _enter_edits(session, model, list(found[model].values()))
        except BadCard:
            whole = False
    if not whole:
        put_beside(path)
    return new


def _edit(row: Row) -> Edit:
    edit = Edit(**row)
    try:
        edit = dataclasses.replace(edit, value=read_changes({edit.field: edit.value})[edit.field])
    except BadOption as error:
        raise Unread from error
    return edit if _could_be_offered(edit) else dataclasses.replace(edit, offered=None)


def _could_be_offered(edit: Edit) -> bool:
    if edit.field == "licence":
        return isinstance(edit.offered, dict)
    form = EDITABLE[edit.field]
    return isinstance(edit.offered, {"count": int, "text": str}.get(form, list)) or edit.offered is None


def _enter_edits(session: Session, model: str, edits: list[Edit]) -> int:
    """The edits of one model, laid over its card; without a card they wait for one."""
    text = session.scalars(select(CardRow.text).join(ModelRow).where(ModelRow.id == model)).first()
    own = None if text is None else ModelCard.from_dict(json.loads(text))
    if own is not None:
        edits = [dataclasses.replace(edit, offered=offered_by(own, edit.field)) for edit in edits]
        shown = entry_of(lay_over(own, edits))  # refuses what the card cannot hold, before anything is written
    session.execute(insert(EditRow), [dataclasses.asdict(edit) for edit in edits])
    if own is not None:
        feeds.rewrite(session, model, shown, entry_of(own).digest)
    return len(edits)


def restore_feeds(catalog: Catalog, folder: Path) -> int:
    """Import the feeds of a folder that the catalog lacks; those that cannot be imported whole are left to `restore`.

    Returns how many cards were new.
    """
    held, new = {feed.name for feed in catalog.feeds()}, 0
    for path in _feed_files(folder):
        try:
            feed = _feed(path)
            if feed.name not in held:
                lines = read_card_lines(path)
                new += catalog.import_lines(feed.name, feed.kind, feed.version, lines).added
        except (Unread, BadCard, CatalogError):
            continue
    return new


def _feed_files(folder: Path) -> list[Path]:
    return sorted((folder / FEEDS).glob("*.jsonl.gz"))


def _restore_feed(session: Session, path: Path) -> int:
    """Enter of a feed what can be read; of one that is there already only when it was supplied."""
    try:
        feed = _feed(path)
    except Unread:
        put_beside(path)
        return 0
    if held := session.get(FeedRow, feed.name):
        if held.kind not in {"user", "hub"}:  # a plugin's that has this name now
            put_beside(path)
        elif held.digest == feed.digest:
            held.synced = feed.synced
        return 0
    entries, whole = _entries(path)
    elsewhere = feeds.held_among(feeds.driver(session), list(entries))
    mine = {folded: entry for folded, entry in entries.items() if folded not in elsewhere}
    if not whole or elsewhere:
        put_beside(path)
    feeds.sync(session, [(dataclasses.replace(feed, digest=feeds.digest_of(mine)), mine)])
    return len(mine)


def _feed(path: Path) -> Feed:
    header = read_header(path)
    if header is None:
        raise Unread
    texts = {name: header.get(name) for name in ("feed", "kind", "version", "digest", "synced")}
    if not all(isinstance(value, str) and value.isprintable() for value in texts.values()):
        raise Unread
    name, kind = header["feed"], header["kind"]
    if path.name != f"{name}.jsonl.gz" or not _FEED.fullmatch(name) or kind not in {"user", "hub"}:
        raise Unread
    return Feed(
        name=name, kind=kind, version=header["version"], digest=header["digest"], synced=header["synced"], models=0
    )


def _entries(path: Path) -> tuple[dict[str, Entry], bool]:
    """`{lower-case id: entry}` of a feed's cards, sorted, and whether all of its file could be read."""
    made: dict[str, Entry] = {}
    whole = True
    try:
        for line in read_card_lines(path):
            try:
                entry = entry_of(ModelCard.from_dict(json.loads(line)))
            except (ValueError, RecursionError, BadCard):
                whole = False
                continue
            whole = whole and entry.id.lower() not in made
            made.setdefault(entry.id.lower(), entry)
    except Unread:
        whole = False
    return dict(sorted(made.items())), whole
