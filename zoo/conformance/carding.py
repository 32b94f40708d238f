"""Checks of a plugin's cards: sound, and whatever they state has a source."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from zoo.cards import NOT_STATED, ModelCard
from zoo.conformance.outcomes import Skip, Unkept
from zoo.licences import unknown_words

if TYPE_CHECKING:
    from zoo.plugin import PluginManager

__all__ = ["cards", "facts"]

# What a card may state only with its source, as a key of `facts`: alone, among others in one key (`"licence, paper"`),
# or by the key `others`. A paper is its own source, and metrics carry theirs.
_SOURCED = ("parameters", "macs", "size", "published", "downloads", "datasets", "languages")
# Origins that name their bytes themselves: a hub's revision does, and what is made here has no origin.
_PINNED = ("hf", "run")
_OWN = ("file", "package")
_TOLD = 3


def cards(plugins: PluginManager, name: str) -> str:
    """Each card is valid, its id and aliases are its own, and what it names is there.

    Raises:
        Unkept: with all that was found.
        Skip: there are none.
    """
    made = _cards(plugins, name)
    faults = [fault for card in made for fault in _faults(card, plugins)]
    faults += _twice(made)
    if faults:
        raise Unkept(_some(faults), "Mend the cards; `zoo.cards.ModelCard` says what each field is.")
    pairs = Counter((card.loader, task) for card in made for task in card.all_tasks)
    runners = plugins.table("zoo_runners")
    idle = sorted(f"{loader} {task}" for loader, task in pairs if (loader, task) not in runners)
    note = f"; no runner yet for {', '.join(idle[:_TOLD])}" if idle else ""
    return f"{len(made)} card{'s' * (len(made) != 1)}{note}"


def facts(plugins: PluginManager, name: str) -> str:
    """Every number, licence and score that a card states says where it was read; files are pinned by their hashes."""
    made = _cards(plugins, name)
    faults = [fault for card in made for fault in (*_unsourced(card), *_unpinned(card, own=True))]
    if faults:
        raise Unkept(
            _some(faults),
            'Say it in `facts={"parameters": "…"}`, `Licence(source=…)`, `Metric(source=…)`, `WeightFile(sha256=…)`; '
            "or leave out what nobody states.",
        )
    stated = sum(len(list(_stated(card))) for card in made)
    loose = [fault for card in made for fault in _unpinned(card, own=False)]
    return f"{stated} facts, all with a source" + (f"; {_some(loose)}" if loose else "")


def _cards(plugins: PluginManager, name: str) -> list[ModelCard]:
    made = plugins.cards(name)
    if not made:
        raise Skip("the plugin supplies no cards")
    return made


def _some(faults: list[str]) -> str:
    more = f"; and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
    return "; ".join(faults[:_TOLD]) + more


def _faults(card: ModelCard, plugins: PluginManager) -> Iterator[str]:
    form = card.to_dict()
    if ModelCard.from_dict(json.loads(json.dumps(form))).to_dict() != form:
        yield f"{card.id}: its JSON form is another card"
    if not card.summary:
        yield f"{card.id} has no summary"
    if not card.sources and card.deprecated is None:
        yield f"{card.id} has no source"
    if card.loader not in plugins.table("zoo_loaders"):
        yield f"{card.id}: no installed plugin supplies the loader {card.loader!r}"
    if card.replaced_by and not card.deprecated:
        yield f"{card.id} is replaced, and not deprecated"
    if card.id in {card.base, card.replaced_by}:
        yield f"{card.id} names itself as its base or replacement"


def _twice(made: list[ModelCard]) -> list[str]:
    ids = Counter(card.id.lower() for card in made)
    aliases = Counter(alias for card in made for alias in card.aliases)
    return [
        *(f"{number} cards are called {name}" for name, number in ids.items() if number > 1),
        *(f"{number} cards claim the alias {name}" for name, number in aliases.items() if number > 1),
        *(f"{name} is an alias, and the id of another card" for name in aliases.keys() & ids.keys()),
    ]


def _stated(card: ModelCard) -> Iterator[str]:
    """The names of what a card states and somebody must have said."""
    yield from (name for name in _SOURCED if getattr(card, name) not in (None, ()))
    if card.licence.weights != NOT_STATED:
        yield "licence"
    yield from (f"metric {metric.name}" for metric in card.metrics)


def _unsourced(card: ModelCard) -> Iterator[str]:
    told = {name.strip() for key in card.facts for name in key.split(",")}
    sourced = {f"metric {metric.name}" for metric in card.metrics if metric.source != NOT_STATED}
    if card.licence.source:
        sourced.add("licence")
    for name in _stated(card):
        if name in sourced or (not name.startswith("metric ") and told & {name, "others"}):
            continue
        yield f"{card.id}: nothing says where its {name} was read"
    if card.licence.weights != NOT_STATED and (odd := unknown_words(card.licence.weights)) and not _spdx(card):
        yield f"{card.id}: {', '.join(odd)} is neither an SPDX licence nor a word of `zoo.licences`"


def _spdx(card: ModelCard) -> bool:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        canonicalize_license_expression(card.licence.weights)
    except InvalidLicenseExpression:
        return False
    return True


def _unpinned(card: ModelCard, *, own: bool) -> Iterator[str]:
    """Files whose bytes could become others: no hash of their own, nor of the wheel that they lie in.

    Args:
        card: whose files.
        own: those that the plugin's author has at hand, else those that others serve.
    """
    hashed = {source.uri for source in card.sources if source.sha256}
    for file in card.files:
        loose = [uri for uri in file.origin if _is_loose(uri, own)]
        if loose and file.sha256 is None and not all(uri.partition("#")[0] in hashed for uri in loose):
            yield f"{card.id}: {file.path} has no sha256"
    if not card.files:
        for source in card.sources:
            if _is_loose(source.uri, own) and source.sha256 is None:
                yield f"{card.id}: {source.uri} has no sha256, and names no files that have one"


def _is_loose(uri: str, own: bool) -> bool:
    scheme = uri.partition(":")[0]
    return scheme not in _PINNED and (scheme in _OWN) == own
