"""What a model hub lists, as cards: asked by huggingface-hub's client, and believed in nothing but what it states."""

from __future__ import annotations

from zoo.hubfeed.listing import SORTS, Hub, Wanted
from zoo.hubfeed.loadable import LeftOut, Loadable
from zoo.hubfeed.reading import read_model

__all__ = ["SORTS", "Hub", "LeftOut", "Loadable", "Wanted", "read_model"]
