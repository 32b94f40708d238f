"""Find the wheel of a pinned package on the user's indexes: pages, links and folders, as pip reads them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    DistributionPackage,
    NoSuchProjectError,
    ProjectPage,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)

from zoo.errors import BadRef, NetworkError, NotFound, ZooError
from zoo.store.sources.base import refuse_offline
from zoo.store.sources.pipconfig import PipConfig
from zoo.store.sources.pipsession import local_path, without_credentials

__all__ = ["Pin", "Wheel", "find_wheel"]


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A package and the one version that is meant."""

    text: str
    name: str
    version: Version

    @classmethod
    def parse(cls, text: str) -> Pin:
        """Read `package==version`; raises `BadRef`."""
        package, _, version = text.partition("==")
        try:
            return cls(text=text, name=canonicalize_name(package, validate=True), version=Version(version))
        except ValueError as error:
            raise BadRef(f"{text!r} is not a pinned package", "Write `pypi:package==version`.") from error


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """One wheel on an index or in a folder; `url` carries no credentials, `file:` URLs lie in `path`."""

    filename: str
    url: str
    path: Path | None = None
    sha256: str | None = None
    size: int | None = None


@dataclass(kw_only=True)
class _Seen:
    """What the places asked so far had: for the message when nothing fits."""

    wheels: set[Version]
    sdists: set[Version]
    asked: list[str]
    failures: list[str]
    refused: bool = False


def find_wheel(pin: Pin, config: PipConfig, session: requests.Session, *, offline: bool) -> Wheel:
    """The wheel with exactly this version, in the first place that has one; any platform will do.

    Places are asked in the order: `find-links`, the index, the extra indexes. Offline, only folders are.

    Raises:
        NotFound: no place has the package, the version, or a wheel of it.
        OfflineError: offline, and no local folder has it.
        NetworkError: not found, and some place could not be asked.
    """
    seen = _Seen(wheels=set(), sdists=set(), asked=[], failures=[])
    skipped = False
    for place, is_index in _places(config):
        if offline and not _is_local(place):
            skipped = True
            continue
        fitting = list(_fitting(_links(place, pin, session, seen, is_index=is_index), pin, seen))
        if fitting:
            return min(fitting, key=_preference)
    if skipped:
        raise refuse_offline(f"pypi:{pin.text}")
    raise _not_found(pin, seen)


def _places(config: PipConfig) -> Iterator[tuple[str, bool]]:
    for link in config.find_links:
        yield link, False
    for index in config.indexes:
        yield index or PYPI_SIMPLE_ENDPOINT, True


def _is_local(place: str) -> bool:
    return urlsplit(place).scheme.lower() not in {"http", "https"}


def _as_url(place: str) -> str:
    # a drive letter looks like a scheme
    return place if len(urlsplit(place).scheme) > 1 else Path(place).expanduser().absolute().as_uri()


def _links(
    place: str, pin: Pin, session: requests.Session, seen: _Seen, *, is_index: bool
) -> list[DistributionPackage]:
    url = without_credentials(_as_url(place))
    seen.asked.append(url)
    try:
        return _index_links(url, pin, session) if is_index else _found_links(url, pin, session)
    except (requests.RequestException, UnsupportedContentTypeError, UnsupportedRepoVersionError, OSError) as error:
        answer = getattr(error, "response", None)
        code = getattr(answer, "status_code", None)
        seen.refused |= code in {401, 403}
        seen.failures.append(f"{url}: {f'answered {code}' if code else _short(error)}")
    except ValueError as error:
        seen.failures.append(f"{url}: the page cannot be read: {_short(error)}")
    return []


def _index_links(url: str, pin: Pin, session: requests.Session) -> list[DistributionPackage]:
    try:
        page = PyPISimple(url, session=session).get_project_page(pin.name)
    except NoSuchProjectError:
        return []
    return _trustworthy(page.packages, url)


