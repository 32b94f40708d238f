"""From a card to what is written of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.cards import ModelCard, canonical_json
from zoo.catalog.bands import NUMBERS, band, wide
from zoo.catalog.codes import ANCHOR, EVERY, STEM
from zoo.catalog.goodness import bucket, metric_order, points
from zoo.catalog.words import fold, name_parts, name_words, squash, stem
from zoo.errors import BadCard, CatalogError
from zoo.licences import licence_class

__all__ = ["Entry", "entries_of", "entry_of", "entry_of_text", "twice"]

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 64  # letters of a word or fact in the index


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A card, ready to be written.

    Attributes:
        id: of the model.
        digest: of the card as its feed supplied it.
        text: the card's canonical JSON.
        bucket: the first part of the model's key.
        points: its goodness, by which models of one bucket are put in order.
        model: its row, without key, feed and variant.
        words: of its names, joined by blanks, and its anchors, for the full-text index.
        facts: pairs of a field and a value, each a code in the full-text index.
        also: its further names.
    """

    id: str
    digest: str
    text: str = field(repr=False)
    bucket: int
    points: float
    model: dict[str, Any] = field(repr=False)
    words: str = field(repr=False)
    facts: list[tuple[str, str]] = field(repr=False)
    also: list[str] = field(repr=False)


def entries_of(cards: Iterable[ModelCard]) -> dict[str, Entry]:
    """`{lower-case id: entry}` of checked cards, sorted by id; two whose ids differ at most by case are refused."""
    made: dict[str, Entry] = {}
    for card in cards:
        entry = entry_of(card)
        if other := made.get(entry.id.lower()):
            raise twice(other.id, entry.id)
        made[entry.id.lower()] = entry
    return dict(sorted(made.items()))


def twice(one: str, other: str) -> CatalogError:
    """The error for two cards of one feed whose ids differ at most by case."""
    how = "twice" if one == other else f"as {one!r} and {other!r}, which differ only by case"
    return CatalogError(f"the same model is declared {how}: {other!r}", "Rename or remove one of the cards.")


def entry_of(card: ModelCard) -> Entry:
    """What is written of one card; raises `BadCard` when it breaks its schema."""
    card.check()
    try:
        text = canonical_json(card.to_dict())
        coded = text.encode()
    except ValueError as error:
        raise BadCard(f"card {card.id!r} cannot be written as JSON: {error}") from error
    return _entry(card, text, hashlib.sha256(coded).hexdigest())


def entry_of_text(text: str, digest: str) -> Entry:
    """The same of a card that was written before, from its canonical JSON; it is not checked again."""
    return _entry(ModelCard.from_dict(json.loads(text)), text, digest)


def _entry(card: ModelCard, text: str, digest: str) -> Entry:
    model, goodness = _model(card, digest), points(card)
    words = _words(card, model)
    named = set(words.split())
    said = dict.fromkeys(("word", word) for word in _about(card) if word not in named)
    return Entry(
        id=card.id,
        digest=digest,
        text=text,
        bucket=bucket(card, goodness),
        points=goodness,
        model=model,
        words=words,
        facts=[*_facts(card, model), *said],
        also=[name.lower() for name in card.aliases],
    )


def _model(card: ModelCard, digest: str) -> dict[str, Any]:
    folded = card.id.lower()
    _, name, short = name_parts(folded)
    metrics: dict[str, float] = {}
    for metric in card.metrics:  # of scores with one name the first counts
        metrics.setdefault(metric.name.lower(), metric.value)
    return {
        "id": card.id,
        "folded": folded,
        "name": name,
        "short": short,
        "chosen": "default" in card.tags,
        "deprecated": card.deprecated is not None,
        "task": card.task,
        "library": card.library,
        "loader": card.loader,
        "architecture": card.architecture,
        "family": card.family,
        "base": card.base,
        "licence": card.licence.weights,
        "licence_class": licence_class(card.licence.weights),
        "parameters": card.parameters,
        "macs": card.macs,
        "size": _size(card),
        "input": _pixels(card.config),
        "classes": _classes(card.config),
        "downloads": card.downloads,
        "published": card.published,
        "metric_order": metric_order(card),
        "metrics": canonical_json(metrics) if metrics else "{}",
        "digest": digest,
    }


def _size(card: ModelCard) -> int | None:
    sizes = [file.size for file in card.files]
    return sum(size or 0 for size in sizes) if sizes and None not in sizes else card.size


def _pixels(config: Mapping[str, Any]) -> int | None:
    """The longer side of the pictures that a model takes, where its configuration says so."""
    size = config.get("input_size", config.get("image_size"))
    sides = size[-2:] if isinstance(size, list | tuple) else [size]
    return max((side for side in sides if isinstance(side, int) and not isinstance(side, bool)), default=None)


def _classes(config: Mapping[str, Any]) -> int | None:
    """How many classes a model tells apart, where its configuration says so."""
    count, labels = config.get("num_classes"), config.get("labels")
    if isinstance(count, int) and not isinstance(count, bool):
        return count
    return len(labels) if isinstance(labels, list | tuple | Mapping) and labels else None


def _words(card: ModelCard, model: Mapping[str, Any]) -> str:
    """Words of the names, then the names as a whole: without blanks, and without their last number."""
    short = model["short"]
    anchors = {squash(short): None, squash(model["name"]): None} | dict.fromkeys(map(squash, card.aliases))
    made = name_words(model["folded"], card.architecture, card.family or "", *card.aliases)
    made += "".join(f" {ANCHOR}{anchor[:_LONGEST]}" for anchor in anchors)
    root = stem(short)
    return made if root == short else f"{made} {STEM}{squash(root)}"


def _facts(card: ModelCard, model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """All that a model can be narrowed down by, and the words of what is said about it; each pair once."""
    owner = model["folded"].rpartition("/")[0]
    made = [
        EVERY,
        ("library", card.library),
        ("loader", card.loader),
        ("arch", card.architecture),
        ("licence", card.licence.weights),
        ("class", model["licence_class"]),
    ]
    optional = {"owner": owner, "family": card.family, "base": card.base}
    made += [(name, value) for name, value in optional.items() if value]
    made += [("task", task) for task in card.all_tasks]
    made += [("tag", tag) for tag in card.tags]
    made += [("lang", language) for language in card.languages]
    made += [("dataset", dataset) for dataset in card.datasets]
    flags = {"deprecated": card.deprecated is not None, "parted": squash(model["short"]) != model["short"]}
    made += [("flag", name) for name, holds in flags.items() if holds]
    made = [(name, fold(value)[:_LONGEST]) for name, value in made]
    for name, column in NUMBERS.items():
        if (number := model[column]) is not None:
            made += _bands(name, number)
    for metric in card.metrics:
        made += _bands(metric.name.lower()[: _LONGEST - 8], metric.value)
    return list(dict.fromkeys(made))


def _bands(name: str, number: float | str) -> list[tuple[str, str]]:
    narrow = band(name, number)
    return [(f"#{name}", str(narrow)), (f"##{name}", str(wide(narrow)))]


def _about(card: ModelCard) -> list[str]:
    """The words of the task, tags, languages, data sets, library and summary."""
    said = " ".join((*card.all_tasks, *card.tags, *card.languages, *card.datasets, card.library, card.summary))
    return [word[:_LONGEST] for word in _WORD.findall(fold(said))]
