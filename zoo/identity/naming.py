"""Aliases: movable names for a model's revisions, with who they named when.

An alias belongs to its model, and is typed after it: `my-model@prod`. There are no aliases across models: such a name
would hide a model of the same name, or be hidden by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zoo.cards import Ref
from zoo.errors import BadRef, NotFound, NotInstalled, UnknownModel

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["AliasMove", "AliasStep", "alias_history", "aliases", "named_model", "set_alias", "unset_alias"]

_USAGE = "Write `zoo alias set NAME MODEL` or `zoo alias set NAME MODEL@REVISION`."


@dataclass(frozen=True, kw_only=True)
class AliasMove:
    """What `set_alias` or `unset_alias` did: from which revision to which; `note` where the name was completed."""

    model: str
    alias: str
    revision: str | None
    previous: str | None
    note: str = ""

    @property
    def changed(self) -> bool:
        """Whether the alias names another revision now."""
        return self.revision != self.previous

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        made = {"model": self.model, "alias": self.alias, "revision": self.revision, "previous": self.previous}
        return {**made, "changed": self.changed}


@dataclass(frozen=True, kw_only=True)
class AliasStep:
    """One change of an alias.

    Attributes:
        what: `set`, `moved`, `moved back` (to a revision that it has named before) or `removed`.
        revision: named since then; None where the alias was removed, or its revision was.
        previous: named before; None where there was none.
        changed: when, UTC, ISO 8601.
        who: the account that did it, None where it was not recorded.
    """

    model: str
    alias: str
    what: Literal["set", "moved", "moved back", "removed"]
    revision: str | None
    previous: str | None
    changed: str
    who: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return dict(vars(self))


def set_alias(registry: Registry, alias: str, ref: str) -> AliasMove:
    """Let an alias name an installed revision.

    Args:
        registry: the zoo.
        alias: a word, such as `prod`.
        ref: the model, with the revision after `@`: another alias, its first 7 or more digits, or the origin's name
            of it (a hub commit); without one the newest that is here.

    Raises:
        BadRef: the alias cannot be typed after `@`, or reads like a revision.
        UnknownModel, AmbiguousModel, NotFound: no such model or revision.
        NotInstalled: nothing of the model is here.
    """
    from zoo.catalog.local import check_alias
    from zoo.resolve import known_id

    path = registry.ready()
    if "@" in alias:
        raise BadRef(f"{alias!r} is not an alias", _USAGE)
    parsed = Ref.parse(ref)
    try:
        model, note = known_id(path, parsed)
    except UnknownModel as error:
        raise _swapped(path, alias, ref) or error from error
    check_alias(model, alias)
    latest = registry.catalog.latest_revision(model)
    if latest is None:
        raise NotInstalled(f"{model} is not installed, so no revision can be named", f"Run `zoo pull {model}`.")
    revision = registry.catalog.find_revision(model, parsed.revision) if parsed.revision else latest.revision
    previous = registry.catalog.alias(model, alias)
    registry.catalog.set_alias(model, alias, revision)
    return AliasMove(model=model, alias=alias, revision=revision, previous=previous, note=note)


def _swapped(path: Path, alias: str, ref: str) -> BadRef | None:
    """The error for `zoo alias set MODEL NAME`, which is easily typed."""
    from zoo.catalog import hot

    if not hot.resolve(path, alias):
        return None
    return BadRef(f"{alias!r} is a model and {ref!r} is none", f"The alias goes first: `zoo alias set {ref} {alias}`.")


def unset_alias(registry: Registry, alias: str, ref: str) -> AliasMove:
    """Remove an alias of a model; its history stays. Raises `NotFound` when there is none."""
    model, note = named_model(registry.ready(), ref)
    previous = registry.catalog.alias(model, alias)
    if previous is None:
        has = ", ".join(row["alias"] for row in aliases(registry, model))
        raise NotFound(
            f"{model} has no alias {alias!r}", f"It has: {has}." if has else f"`zoo alias set {alias} {model}`"
        )
    registry.catalog.unset_alias(model, alias)
    return AliasMove(model=model, alias=alias, revision=None, previous=previous, note=note)


def aliases(registry: Registry, ref: str | None = None) -> list[dict[str, Any]]:
    """The aliases of all models, or of one: see `zoo.catalog.aliases.aliases`."""
    from zoo.catalog import aliases as table

    path = registry.ready()
    return table.aliases(path, named_model(path, ref)[0] if ref else None)


def alias_history(registry: Registry, ref: str) -> list[AliasStep]:
    """All changes of a model's aliases, the oldest first; of a model too that is no longer here."""
    from zoo.catalog import aliases as table

    path = registry.ready()
    seen: dict[str, set[str]] = {}
    steps = []
    for row in table.history(path, named_model(path, ref)[0]):
        before = seen.setdefault(row["alias"], set())
        steps.append(AliasStep(what=_what(row, before), **row))
        before.add(row["revision"])
    return steps


def _what(row: dict[str, Any], before: set[str]) -> Literal["set", "moved", "moved back", "removed"]:
    if row["revision"] is None:
        return "removed"
    if row["revision"] in before:
        return "moved back"
    return "set" if row["previous"] is None else "moved"


def named_model(path: Path, ref: str) -> tuple[str, str]:
    """The id that a name means, with a note where it was completed; also of a model of which only records are left."""
    from zoo.catalog import aliases as table
    from zoo.catalog.notes import notes
    from zoo.resolve import known_id

    parsed = Ref.parse(ref)
    try:
        return known_id(path, parsed)
    except UnknownModel:
        if table.history(path, parsed.name) or notes(path, parsed.name):
            return parsed.name, ""
        raise
