"""Models that should not be chosen any more: they still load, and say what to take instead."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard, Ref
from zoo.errors import BadInput

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["DeprecatedModel", "Deprecation", "deprecate", "deprecation", "undeprecate", "warn_deprecated"]


class DeprecatedModel(UserWarning):
    """A model that was loaded should not be chosen any more."""


@dataclass(frozen=True, kw_only=True)
class Deprecation:
    """What is said of a deprecated model.

    Attributes:
        model: its id.
        reason: why, in a sentence.
        replaced_by: what its card, or the user, names instead; None when nothing.
        use: the model to take: `replaced_by`, or where that one is deprecated too, what replaces it in the end. None
            when nothing is named, or what is named is not in the catalog, deprecated for good, or leads back.
        yours: whether the user said it, and not the model's publisher.
    """

    model: str
    reason: str
    replaced_by: str | None
    use: str | None
    yours: bool = False

    def __str__(self) -> str:
        """One line, such as `a/old is deprecated: it was trained on 2012 data; use a/new instead`."""
        text = f"{self.model} is deprecated: {' '.join(self.reason.split()).rstrip('.')}"
        if self.use:
            return f"{text}; use {self.use} instead"
        return f"{text}; its named replacement {self.replaced_by} cannot be used" if self.replaced_by else text

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return dict(vars(self))


def deprecation(path: Path, card: ModelCard) -> Deprecation | None:
    """What is said against a model, None when nothing; one look at the card unless it is deprecated.

    Args:
        path: the catalog's file.
        card: the model's card, the user's edits laid over.
    """
    if card.deprecated is None:
        return None
    use = _end_of_chain(path, card.id, card.replaced_by)
    return Deprecation(model=card.id, reason=card.deprecated, replaced_by=card.replaced_by, use=use)


def _end_of_chain(path: Path, start: str, following: str | None) -> str | None:
    """Where a chain of replacements ends in a model that is not deprecated; None where it does not."""
    seen = {start}
    while following is not None and following not in seen:
        seen.add(following)
        said = _said_of(path, following)
        if said is None:
            return None
        if said.get("deprecated") is None:
            return following
        following = said.get("replaced_by")
    return None


def _said_of(path: Path, model: str) -> dict[str, Any] | None:
    from zoo.catalog import hot

    shown = hot.show(path, model)
    return shown["card"] if shown else None


def warn_deprecated(path: Path, card: ModelCard) -> None:
    """Warn (`DeprecatedModel`) that a model which is about to be used is deprecated; does nothing when it is not."""
    if found := deprecation(path, card):
        warnings.warn(str(found), DeprecatedModel, stacklevel=3)


def deprecate(registry: Registry, ref: str, reason: str, use: str | None = None) -> Deprecation:
    """Say that a model should not be chosen any more. It still loads; searches leave it out unless asked.

    Args:
        registry: the zoo.
        ref: the model.
        reason: why, in a sentence.
        use: the model to take instead.

    Raises:
        BadInput: without a reason, or the replacement is the model itself or is, in the end, replaced by it.
        UnknownModel, AmbiguousModel: of the model or of its replacement.
    """
    path = registry.ready()
    model = _id(path, ref)
    if not (reason := " ".join(reason.split())):
        raise BadInput(f"no reason is given to deprecate {model}", 'Say why: --reason "it was trained on 2012 data".')
    replacement = _replacement(path, model, use) if use else None
    registry.catalog.edit(model, {"deprecated": reason, "replaced_by": replacement})
    return _found(registry, model)


def _replacement(path: Path, model: str, use: str) -> str:
    chosen = _id(path, use)
    chain: list[str] = []
    following: str | None = chosen
    while following is not None and following not in chain:
        chain.append(following)
        said = _said_of(path, following) or {}
        following = said.get("replaced_by") if said.get("deprecated") is not None else None
    if chosen == model:
        raise BadInput(f"{model} cannot replace itself", "Name another model with --use.")
    if model in chain:
        way = " -> ".join(chain[: chain.index(model) + 1])
        raise BadInput(
            f"{chosen} is itself replaced by {model}: {way}",
            f"Undo that first: `zoo deprecate {chosen} --undo`.",
        )
    return chosen


def undeprecate(registry: Registry, ref: str) -> tuple[str, bool]:
    """Take a deprecation back, the publisher's too (for this zoo alone); returns the model, and whether it was one."""
    model = _id(registry.ready(), ref)
    if registry.catalog.get(model).deprecated is None:
        return model, False
    registry.catalog.edit(model, {"deprecated": None, "replaced_by": None})
    return model, True


def _found(registry: Registry, model: str) -> Deprecation:
    card = registry.catalog.get(model)
    yours = any(edit.field == "deprecated" for edit in registry.catalog.edits(model))
    use = _end_of_chain(registry.ready(), model, card.replaced_by)
    return Deprecation(model=model, reason=str(card.deprecated), replaced_by=card.replaced_by, use=use, yours=yours)


def _id(path: Path, ref: str) -> str:
    from zoo.resolve import known_id

    return known_id(path, Ref.parse(ref))[0]
