"""All of the hub's models of pictures that the loader `transformers-vision` builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo_vision.transformers_classifiers import classifier_cards
from zoo_vision.transformers_depth import depth_cards
from zoo_vision.transformers_encoders import encoder_cards
from zoo_vision.transformers_masks import mask_cards
from zoo_vision.transformers_words import word_cards
from zoo_vision.transformers_writing import writing_cards

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["transformers_cards"]


def transformers_cards() -> list[ModelCard]:
    """The cards of all families."""
    return [*classifier_cards(), *encoder_cards(), *mask_cards(), *depth_cards(), *word_cards(), *writing_cards()]
