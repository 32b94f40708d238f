"""Cards of models that only this zoo knows, a file each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard, canonical_json
from zoo.errors import BadCard

__all__ = ["drop_card", "keep_card", "local_cards", "write_json"]


def write_json(path: Path, value: Any) -> None:
    """Write a value's canonical JSON, whole or not at all; raises `ResourceError` when the disk refuses."""
    from zoo.store.disk import write_text, writing

    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, canonical_json(value) + "\n")


def keep_card(home: Path, card: ModelCard) -> None:
    """Keep the card of a model that only this zoo knows as a file."""
    write_json(_card_path(home, card.id), card.to_dict())


def drop_card(home: Path, model: str) -> None:
    """Remove the file of a card, if there is one."""
    _card_path(home, model).unlink(missing_ok=True)


def _card_path(home: Path, model: str) -> Path:
    return home / "cards" / f"{model}.json"


def local_cards(home: Path) -> Iterator[ModelCard]:
    """The cards that are kept here, without those that cannot be read."""
    for path in sorted((home / "cards").rglob("*.json")):
        try:
            yield ModelCard.from_dict(json.loads(path.read_text(encoding="utf-8"))).check()
        except (ValueError, RecursionError, BadCard):
            continue  # half of a rebuild is better than none; `zoo doctor` names the model that lacks its card
