"""What the licences of a model's bases demand of it, and where its own licence says less. No legal advice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from zoo.cards import Licence
from zoo.licences import Duty, duties, licence_class, obligations, spdx

__all__ = ["Conflict", "Inherited", "Licensed", "conflicts", "inherited"]


class Licensed(Protocol):
    """Anything with an id and a licence: a `ModelCard`, a `Kin`."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def licence(self) -> Licence:
        """As stated."""


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A model whose stated licence does not fit that of a model which it was made from.

    Attributes:
        model, licence: what was made, and its weights' licence as stated.
        base, base_licence: from what.
        severity: `conflict` where the licences contradict each other, `warning` where nobody can tell.
        text: one sentence with both licences and what to do.
    """

    model: str
    licence: str
    base: str
    base_licence: str
    severity: Literal["conflict", "warning"]
    text: str

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class Inherited:
    """What the licence of one of a model's bases asks of whoever uses the model."""

    model: str
    licence: str
    obligations: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the licence's class."""
        kind = licence_class(self.licence)
        return {"model": self.model, "licence": self.licence, "class": kind, "obligations": list(self.obligations)}


class _Rule(NamedTuple):
    """A duty of a base that its descendants' licences must show, and the sentence where they do not."""

    duty: Duty
    kept: Callable[[Collection[Duty]], bool]
    says: str
    remedy: str


# The gravest first: one sentence for each base says enough. Apache's or MIT's notices go with any licence.
_RULES = (
    _Rule(
        "research",
        lambda mine: "research" in mine,
        "which allows research only, with what is made from it too",
        "state {base}, or choose another base",
    ),
    _Rule(
        "no-commerce",
        lambda mine: bool({"no-commerce", "research"} & set(mine)),
        "which forbids commercial use, of what is made from it too",
        "state {base}, or choose another base",
    ),
    _Rule(
        "no-changes",
        lambda mine: "no-changes" in mine,
        "which lets nobody pass on a changed version",
        "keep the result to yourself, or ask the authors of the base",
    ),
    _Rule(
        "share-alike",
        lambda mine: "share-alike" in mine,
        "which demands the same licence for what is made from it",
        "state {base}, or choose another base",
    ),
    _Rule(
        "uses",
        lambda mine: bool({"uses", "no-commerce", "research"} & set(mine)),
        "which demands that its list of forbidden uses goes along",
        "state {base} or a licence with that list, or choose another base",
    ),
)


def conflicts(card: Licensed, ancestors: Iterable[Licensed]) -> tuple[Conflict, ...]:
    """Where a model is stated as freer than a model that it was made from allows, directly or over others.

    A base of unknown or unstated terms under a stated licence is a warning; so is a stated licence whose own terms are
    unknown under a demanding base. A model that states no licence claims nothing, and so contradicts nothing.

    Args:
        card: the model.
        ancestors: all models that it was made from, nearest first; an unknown one has the licence `not stated`.
    """
    if licence_class(card.licence.weights) == "not stated":
        return ()
    found = (_conflict(card, base) for base in ancestors if base.id != card.id)
    return tuple(conflict for conflict in found if conflict is not None)


def inherited(ancestors: Iterable[Licensed]) -> tuple[Inherited, ...]:
    """What each base's licence asks of whoever uses what was made from it, in the order of the bases."""
    return tuple(
        Inherited(model=base.id, licence=base.licence.weights, obligations=obligations(base.licence.weights))
        for base in ancestors
    )


def _conflict(card: Licensed, base: Licensed) -> Conflict | None:
    mine, theirs = card.licence.weights, base.licence.weights
    if spdx(mine).lower() == spdx(theirs).lower():
        return None
    own, asked = set(duties(mine)), set(duties(theirs))
    for rule in _RULES:
        if rule.duty in asked and not rule.kept(own):
            opaque = "read" in own
            remedy = f"read {mine} and compare" if opaque else rule.remedy.format(base=theirs)
            return _made(card, base, rule.says, remedy, warning=opaque)
    if "share-alike" in asked:
        return _made(
            card, base, "which demands the same licence or a compatible one", "make sure that it is", warning=True
        )
    if "ask" in asked:
        return _made(card, base, "", f"ask its authors before you rely on {mine}", warning=True)
    if "read" in asked:
        says = "whose terms the zoo does not know"
        return _made(card, base, says, f"read them before you rely on {mine}", warning=True)
    return None


def _made(card: Licensed, base: Licensed, says: str, remedy: str, *, warning: bool) -> Conflict:
    mine, theirs = card.licence.weights, base.licence.weights
    under = f"is {theirs}, {says}" if says else "has no stated licence"
    return Conflict(
        model=card.id,
        licence=mine,
        base=base.id,
        base_licence=theirs,
        severity="warning" if warning else "conflict",
        text=f"{card.id} is stated as {mine}, but {base.id}, which it was made from, {under}: {remedy}.",
    )
