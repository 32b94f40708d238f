"""Tags and notes: what the user says of models, searchable words and free text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zoo.errors import BadInput, NotFound
from zoo.identity.naming import named_model

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["add_note", "add_tags", "notes", "own_tags", "remove_note", "remove_tags", "tags"]

_TAG = re.compile(r"[^\W_][\w.+-]{0,63}")
# These two decide which variant a short name means, and what comes first in a search: they are not labels.
_RESERVED = {"default", "popular"}
_LONGEST_NOTE = 10_000


def add_tags(registry: Registry, ref: str, words: Iterable[str]) -> list[dict[str, Any]]:
    """Add tags to a model, in lower case, under which `zoo search` finds it; returns `tags`.

    Raises:
        BadInput: a tag is not one word.
        UnknownModel, AmbiguousModel: with the nearest names.
    """
    wanted = [_word(word) for word in words]
    model = _carded(registry, ref)
    registry.catalog.edit(model, {"tags": {"add": wanted}})
    return tags(registry, model)


def remove_tags(registry: Registry, ref: str, words: Iterable[str]) -> list[dict[str, Any]]:
    """Remove tags from a model, its feed's too; returns `tags`. Raises `NotFound` for a tag that it lacks."""
    wanted = list(dict.fromkeys(words))
    model = _carded(registry, ref)
    held = registry.catalog.get(model).tags
    folded = {tag.lower(): tag for tag in held} | {tag: tag for tag in held}
    found = [folded.get(word) or folded.get(word.lower()) for word in wanted]
    if missing := [word for word, tag in zip(wanted, found, strict=True) if tag is None]:
        has = f"It has: {', '.join(held)}." if held else "It has none."
        raise NotFound(f"{model} has no tag {', '.join(map(repr, missing))}", has)
    for tag in found:
        _refuse_reserved(str(tag))
    registry.catalog.edit(model, {"tags": {"remove": [tag for tag in found if tag]}})
    return tags(registry, model)


def _carded(registry: Registry, ref: str) -> str:
    from zoo.cards import Ref
    from zoo.resolve import known_id

    return known_id(registry.ready(), Ref.parse(ref))[0]


def _word(text: str) -> str:
    word = text.strip().lower()
    if not _TAG.fullmatch(word):
        raise BadInput(f"{text!r} is not a tag", "A tag is one word of letters, digits and . _ + -, such as `fast`.")
    _refuse_reserved(word)
    return word


def _refuse_reserved(word: str) -> None:
    if word in _RESERVED:
        raise BadInput(
            f"the tag {word!r} is the catalog's own: it decides what a search shows first",
            "Use another word; to give a revision a name of your own, `zoo alias set NAME MODEL`.",
        )


def tags(registry: Registry, ref: str) -> list[dict[str, Any]]:
    """The tags of a model as `{"model", "tag", "yours"}`, sorted."""
    model = _carded(registry, ref)
    mine = {tag for edit in registry.catalog.edits(model) if edit.field == "tags" for tag in edit.value["add"]}
    held = registry.catalog.get(model).tags
    return [{"model": model, "tag": tag, "yours": tag in mine} for tag in held]


def own_tags(registry: Registry) -> list[dict[str, Any]]:
    """The tags that the user added, with their models."""
    from zoo.catalog import notes as table

    return table.own_tags(registry.ready())


def add_note(registry: Registry, ref: str, text: str) -> dict[str, Any]:
    """Write a note about a model; returns it as `{"model", "key", "text", "written"}`.

    Raises:
        BadInput: the note is empty, or longer than 10,000 characters.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST_NOTE or "\0" in text:
        what = "empty" if not text else f"{len(text)} characters long"
        raise BadInput(f"the note is {what}", f"Write up to {_LONGEST_NOTE} characters of text.")
    model, _ = named_model(registry.ready(), ref)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput("the note is not valid text", "Use UTF-8.") from error
    key = registry.catalog.add_note(model, text)
    return next(note for note in notes(registry, model) if note["key"] == key)


def notes(registry: Registry, ref: str | None = None) -> list[dict[str, Any]]:
    """All notes, or those about a model, by model and the oldest first."""
    from zoo.catalog import notes as table

    path = registry.ready()
    return table.notes(path, named_model(path, ref)[0] if ref else None)


def remove_note(registry: Registry, ref: str, key: int) -> str:
    """Remove a note of a model by its number; returns the model. Raises `NotFound`."""
    model, _ = named_model(registry.ready(), ref)
    if not registry.catalog.remove_note(model, key):
        raise NotFound(f"{model} has no note {key}", f"`zoo note list {model}` shows their numbers.")
    return model
