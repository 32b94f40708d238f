"""Which one is meant, and what is said of it? Aliases that move, tags, notes, and models that should not be chosen."""

from __future__ import annotations

from zoo.identity.labels import add_note, add_tags, notes, own_tags, remove_note, remove_tags, tags
from zoo.identity.naming import AliasMove, AliasStep, alias_history, aliases, set_alias, unset_alias
from zoo.identity.standing import (
    DeprecatedModel,
    Deprecation,
    deprecate,
    deprecation,
    undeprecate,
    warn_deprecated,
)

__all__ = [
    "AliasMove",
    "AliasStep",
    "DeprecatedModel",
    "Deprecation",
    "add_note",
    "add_tags",
    "alias_history",
    "aliases",
    "deprecate",
    "deprecation",
    "notes",
    "own_tags",
    "remove_note",
    "remove_tags",
    "set_alias",
    "tags",
    "undeprecate",
    "unset_alias",
    "warn_deprecated",
]
