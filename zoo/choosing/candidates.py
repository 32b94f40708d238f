"""Which models could learn this? Those that are here, those that were named, and, if asked, some of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard
from zoo.choosing.recommendation import Limits, Skipped
from zoo.choosing.sampling import AS_THEY_ARE
from zoo.errors import BadOption
from zoo.infer import UNKNOWN
from zoo.licences import CLASSES, LicenceClass, licence_class, spdx, unknown_words
from zoo.tasks import TargetKind

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["Found", "commercial", "downloads", "find", "licence_of", "same_weights"]

# Whose models see the same inputs: their bodies can learn the task too.
_KIN = {
    "image-classification": ("image-feature-extraction",),
    "text-classification": ("feature-extraction", "sentence-similarity", "fill-mask"),
    "audio-classification": ("automatic-speech-recognition", "audio-feature-extraction"),
}
_LOOKED_AT = 60  # of the catalog's best, from which the smallest are taken
_LARGEST = 500_000_000  # bytes that are fetched of one model unless a limit of parameters says otherwise
_NO_COMMERCE: set[LicenceClass] = {"non-commercial", "research-only"}
_UNCLEAR: set[LicenceClass] = {"other", "not stated"}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is to be measured, and what is left out already.

    Attributes:
        models: ids, the smallest first as far as sizes are stated.
        skipped: models that the limits leave out.
    """

    models: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def find(registry: Registry, task: str, kind: TargetKind, limits: Limits, named: Sequence[str]) -> Found:
    """The named models, or all that are here: whose plugin can put a new head for this task on them, or, of kinds
    that are judged without one, that do the task already.

    Raises:
        UnknownModel, AmbiguousModel: a name, with the nearest ones.
        BadOption: a licence that nobody knows.
    """
    _check_licence(limits.licence)
    given = [registry.resolve(name).card for name in named]
    here = given or [card for row in registry.installed() if (card := registry.card(row["id"])) is not None]
    able = [card for card in here if _able(registry, card, task, kind)]
    unable = [Skipped(model=card.id, why="failed", reason=_unable(task, kind)) for card in given if card not in able]
    return _within(able, limits, unable)


def downloads(registry: Registry, task: str, kind: TargetKind, limits: Limits, count: int) -> list[ModelCard]:
    """Models of the catalog that are not here, the smallest of its best, at most `count`; nothing is fetched.

    Only those of a stated size, so that what they cost is known before.
    """
    rows: dict[str, dict[str, Any]] = {}
    query = f"params<={limits.params}" if limits.params is not None else ""
    for kin in (task, *_KIN.get(task, ())):
        for row in registry.search(query, task=kin, installed=False, limit=_LOOKED_AT):
            rows.setdefault(str(row["id"]), row)
    small = sorted((row for row in rows.values() if _affordable(row, limits)), key=lambda row: int(row["size"]))
    cards = (registry.card(str(row["id"])) for row in small)
    fitting = (card for card in cards if card is not None and _able(registry, card, task, kind))
    within = (card for card in fitting if not _over(card, limits))
    return [card for card, _ in zip(within, range(count), strict=False)]


def _affordable(row: dict[str, Any], limits: Limits) -> bool:
    if row["size"] is None or row["deprecated"]:
        return False
    return limits.params is not None or int(row["size"]) <= _LARGEST


def _able(registry: Registry, card: ModelCard, task: str, kind: TargetKind) -> bool:
    """Whether a plugin has an adapter that gives features for a head of this kind, and a runner that reads inputs.

    Of kinds that are judged as they are: whether it does the task, with a runner.
    """
    plugins, key = registry.plugins, (card.loader, task)
    if kind in AS_THEY_ARE:
        return task in card.all_tasks and key in plugins.table("zoo_runners")
    if card.loader == UNKNOWN or key not in plugins.table("zoo_finetuners") or key not in plugins.table("zoo_runners"):
        return False
    adapter = plugins.finetuner(*key)
    return "probe" in adapter.methods and kind in adapter.kinds


def _unable(task: str, kind: TargetKind) -> str:
    if kind in AS_THEY_ARE:
        return f"it is not made for {task}, or nothing installed runs it for that"
    return f"nothing installed can put a new head for {task} on it"


def _within(cards: Iterable[ModelCard], limits: Limits, skipped: list[Skipped]) -> Found:
    kept = []
    for card in cards:
        reason = _over(card, limits)
        if reason:
            skipped.append(Skipped(model=card.id, why="limit", reason=reason))
        else:
            kept.append(card)
    kept.sort(key=lambda card: (card.parameters is None, card.parameters or 0, card.id))
    return Found(models=tuple(card.id for card in kept), skipped=tuple(skipped))


def _over(card: ModelCard, limits: Limits) -> str:
    """Why a card does not keep to the limits; empty when it does. What is not stated keeps to none.

    Parameters that a card does not state are counted once its files are here.
    """
    if limits.params is not None and card.parameters is not None and card.parameters > limits.params:
        return f"{card.parameters:,} parameters, more than {limits.params:,}"
    return _licence_reason(card, limits.licence)


def _licence_reason(card: ModelCard, wanted: str | None) -> str:
    if wanted is None:
        return ""
    stated = licence_of(card)
    kind = licence_class(stated)
    if wanted == "commercial":
        allowed = commercial(card)
        doubt = "its licence is not stated" if kind == "not stated" else f"the zoo does not know the terms of {stated}"
        return "" if allowed else doubt if allowed is None else f"licence {stated} allows no commercial use"
    if wanted in CLASSES:
        return "" if kind == wanted else f"licence {stated} is {kind}"
    words = {spdx(word) for word in stated.replace("(", " ").replace(")", " ").split()} - {"AND", "OR"}
    return "" if words == {spdx(wanted)} else f"licence {stated}"


def _check_licence(wanted: str | None) -> None:
    if wanted is None or wanted == "commercial" or wanted in CLASSES or not unknown_words(wanted):
        return
    raise BadOption(
        f"{wanted!r} is no licence that the zoo knows", f"Give an SPDX identifier, commercial, or {', '.join(CLASSES)}."
    )


def licence_of(card: ModelCard) -> str:
    """The terms of the weights: what is passed on is made from them, not from the package that brought them."""
    return card.licence.weights


def commercial(card: ModelCard) -> bool | None:
    """Whether the weights may be used commercially; None where that is not stated, or in terms not known here."""
    kind = licence_class(licence_of(card))
    return None if kind in _UNCLEAR else kind not in _NO_COMMERCE


def same_weights(registry: Registry, models: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Models whose files, but for a head, are those of one before them, with that one: their features are the same."""
    from zoo.plugin.contracts import HEAD_FILE

    seen: dict[tuple[Any, ...], str] = {}
    for model in models:
        revisions = [m for m in registry.store.installed() if m.model == model]
        if not revisions:
            continue
        files = tuple(sorted((f.path, f.sha256) for f in revisions[-1].files if f.path != HEAD_FILE))
        first = seen.setdefault(files, model)
        if first != model:
            yield model, first
