"""Origins of files: one reader per URI scheme."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from zoo.errors import MissingPlugin
from zoo.store.sources.base import Listing, Remote, SourceReader

__all__ = ["Readers"]

# `http` reaches this machine only; the reader sees to it.
_KNOWN = MappingProxyType(
    {
        "file": "zoo.store.sources.file:FileReader",
        "hf": "zoo.store.sources.hf:HfReader",
        "http": "zoo.store.sources.https:WebReader",
        "https": "zoo.store.sources.https:WebReader",
        "package": "zoo.store.sources.package:PackageReader",
        "pypi": "zoo.store.sources.pypi:PypiReader",
    }
)


class Readers:
    """The readers of one pull, each made when its scheme is first met.

    Args:
        offline: no reader may open a socket.
        extra: gives the class for a scheme that the core does not know, or raises `MissingPlugin`.
    """

    def __init__(self, *, offline: bool, extra: Callable[[str], type[Any]] | None = None) -> None:
        self._offline = offline
        self._extra = extra
        self._made: dict[str, SourceReader] = {}

    def of(self, uri: str) -> SourceReader:
        """The reader of a URI's scheme."""
        scheme = uri.partition(":")[0].lower()
        if scheme not in self._made:
            self._made[scheme] = self._class(scheme)(offline=self._offline)
        return self._made[scheme]

    def locate(self, uri: str) -> Remote:
        """Where the bytes of an origin URI are; see `SourceReader.locate`."""
        return self.of(uri).locate(uri)

    def listing(self, uri: str) -> Listing:
        """All files at an origin; see `SourceReader.listing`."""
        return self.of(uri).listing(uri)

    def _class(self, scheme: str) -> type[Any]:
        if known := _KNOWN.get(scheme):
            module, _, name = known.partition(":")
            made: type[Any] = getattr(importlib.import_module(module), name)
            return made
        if self._extra is None:
            raise MissingPlugin(
                f"no installed plugin reads origins of the scheme {scheme!r}",
                "Built in: hf, pypi, https, file, package.",
            )
        return self._extra(scheme)
