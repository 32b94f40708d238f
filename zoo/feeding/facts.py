"""The user's edits of facts, by the name that the user typed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from zoo.cards import Ref
from zoo.errors import BadOption

if TYPE_CHECKING:
    from zoo.catalog.overlay import Edit
    from zoo.registry import Registry

__all__ = ["edit", "kept", "named", "parse_pairs", "reset"]

_Seen = Mapping[tuple[str, str], Any]


def parse_pairs(pairs: Collection[str]) -> dict[str, Any]:
    """`["licence=MIT", "tags=+fast"]` as values of fields; raises `BadOption`."""
    from zoo.catalog.overlay import parse

    made: dict[str, Any] = {}
    for pair in pairs:
        field, equals, text = pair.partition("=")
        field = field.strip().replace("-", "_").lower()
        if not equals or not field:
            raise BadOption(f"{pair!r} is no field=value", "For example `zoo catalog edit resnet50 licence=MIT`.")
        if field in made:
            raise BadOption(f"{field} is given twice", "Give each field once; parts of a list are joined by commas.")
        made[field] = parse(field, text)
    return made


def edit(registry: Registry, name: str, changes: Mapping[str, Any]) -> tuple[str, tuple[Edit, ...]]:
    """Set facts of a model; returns its id and all its edits. Errors are those of `Catalog.edit`."""
    model, _ = named(registry, name)
    return model, registry.catalog.edit(model, changes)


def reset(registry: Registry, name: str, fields: Collection[str] = ()) -> tuple[str, tuple[str, ...]]:
    """Take the feed's values again; returns the model's id and the fields that had an edit."""
    held = {found.model for found in registry.catalog.edits()}
    model = name if name in held else named(registry, name)[0]
    return model, registry.catalog.reset(model, fields)


def named(registry: Registry, name: str) -> tuple[str, str]:
    """The id of the catalogued model that a name means, with a note where the name was completed."""
    from zoo.resolve import known_id

    return known_id(registry.ready(), Ref.parse(name))


def offers(edits: Collection[Edit]) -> _Seen:
    """What the feeds said of the edited facts."""
    return {(edit.model, edit.field): edit.offered for edit in edits}


def kept(before: _Seen, edits: Collection[Edit]) -> tuple[Edit, ...]:
    """The edits that stay although their feed says something new since `before`."""
    return tuple(e for e in edits if e.differs and before.get((e.model, e.field), e.offered) != e.offered)
