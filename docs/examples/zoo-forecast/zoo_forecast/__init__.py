"""Time-series forecasting for the zoo: the hooks of the plugin, names only."""

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
    """What `cards.yaml` declares."""
    from zoo.plugin import packaged_cards

    return packaged_cards("zoo_forecast")


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """`fracast`: Fracast-0 from its safetensors file."""
    return {"fracast": "zoo_forecast.loader:FracastLoader"}


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """Forecasting with that loader's module."""
    return {("fracast", "time-series-forecasting"): "zoo_forecast.runner:Forecaster"}
