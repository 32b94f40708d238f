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
    """The detectors of this plugin."""
    from zoo_detection.cards import CARDS

    return CARDS


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """`tf-ssd`: an SSD MobileNet v2 out of a frozen TensorFlow graph."""
    return {"tf-ssd": "zoo_detection.loader:TfSsdLoader"}


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """Detection with that loader's module."""
    return {("tf-ssd", "object-detection"): "zoo_detection.runner:Detect"}
