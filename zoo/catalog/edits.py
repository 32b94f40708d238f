"""The table of the user's edits, within a transaction that the caller has open."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from zoo.cards import ModelCard
from zoo.catalog import feeds, schema
from zoo.catalog.entries import entry_of
from zoo.catalog.overlay import Edit, lay_over, merged, offered_by, take_off
from zoo.catalog.schema import EditRow
from zoo.errors import BadOption, nearest

__all__ = ["all_edits", "apply", "change", "edited", "own_cards", "reset"]


def apply(session: Session, card: ModelCard) -> ModelCard:
    """A feed's card with the user's edits laid over, to be called wherever such a card is written.

    What the feed now says is remembered with each edit, so that `reset` has it and a change of it can be told.
    """
    held = _of(session, card.id)
    for edit in held:
        offered = offered_by(card, edit.field)
        if offered != edit.offered:
            where = (EditRow.model == edit.model, EditRow.field == edit.field)
            session.execute(update(EditRow).where(*where).values(offered=offered))
    return lay_over(card, held) if held else card


def edited(session: Session) -> frozenset[str]:
    """The ids of all models with edits: few, and of all others `apply` gives back the same card."""
    return frozenset(session.scalars(select(EditRow.model).distinct()))


def all_edits(session: Session, model: str | None = None) -> tuple[Edit, ...]:
    """All edits, or those of a model, by model and field; of models too whose cards are gone for now."""
    wanted = select(*EditRow.__table__.columns).order_by(EditRow.model, EditRow.field)
    wanted = wanted if model is None else wanted.where(EditRow.model == model)
    return tuple(Edit(**row) for row in session.execute(wanted).mappings())


def change(session: Session, model: str, changes: Mapping[str, Any], now: str) -> bool:
    """Set facts of a model; False when it has no card. A value equal to the feed's own takes that one again.

    Raises:
        BadCard: the card would break its schema; nothing is changed.
    """
    held = {edit.field: edit for edit in _of(session, model)}
    own = _own(session, model, held.values())
    if own is None:
        return False
    wanted = dict(held)
    for field, value in changes.items():
        old = held.get(field)
        made = Edit(
            model=model,
            field=field,
            value=merged(field, old and old.value, value),
            offered=offered_by(own, field),
            changed=now,
        )
        if old is None or (old.value, old.offered) != (made.value, made.offered):
            wanted[field] = made
    wanted = {field: edit for field, edit in wanted.items() if field not in changes or edit.differs}
    if wanted != held:
        _write(session, model, own, wanted.values())
    return True


def reset(session: Session, model: str, fields: Collection[str] | None) -> tuple[str, ...]:
    """Take the feed's values again, of some fields or all; returns the fields that had an edit.

    Raises:
        BadOption: a field that has no edit.
    """
    held = {edit.field: edit for edit in _of(session, model)}
    for field in fields or ():
        if field not in held:
            near = nearest(field, held) or tuple(held)
            hint = f"Did you mean {', '.join(near)}?" if near else "`zoo catalog edits` lists all edits."
            raise BadOption(f"{model} has no edit of {field!r}", hint)
    gone = tuple(field for field in held if not fields or field in fields)
    if gone:
        own = _own(session, model, held.values())
        _write(session, model, own, [edit for field, edit in held.items() if field not in gone])
    return gone


def own_cards(session: Session, feed: str) -> Iterator[ModelCard]:
    """The cards of a feed as it supplied them, without the user's edits, by id."""
    held: dict[str, list[Edit]] = {}
    for edit in all_edits(session):
        held.setdefault(edit.model, []).append(edit)
    texts = select(schema.CardRow.text).join(schema.ModelRow).where(schema.ModelRow.feed == feed)
    for text in session.scalars(texts.order_by(schema.ModelRow.id)):
        card = ModelCard.from_dict(json.loads(text))
        yield take_off(card, held.get(card.id, ()))


def _of(session: Session, model: str) -> tuple[Edit, ...]:
    return all_edits(session, model)


def _own(session: Session, model: str, held: Collection[Edit]) -> ModelCard | None:
    """The feed's own card of a model, or None when it has none now."""
    text = session.scalars(select(schema.CardRow.text).join(schema.ModelRow).where(schema.ModelRow.id == model)).first()
    return None if text is None else take_off(ModelCard.from_dict(json.loads(text)), held)


def _write(session: Session, model: str, own: ModelCard | None, wanted: Collection[Edit]) -> None:
    """Make these the edits of a model, and its card what they make of the feed's."""
    session.execute(delete(EditRow).where(EditRow.model == model))
    if wanted:
        session.execute(insert(EditRow), [dataclasses.asdict(edit) for edit in wanted])
    if own is not None:
        feeds.rewrite(session, model, entry_of(lay_over(own, wanted)), entry_of(own).digest)
