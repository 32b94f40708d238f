"""The user's own cards: files of one or several, read strictly, each fault named with its line and field."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cards import ModelCard
from zoo.catalog.records import SyncReport
from zoo.errors import BadCard, BadData, BadRef, CatalogError, nearest
from zoo.feeding.facts import named
from zoo.feeding.fields import Fault, shaped
from zoo.feeding.marked import Marked, read_json, read_yaml

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["TEMPLATE", "add_cards", "check_feed_name", "read_cards", "remove_card", "template"]

_LARGEST = 16_000_000  # bytes of a file of cards
_FEED = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_OWN_KINDS = {"user"}

TEMPLATE = """\
# A model card for `zoo catalog add`. Lines that begin with # may be left out. Unknown facts: leave the field out.
# Several cards go into one file, parted by a line of three dashes.

id: me/my-model                  # unique: name or owner/name
task: text-classification        # its main task; `zoo search --facets` lists them
library: transformers            # what it was made with
loader: transformers             # what builds it; `zoo plugin list` names the plugins that supply loaders
architecture: BertForSequenceClassification
summary: Is a film review good or bad?

# Where its files are: a folder, a hub's repository, a package, an address. A relative folder is one beside this file.
sources:
  - file:./my-model
# - hf:owner/name@revision
# - https://example.org/model.safetensors

licence: Apache-2.0              # of the weights, as an SPDX expression
# licence: {weights: Apache-2.0, package: MIT, source: "where you read it"}

