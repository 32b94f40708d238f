"""From a card to the rows that hold it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from zoo.cards import ModelCard, canonical_json, digest
from zoo.catalog.words import name_parts, name_words, stem
from zoo.errors import BadCard, CatalogError

__all__ = ["Entry", "entries_of", "entry_of"]

# Scores of which less is better; the ranking turns their sign.
_LOWER = {"cer", "eer", "fid", "loss", "mae", "mase", "mse", "perplexity", "rmse", "wer"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A card, ready to be written: its model row, and `{table: rows}` of what hangs on it, without the model's key."""

    id: str
    digest: str
    model: dict[str, Any]
    parts: dict[str, list[dict[str, Any]]] = field(repr=False)


def entries_of(cards: Iterable[ModelCard]) -> dict[str, Entry]:
    """`{lower-case id: entry}` of checked cards, sorted by id; two whose ids differ at most by case are refused."""
    made: dict[str, Entry] = {}
    for card in cards:
        entry = entry_of(card)
        if other := made.get(entry.id.lower()):
            how = "twice" if other.id == entry.id else f"as {other.id!r} and {entry.id!r}, which differ only by case"
            raise CatalogError(f"the same model is declared {how}: {entry.id!r}", "Rename or remove one of the cards.")
        made[entry.id.lower()] = entry
    return dict(sorted(made.items()))


def entry_of(card: ModelCard) -> Entry:
    """The rows of one card; raises `BadCard` when it breaks its schema."""
    card.check()
    plain = card.to_dict()
    try:
        text = canonical_json(plain)
        text.encode()
    except ValueError as error:
        raise BadCard(f"card {card.id!r} cannot be written as JSON: {error}") from error
    found = digest(plain)
    return Entry(id=card.id, digest=found, model=_model(card) | {"digest": found}, parts=_parts(card, text))


def _model(card: ModelCard) -> dict[str, Any]:
    _, name, short = name_parts(card.id.lower())
    sizes = [file.size for file in card.files]
    metric = card.metrics[0] if card.metrics else None
    return {
        **{column: getattr(card, column) for column in ("id", "task", "library", "loader", "architecture")},
        **{column: getattr(card, column) for column in ("parameters", "family", "summary", "base")},
        **{"folded": card.id.lower(), "name": name, "short": short, "stem": stem(short), "variant": 0},
        "licence": card.licence.weights,
        "package_licence": card.licence.package,
        "metric_name": metric and metric.name,
        "metric_value": metric and metric.value,
        "metric_order": metric and (-metric.value if metric.name.lower() in _LOWER else metric.value),
        "size": sum(size or 0 for size in sizes) if sizes and None not in sizes else None,
        "sources": _origins(card),
    }


def _origins(card: ModelCard) -> list[str]:
    """The URIs of the card's sources, or, where it names none, of its files, without members."""
    uris = [source.uri for source in card.sources]
    uris = uris or [uri.partition("#")[0] for file in card.files for uri in file.origin]
    return list(dict.fromkeys(uris))


def _parts(card: ModelCard, text: str) -> dict[str, list[dict[str, Any]]]:
    licence = card.licence
    roles = {"weights": licence.weights, "package": licence.package}
    words = [("tag", w) for w in card.tags] + [("language", w) for w in card.languages]
    words += [("dataset", w) for w in card.datasets]
    return {
        "card": [{"text": text}],
        "model_task": [{"task": task, "position": i} for i, task in enumerate(dict.fromkeys(card.all_tasks))],
        "model_tag": [{"kind": kind, "name": name} for kind, name in words],
        "model_licence": [
            {"role": role, "expression": expression, "source": licence.source}
            for role, expression in roles.items()
            if expression is not None
        ],
        "metric": [{"position": i, **vars(metric)} for i, metric in enumerate(card.metrics)],
        "model_search": [
            {
                "name": name_words(card.id),
                "family": f"{card.family or ''} {name_words(card.architecture)}",
                "task": " ".join(card.all_tasks),
                "tags": " ".join([card.library, *(word for _, word in words)]),
                "summary": card.summary,
            }
        ],
        "model_gram": [{"name": f"{card.id} {card.architecture}".lower()}],
    }
