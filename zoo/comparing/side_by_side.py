"""Cards in, comparison out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zoo.cards import ModelCard
from zoo.comparing.facts import Fact, stated_facts
from zoo.comparing.fronts import Front, fronts
from zoo.errors import BadInput

__all__ = ["LEAST", "MOST", "Comparison", "compare_cards"]

LEAST, MOST = 2, 20


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Models side by side; each fact has one value for each of `models`."""

    models: tuple[str, ...]
    facts: tuple[Fact, ...]
    fronts: tuple[Front, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: `{"models": […], "facts": [{"name", "kind", "values", "best" …}], "fronts": […]}`."""
        return {
            "models": list(self.models),
            "facts": [_plain(fact) | {"best": [self.models[n] for n in fact.best]} for fact in self.facts],
            "fronts": [_plain(front) | {"front": list(front.front)} for front in self.fronts],
        }


def _plain(declared: Fact | Front) -> dict[str, Any]:
    made = dataclasses.asdict(declared)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in made.items()}


def compare_cards(cards: Sequence[ModelCard], here: Sequence[bool] = ()) -> Comparison:
    """Compare 2 to 20 cards; a card that is named twice counts once.

    Args:
        cards: of the models.
        here: for each card, whether its files are on this machine; none when not given.

    Raises:
        BadInput: too few or too many.
    """
    installed = dict(zip((card.id for card in cards), here or [False] * len(cards), strict=True))
    unique = list({card.id: card for card in cards}.values())
    if not LEAST <= len(unique) <= MOST:
        raise BadInput(
            f"{len(unique)} model{'s' * (len(unique) != 1)} cannot be compared", f"Name {LEAST} to {MOST} models."
        )
    models = tuple(card.id for card in unique)
    facts = stated_facts(unique, [installed[model] for model in models])
    return Comparison(models=models, facts=facts, fronts=fronts(models, facts))