# tasks: [feature-extraction]    # what it can do besides
# parameters: 22.7M
# size: 90868376                 # bytes of the weights
# macs: 5.6G                     # multiply-accumulates of one forward pass
# published: 2026-01-31          # or 2026-01, or 2026
# languages: [de, en]
# datasets: [imdb]
# tags: [internal]
# family: bert
# aliases: [film-judge]          # further names, in lower case
# paper: https://arxiv.org/abs/1810.04805
# base: google-bert/bert-base-uncased
# metrics:
#   - {name: accuracy, value: 91.3, dataset: sst2, source: "where you read it"}
# config: {}                     # what the loader must know and the files do not say
# files:                         # the files one by one, instead of all that the source holds
#   - {path: model.safetensors, origin: "https://example.org/model.safetensors", sha256: 64 hex digits, size: 90868376}
# deprecated: Why it should not be chosen any more.
# replaced_by: me/my-better-model
# facts: {parameters: counted by me}
"""


def template() -> str:
    """A commented card to fill in, as YAML."""
    return TEMPLATE


def read_cards(path: str) -> list[ModelCard]:
    """The cards of a YAML or JSON file, or of standard input for `-`.

    Raises:
        BadData: the file cannot be read.
        BadCard: names file, line and field.
    """
    text, folder = _text(path)
    name = "standard input" if path == "-" else Path(path).name
    try:
        as_json = path.endswith(".json") or (not path.endswith((".yaml", ".yml")) and text.lstrip()[:1] in {"{", "["})
        documents = read_json(text) if as_json else read_yaml(text)
        cards = [card for document in documents for card in _cards(document, folder)]
    except BadCard as error:
        raise BadCard(f"{name}, {error.cause}", error.remedy or "`zoo catalog template` prints a card.") from error
    if not cards:
        raise BadCard(f"{name} holds no card", "`zoo catalog template` prints one to fill in.")
    return cards


def _text(path: str) -> tuple[str, Path]:
    try:
        if path == "-":
            return sys.stdin.buffer.read(_LARGEST + 1).decode(), Path.cwd()
        file = Path(path).expanduser()
        if file.stat().st_size > _LARGEST:
            raise BadData(f"{path} has more than {_LARGEST // 10**6} MB", "Import a whole feed: `zoo catalog import`.")
        return file.read_text(encoding="utf-8-sig"), file.absolute().parent
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror}", "Give a file, or - for standard input.") from error
    except UnicodeDecodeError as error:
        raise BadData(f"{path} is no UTF-8 text", "Save it as UTF-8.") from error


def _cards(document: Marked, folder: Path) -> list[ModelCard]:
    if isinstance(document.value, list):
        return [_card(document, item, (i,), folder) for i, item in enumerate(document.value)]
    return [_card(document, document.value, (), folder)]


def _card(document: Marked, raw: object, at: tuple[int, ...], folder: Path) -> ModelCard:
    try:
        return ModelCard.from_dict(shaped(raw, folder)).check()
    except Fault as fault:
        raise BadCard(_placed(document, (*at, *fault.path), f"{fault.where}: {fault.text}"), fault.remedy) from fault
    except (BadCard, BadRef) as error:
        # The schema's own words name the field.
        cause = re.sub(r"^card '[^']*': ", "", error.cause)
        fields = [str(field) for field in raw] if isinstance(raw, dict) else []
        named = next((field for field in fields if _names(cause, field)), None)
        path: tuple[str | int, ...] = (*at, named or ("id" if "model name" in cause else ""))
        raise BadCard(_placed(document, path, cause), error.remedy) from error


def _names(cause: str, field: str) -> bool:
    """Whether a message of the schema begins with this field, or with one item of it: `unknown task`, `alias 'X'`."""
    one = {"aliases": "alias", "sources": "source", "files": "file", "metrics": "metric"}.get(field, field)
    return re.match(rf"(unknown )?({re.escape(field)}|{re.escape(one)})\b", cause) is not None


def _placed(document: Marked, path: tuple[str | int, ...], text: str) -> str:
    line = document.line(*path)
    return f"line {line}: {text}" if line else text


def check_feed_name(registry: Registry, name: str, *, whole: bool = False) -> None:
    """Refuse a feed's name that is malformed, or of a feed that gets its cards from elsewhere.

    Args:
        registry: the zoo.
        name: of the feed.
        whole: whether all its cards are to be replaced, which for a hub's feed is right too.
    """
    if not _FEED.fullmatch(name):
        raise CatalogError(f"{name!r} cannot be a feed's name", "Use lower-case letters, digits and . _ - only.")
    kinds = {feed.name: feed.kind for feed in registry.catalog.feeds()}
    plugins = {info.name for info in registry.plugins.plugins()}
    kind = kinds.get(name, "plugin" if name in plugins else "local" if name == "local" else None)
    if kind is not None and kind not in (_OWN_KINDS | {"hub"} if whole else _OWN_KINDS):
        raise CatalogError(f"feed {name!r} is of kind {kind}: its cards come from there only", "Choose another name.")


def add_cards(
    registry: Registry, cards: Iterable[ModelCard], *, feed: str = "user", dry_run: bool = False
) -> SyncReport:
    """Add the user's cards to a feed of theirs, or replace those of the same ids; all of them or none.

    Raises:
        BadCard: no plugin loads a model, or runs its task; its id is there twice.
        CatalogError: the feed is not the user's, or a model belongs to another feed.
    """
    made = list(cards)
    check_feed_name(registry, feed)
    for card in made:
        _check_loadable(registry, card)
    folded = [card.id.lower() for card in made]
    if twice := next((name for name in folded if folded.count(name) > 1), None):
        raise BadCard(f"{twice!r} is declared twice", "Rename or remove one of the cards.")
    return registry.catalog.merge_feed(feed, "user", "", made, dry_run=dry_run)


def remove_card(registry: Registry, name: str) -> str:
    """Remove one card of a hub's or of the user's; returns the model's id. Its files, runs and edits stay.

    Raises:
        UnknownModel: with the nearest names.
        CatalogError: its card comes from a plugin, or the model was made here.
    """
    model, _ = named(registry, name)
    feed = (registry.show(model).get("feed") or {}).get("kind")
    if feed == "local":
        raise CatalogError(f"the card of {model} belongs to its files", f"Remove both with `zoo rm {model}`.")
    registry.catalog.remove_card(model)
    return model


def _check_loadable(registry: Registry, card: ModelCard) -> None:
    loaders, runners = registry.plugins.table("zoo_loaders"), registry.plugins.table("zoo_runners")
    if card.loader not in loaders:
        near = nearest(card.loader, loaders) or tuple(sorted(loaders))
        raise BadCard(
            f"card {card.id!r}: no installed plugin supplies loader {card.loader!r}", f"There is {', '.join(near)}."
        )
    for task in card.all_tasks:
        if (card.loader, task) not in runners:
            known = sorted(other for loader, other in runners if loader == card.loader)
            raise BadCard(
                f"card {card.id!r}: no installed plugin runs {task} with loader {card.loader!r}",
                f"It runs {', '.join(known)}.",
            )
