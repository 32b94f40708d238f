"""From a card to what is written of it."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zoo.cards import ModelCard, canonical_json
from zoo.catalog.bands import NUMBERS, band, wide
from zoo.catalog.codes import ANCHOR, DEPRECATED, EVERY, PARTED, STEM, fact
from zoo.catalog.goodness import bucket, metric_order, points
from zoo.catalog.words import fold, name_parts, name_words, squash, stem
from zoo.errors import BadCard, CatalogError
from zoo.licences import licence_class

__all__ = ["Entry", "entries_of", "entry_of", "entry_of_data", "entry_of_line", "entry_of_text", "twice"]

_WORD = re.compile(r"[^\W_]+")
# Of millions of cards few differ in these.
_licence_class = functools.lru_cache(maxsize=4096)(licence_class)
_words_of = functools.lru_cache(maxsize=16384)(name_words)
_LONGEST = 64  # letters of a word or fact in the index


@dataclass(frozen=True, slots=True)
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
        facts: each a field and a value (`zoo.catalog.codes.fact`), and a code in the full-text index.
        also: its further names.
    """

    id: str
    digest: str
    text: str
    bucket: int
    points: float
    model: dict[str, Any]
    words: str
    facts: list[str]
    also: list[str]


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


def entry_of_line(line: str | bytes) -> Entry:
    """The same of a card's JSON, such as a line of an exported feed; raises `BadCard` for what is no card."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:  # JSON, or the UTF-8 of it, is broken
        raise BadCard(f"it is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadCard(f"it is not an object, but {type(data).__name__}")
    return entry_of_data(data)


def entry_of_data(data: Mapping[str, Any]) -> Entry:
    """The same of a card's JSON value."""
    try:
        card = ModelCard.from_dict(data)
        card.check()
        plain = data if _is_plain(data) else card.to_dict()
        text = canonical_json(plain)
        digest = hashlib.sha256(text.encode()).hexdigest()
    except (TypeError, AttributeError, ValueError) as error:  # a value of a kind that no rule expects
        raise BadCard(f"card {data.get('id')!r} holds a value of the wrong kind: {error}") from error
    return _entry(card, text, digest)


def _is_plain(data: Mapping[str, Any]) -> bool:
    """Whether a card's JSON has no field that its canonical form leaves out."""
    if any(value is None or value in ("", [], {}) for value in data.values()):
        return False
    parts = [data.get("licence", {}), *data.get("sources", ()), *data.get("files", ()), *data.get("metrics", ())]
    return not any(value is None for part in parts for value in part.values())


def entry_of_text(text: str, digest: str) -> Entry:
    """The same of a card that was written before, from its canonical JSON; it is not checked again."""
    return _entry(ModelCard.from_dict(json.loads(text)), text, digest)


def _entry(card: ModelCard, text: str, digest: str) -> Entry:
    model, goodness = _model(card, digest), points(card)
    words = _words(card, model)
    shared, said = _shared(
        card.library,
        card.loader,
        card.architecture,
        card.family,
        card.licence.weights,
        card.all_tasks,
        card.languages,
        card.datasets,
    )
    said = said | _said(" ".join((*card.tags, card.summary)))
    for word in words.split():  # what is in the names need not be said again
        said.pop(word, None)
    return Entry(
        id=card.id,
        digest=digest,
        text=text,
        bucket=bucket(card, goodness),
        points=goodness,
        model=model,
        words=words,
        facts=[*shared, *_facts(card, model), *said.values()],
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
        "licence_class": _licence_class(card.licence.weights),
        "parameters": card.parameters,
        "macs": card.macs,
        "size": _size(card),
        "input": card.input_pixels,
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
    parts = (name_words(model["folded"]), *map(_words_of, (card.architecture, card.family or "", *card.aliases)))
    made = " ".join(dict.fromkeys(" ".join(parts).split()))
    made += "".join(f" {ANCHOR}{anchor[:_LONGEST]}" for anchor in anchors)
    root = stem(short)
    return made if root == short else f"{made} {STEM}{squash(root)}"


def _facts(card: ModelCard, model: Mapping[str, Any]) -> list[str]:
    """All that a model can be narrowed down by but what it shares with many others; each fact once."""
    owner, short = model["folded"].rpartition("/")[0], model["short"]
    made = [fact("owner", owner)] if owner else []
    if card.base:
        made.append(fact("base", fold(card.base)))
    made += [fact("tag", fold(tag)) for tag in card.tags]
    if card.deprecated is not None:
        made.append(DEPRECATED)
    if squash(short) != short:
        made.append(PARTED)
    for name, column in NUMBERS.items():
        if (number := model[column]) is not None:
            made += _banded(name, band(name, number))
    scores = (one for metric in card.metrics for one in _banded(metric.name.lower(), band(metric.name, metric.value)))
    return [*made, *dict.fromkeys(scores)]


@functools.lru_cache(maxsize=16384)
def _banded(name: str, narrow: int) -> tuple[str, str]:
    return fact(f"#{name}", str(narrow)), fact(f"##{name}", str(wide(narrow)))


@functools.lru_cache(maxsize=16384)
def _shared(  # noqa: PLR0917 (the key of the cache)
    library: str,
    loader: str,
    architecture: str,
    family: str | None,
    licence: str,
    tasks: tuple[str, ...],
    languages: tuple[str, ...],
    datasets: tuple[str, ...],
) -> tuple[list[str], dict[str, str]]:
    """The facts that many models have together, and the words in which tasks, languages and data sets are said."""
    made = [EVERY, fact("library", fold(library)), fact("loader", fold(loader)), fact("arch", fold(architecture))]
    made += [fact("licence", fold(licence)), fact("class", _licence_class(licence))]
    made += [fact("family", fold(family))] if family else []
    for name, values in (("task", tasks), ("lang", languages), ("dataset", datasets)):
        made += [fact(name, fold(value)) for value in values]
    return list(dict.fromkeys(made)), _said(" ".join((*tasks, *languages, *datasets, library)))


def _said(text: str) -> dict[str, str]:
    """`{word: its fact}` of a text."""
    return {word: fact("word", word[:_LONGEST]) for word in _WORD.findall(fold(text))}