def _found_links(url: str, pin: Pin, session: requests.Session) -> list[DistributionPackage]:
    if _is_local(url) and local_path(url).is_dir():
        names = sorted(path for path in local_path(url).iterdir() if path.suffix in {".whl", ".gz", ".zip"})
        return [_from_path(path, pin.name) for path in names]
    answer = session.get(url)
    if _is_local(url) and answer.status_code == requests.codes.not_found:
        # pip passes over a folder that is not there
        return []
    answer.raise_for_status()
    return _trustworthy(ProjectPage.from_response(answer, pin.name).packages, url)


def _from_path(path: Path, project: str) -> DistributionPackage:
    link = {"filename": path.name, "url": path.as_uri(), "hashes": {}, "size": path.stat().st_size}
    return DistributionPackage.from_json_data(link, project)


def _trustworthy(packages: Iterable[DistributionPackage], page: str) -> list[DistributionPackage]:
    # a page from a server must not point at files of this machine
    return [package for package in packages if _is_local(page) or not _is_local(package.url)]


def _fitting(packages: Iterable[DistributionPackage], pin: Pin, seen: _Seen) -> Iterator[Wheel]:
    for package in packages:
        # the URL's last part, as pip does: the link's text may be anything
        filename = unquote(urlsplit(package.url).path.rpartition("/")[2])
        try:
            name, version, *_ = parse_wheel_filename(filename)
        except (InvalidWheelFilename, InvalidVersion):
            _note_sdist(filename, pin, seen)
            continue
        if name != pin.name:
            continue
        seen.wheels.add(version)
        if version == pin.version:
            yield _wheel(package, filename)


def _note_sdist(filename: str, pin: Pin, seen: _Seen) -> None:
    try:
        name, version = parse_sdist_filename(filename)
    except (InvalidSdistFilename, InvalidVersion):
        return
    if name == pin.name:
        seen.sdists.add(version)


def _wheel(package: DistributionPackage, filename: str) -> Wheel:
    sha256 = package.digests.get("sha256", "").lower() or None
    path = local_path(package.url) if _is_local(package.url) else None
    size = path.stat().st_size if path is not None and path.is_file() else package.size
    return Wheel(filename=filename, url=without_credentials(package.url), path=path, sha256=sha256, size=size)


def _preference(wheel: Wheel) -> tuple[bool, bool, str]:
    return not wheel.filename.endswith("-none-any.whl"), wheel.sha256 is None, wheel.filename


def _not_found(pin: Pin, seen: _Seen) -> ZooError:
    asked = ", ".join(seen.asked) or "nowhere: pip is configured with no index and no links"
    if seen.failures:
        remedy = "Check the network, and `pip config list` for index, proxy and certificate."
        if seen.refused:
            remedy = "Check the credentials: in pip's index URL (`pip config list`) or in ~/.netrc."
        return NetworkError(f"pypi:{pin.text} cannot be looked up: {'; '.join(seen.failures)}", remedy)
    if pin.version in seen.sdists:
        return NotFound(
            f"{pin.text} has no wheel, only a source distribution, which the zoo does not build",
            _others(pin.version, seen.wheels) or "Ask its publisher for a wheel.",
        )
    if seen.wheels | seen.sdists:
        return NotFound(f"{pin.name} has no version {pin.version}", _others(pin.version, seen.wheels))
    return NotFound(
        f"no package index has {pin.name!r} (asked {asked})", "Check the spelling, and the index: `pip config list`."
    )


def _others(wanted: Version, known: set[Version]) -> str:
    order = sorted(known)
    at = bisect_left(order, wanted)
    near = order[max(0, at - 3) : at + 3]
    return f"Nearest versions with a wheel: {', '.join(map(str, near))}." if near else ""


def _short(error: Exception) -> str:
    # the innermost cause says it best: urllib3 wraps it several times
    reason = getattr(error.args[0], "reason", error) if error.args else error
    return " ".join(str(reason).split())[:200]
