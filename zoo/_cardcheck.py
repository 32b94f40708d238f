"""The schema of a model card: one function a rule, each naming the field that breaks it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zoo.errors import BadCard, BadRef
from zoo.tasks import TASKS

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["check_card"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_URI = re.compile(r"(hf|pypi|https|file|[a-z][a-z0-9+.-]*):\S+")


def check_card(card: ModelCard) -> None:
    """Raise `BadCard` at the first rule that `card` breaks."""
    from zoo.cards import check_name

    try:
        check_name(card.id)
    except BadRef as error:
        raise BadCard(error.cause, error.remedy) from error
    _check_words(card)
    _check_tasks(card)
    _check_names(card)
    _check_numbers(card)
    _check_json(card.id, "config", card.config)
    _check_origins(card)


def _fail(card_id: str, text: str) -> None:
    raise BadCard(f"card {card_id!r}: {text}")


def _check_words(card: ModelCard) -> None:
    for name in ("library", "loader", "architecture"):
        value = getattr(card, name)
        if not isinstance(value, str) or not value or value != value.strip():
            _fail(card.id, f"{name} must be a word, not {value!r}")
    for name in ("tags", "languages", "datasets", "aliases"):
        values = getattr(card, name)
        if any(not isinstance(v, str) or not v for v in values):
            _fail(card.id, f"{name} must be words")
        if list(values) != sorted(set(values)):
            _fail(card.id, f"{name} must be sorted and without repeats")


def _check_tasks(card: ModelCard) -> None:
    for task in card.all_tasks:
        if task not in TASKS:
            _fail(card.id, f"unknown task {task!r}")


def _check_names(card: ModelCard) -> None:
    from zoo.cards import check_name

    for alias in card.aliases:
        if alias != alias.lower():
            _fail(card.id, f"alias {alias!r} must be in lower case")
    for name in (*card.aliases, *(n for n in (card.base, card.replaced_by) if n is not None)):
        try:
            check_name(name)
        except BadRef as error:
            raise BadCard(f"card {card.id!r}: {error.cause}", error.remedy) from error
    if card.published is not None and not _DATE.fullmatch(card.published):
        _fail(card.id, f"published must be YYYY, YYYY-MM or YYYY-MM-DD, not {card.published!r}")


def _check_numbers(card: ModelCard) -> None:
    for name in ("parameters", "macs", "size", "downloads"):
        value = getattr(card, name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            _fail(card.id, f"{name} must be a count, not {value!r}")
    for metric in card.metrics:
        if not isinstance(metric.value, int | float) or not math.isfinite(metric.value):
            _fail(card.id, f"metric {metric.name} must be a finite number, not {metric.value!r}")


def _check_json(card_id: str, where: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                _fail(card_id, f"{where} has a key that is no string: {key!r}")
            _check_json(card_id, f"{where}.{key}", item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_json(card_id, where, item)
    elif not isinstance(value, str | int | float | bool | None) or (isinstance(value, float) and math.isnan(value)):
        _fail(card_id, f"{where} holds {value!r}, which JSON cannot")


def _check_origins(card: ModelCard) -> None:
    from zoo.cards import check_file_path

    folded: dict[str, str] = {}
    for source in card.sources:
        if not _URI.fullmatch(source.uri):
            _fail(card.id, f"source {source.uri!r} is not a URI")
        _check_hash(card.id, source.uri, source.sha256)
    for file in card.files:
        check_file_path(file.path)
        if other := folded.get(file.path.lower()):
            _fail(card.id, f"files {other!r} and {file.path!r} differ only by case")
        folded[file.path.lower()] = file.path
        _check_hash(card.id, file.path, file.sha256)
        if not file.origin or any(not _URI.fullmatch(uri) for uri in file.origin):
            _fail(card.id, f"file {file.path!r} needs at least one origin URI")


def _check_hash(card_id: str, where: str, sha256: str | None) -> None:
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        _fail(card_id, f"sha256 of {where!r} must be 64 hex digits")
