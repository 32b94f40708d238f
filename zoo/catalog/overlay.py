"""The user's own facts about models, laid over what a feed says: which fields, in which form, and both ways.

Only what describes a model may be edited. What decides how it is fetched, loaded and run comes from its feed alone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zoo.cardfiles.counts import read_count
from zoo.cards import NOT_STATED, Licence, ModelCard
from zoo.errors import BadOption, nearest

__all__ = ["EDITABLE", "Edit", "lay_over", "merged", "offered_by", "parse", "read_changes", "take_off", "told"]

# Each field that may be edited, with the form of its value.
EDITABLE: Mapping[str, str] = {
    "aliases": "words",
    "base": "text",
    "datasets": "words",
    "deprecated": "text",
    "family": "text",
    "languages": "words",
    "licence": "text",
    "macs": "count",
    "paper": "text",
    "parameters": "count",
    "published": "text",
    "replaced_by": "text",
    "size": "count",
    "summary": "text",
    "tags": "changes",
}

OWN_SOURCE = "the user's edit"
LONGEST = 2000  # of a text, in characters
MOST_WORDS = 200


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One fact that the user has set.

    Attributes:
        model: the model's id.
        field: of its card; a key of `EDITABLE`.
        value: the user's: a text, a count, a list of words, None for "not stated"; of `tags` the changes
            `{"add": […], "remove": […]}`.
        offered: what the feed said when it was last read, in the card's JSON form; what `reset` takes.
        changed: when the user set it: UTC, ISO 8601.
    """

    model: str
    field: str
    value: Any
    offered: Any
    changed: str

    @property
    def differs(self) -> bool:
        """Whether the feed says something else than the user."""
        if self.field == "tags":
            return _changed_tags(self.offered, self.value) != sorted(self.offered or [])
        return bool(self.value != _stated(self.field, self.offered))

    def to_dict(self) -> dict[str, Any]:
        """JSON form; `offered` of a licence is its expression."""
        return {**dataclasses.asdict(self), "offered": _stated(self.field, self.offered)}


def told(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the table of edits, their JSON still text, in JSON form."""
    read = ({**row, "value": json.loads(row["value"]), "offered": json.loads(row["offered"] or "null")} for row in rows)
    return [Edit(**row).to_dict() for row in read]


def read_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Edits as the caller gave them, in their stored form.

    Raises:
        BadOption: a field that is unknown or may not be edited, or a value of another form.
    """
    return {field: _read(field, value) for field, value in changes.items()}


def parse(field: str, text: str) -> Any:
    """The value of a field from the command line: words are parted by commas, `25.6M` is a count, nothing is None.

    `tags` are `+fast,-slow`; without a sign a tag is added.
    """
    form, text = _form(field), text.strip()
    if form == "count":
        return _parse_count(field, text) if text else None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if form == "words":
        return words
    if form == "changes":
        removed = [word[1:] for word in words if word.startswith("-")]
        return {"add": [word.removeprefix("+") for word in words if not word.startswith("-")], "remove": removed}
    return text or None


def _parse_count(field: str, text: str) -> int:
    count = read_count(text)
    if count is None:
        raise BadOption(f"{field}={text!r} is not a count", f"Write {field}=25600000 or {field}=25.6M.")
    return count


def _form(field: str) -> str:
    if field in EDITABLE:
        return EDITABLE[field]
    if field in {f.name for f in dataclasses.fields(ModelCard)}:
        raise BadOption(
            f"{field!r} of a card cannot be edited: it comes from the model's feed alone",
            f"Edit one of {', '.join(EDITABLE)}; or describe the model by a card of your own: `zoo catalog template`.",
        )
    near = nearest(field, EDITABLE) or tuple(EDITABLE)
    raise BadOption(f"a card has no field {field!r}", f"Did you mean {', '.join(near)}?")


def _read(field: str, value: Any) -> Any:
    form = _form(field)
    if form == "changes":
        return _read_tags(value)
    if form == "words":
        return _words(field, value)
    if value is None or value == "":
        return NOT_STATED if field == "licence" else None
    if form == "count":
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadOption(f"{field} must be a whole number, not {value!r}", f"For example {field}=25600000.")
        return value
    return _text(field, value)


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST or not value.strip().isprintable():
        raise BadOption(f"{field} must be one line of at most {LONGEST} characters", "Give a plain text.")
    return value.strip()


def _words(field: str, value: Any) -> list[str]:
    given = [value] if isinstance(value, str) else value
    if given is None:
        return []
    if not isinstance(given, list | tuple | set | frozenset) or len(given) > MOST_WORDS:
        raise BadOption(f"{field} must be a list of words", f"For example {field}=one,two.")
    return sorted({_text(field, word) for word in given} - {""})


def _read_tags(value: Any) -> dict[str, list[str]]:
    if not isinstance(value, Mapping) or value.keys() - {"add", "remove"}:
        raise BadOption("tags are edited by what is added and removed", "For example tags=+fast,-slow.")
    made = {name: _words("tags", value.get(name)) for name in ("add", "remove")}
    if both := set(made["add"]) & set(made["remove"]):
        raise BadOption(f"tag {min(both)!r} is both added and removed", "Give each tag once.")
    return made


def merged(field: str, old: Any, new: Any) -> Any:
    """An edit after a further one: changes of tags add up, other values replace each other."""
    if field != "tags" or old is None:
        return new
    add = (set(old["add"]) | set(new["add"])) - set(new["remove"])
    remove = (set(old["remove"]) - set(new["add"])) | set(new["remove"])
    return {"add": sorted(add), "remove": sorted(remove)}


def offered_by(card: ModelCard, field: str) -> Any:
    """What a feed's card says, in JSON form: of the licence all of it, so that it can be put back."""
    value = getattr(card, field)
    if isinstance(value, Licence):
        return {name: part for name, part in vars(value).items() if part is not None}
    return list(value) if isinstance(value, tuple) else value


def _stated(field: str, offered: Any) -> Any:
    """A feed's value in the form of an edit's."""
    if field == "licence":
        return (offered or {}).get("weights", NOT_STATED)
    return (offered or None) if field == "summary" else offered


def lay_over(card: ModelCard, edits: Iterable[Edit]) -> ModelCard:
    """A feed's card with the user's facts in place of its own."""
    return card.replace(**{edit.field: _laid(card, edit) for edit in edits})


def _laid(card: ModelCard, edit: Edit) -> Any:
    if edit.field == "licence":
        return dataclasses.replace(card.licence, weights=edit.value, source=OWN_SOURCE)
    if edit.field == "tags":
        return tuple(_changed_tags(card.tags, edit.value))
    if edit.field == "summary":
        return edit.value or ""
    return tuple(edit.value) if isinstance(edit.value, list) else edit.value


def _changed_tags(tags: Iterable[str] | None, changes: Mapping[str, list[str]]) -> list[str]:
    return sorted((set(tags or ()) | set(changes["add"])) - set(changes["remove"]))


def take_off(card: ModelCard, edits: Iterable[Edit]) -> ModelCard:
    """The feed's own card again, from one that edits were laid over."""
    return card.replace(**{edit.field: _put_back(edit) for edit in edits})


def _put_back(edit: Edit) -> Any:
    if edit.field == "licence":
        return Licence(**edit.offered)
    return tuple(edit.offered) if isinstance(edit.offered, list) else edit.offered
