"""Object detection models for the zoo: the hooks of the plugin, names only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zoo.plugin import hookimpl

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["zoo_api", "zoo_cards", "zoo_loaders", "zoo_runners"]

zoo_api = 1


@hookimpl
def zoo_cards() -> Iterable[ModelCard]:
    """The packaged detector, then well-known ones on the hub."""
    from zoo_detection.cards import CARDS
    from zoo_detection.transformers_cards import transformers_cards

    return [*CARDS, *transformers_cards()]


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """`tf-ssd`: an SSD MobileNet v2 out of a frozen TensorFlow graph; `transformers-detection`: folders of the hub."""
    return {
        "tf-ssd": "zoo_detection.loader:TfSsdLoader",
        "transformers-detection": "zoo_detection.transformers_loader:TransformersDetectionLoader",
    }


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """Detection with those loaders' modules."""
    return {
        ("tf-ssd", "object-detection"): "zoo_detection.runner:Detect",
        ("transformers-detection", "object-detection"): "zoo_detection.transformers_runner:TransformersDetection",
    }
