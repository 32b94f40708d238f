"""May it be passed on? What the licences along the lineage say to that; no legal advice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zoo.cards import NOT_STATED, ModelCard
from zoo.descent.conflicts import Licensed, conflicts
from zoo.errors import BadInput
from zoo.licences import duties

if TYPE_CHECKING:
    from zoo.descent.family import Kin

__all__ = ["gate"]

_REMEDY = (
    "State a licence that fits with --licence, or, where the authors gave you leave, publish it with --despite-licence."
)


def gate(card: ModelCard, ancestors: Sequence[Kin], *, stated: str, changed: bool, despite: bool) -> tuple[str, ...]:
    """What the publisher should know of the licences.

    Args:
        card: as it is to be published.
        ancestors: what it was made from, nearest first.
        stated: the licence of the weights on the card here.
        changed: whether it is a changed version of them, and no copy.
        despite: tell of conflicts too, instead of refusing.

    Raises:
        BadInput: licences conflict, or one forbids to pass on changed versions.
    """
    found = conflicts(card, ancestors)
    grave = [conflict.text for conflict in found if conflict.severity == "conflict"]
    grave += _renamed(card, stated) if not changed else []
    if changed:
        told = {conflict.base for conflict in found if conflict.severity == "conflict"}
        grave += [_no_changes(card, base) for base in ancestors if _forbids_changes(base) and base.id not in told]
    if grave and not despite:
        raise BadInput(f"{card.id} may not be passed on like this: {' '.join(grave)}", _REMEDY)
    warnings = [conflict.text for conflict in found if conflict.severity == "warning"]
    return (*grave, *warnings, *_unsaid(card, ancestors, {conflict.base for conflict in found}))


def _renamed(card: ModelCard, stated: str) -> list[str]:
    """A copy of what others made stays under the licence that they stated."""
    if NOT_STATED in {stated, card.licence.weights} or stated == card.licence.weights:
        return []
    return [f"its weights are stated as {stated}, and a copy of them stays under that, not {card.licence.weights}."]


def _forbids_changes(base: Licensed) -> bool:
    return "no-changes" in duties(base.licence.weights)


def _no_changes(card: ModelCard, base: Licensed) -> str:
    licence = base.licence.weights
    return f"{base.id}, which it was made from, is {licence}, which lets nobody pass on a changed version."


def _unsaid(card: ModelCard, ancestors: Sequence[Kin], told: set[str]) -> Iterator[str]:
    if card.licence.weights == NOT_STATED:
        yield (
            f"nobody stated a licence of {card.id}, so nobody who installs it knows whether they may use it; "
            "--licence states one"
        )
    elif "read" in duties(card.licence.weights):
        yield f"the zoo does not know the terms of {card.licence.weights}: read them before you pass {card.id} on"
    for base in (base for base in ancestors if base.id not in told):
        if base.licence.weights == NOT_STATED:
            yield f"nobody stated a licence of {base.id}, which {card.id} was made from: ask its authors"
