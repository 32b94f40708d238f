"""Model repositories on the hub: `hf:org/name@revision#file`, through huggingface-hub.

Honours `HF_ENDPOINT`, `HF_TOKEN` (or the saved login), `HF_HUB_OFFLINE` and `HF_HUB_CACHE` as they are when called.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar

from zoo.cards import Ref, WeightFile, check_file_path
from zoo.errors import BadCard, BadRef, NetworkError, NotFound, OfflineError, UnsafeFile, nearest
from zoo.store.sources.base import Listing, Remote, SourceReader, member_of, refuse_offline
from zoo.store.sources.hubcache import CachedFile, cache_folder, cached_commit, cached_file, cached_names, matches
from zoo.store.sources.hubfiles import worth_having

if TYPE_CHECKING:
    import requests
    from huggingface_hub import ModelInfo
    from huggingface_hub.hf_api import RepoSibling

__all__ = ["HfReader"]

_ENDPOINT = "https://huggingface.co"
_TRUE = {"1", "ON", "YES", "TRUE"}
_TIMEOUT = 30.0
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class _Repository:
    """One repository at one commit, as the hub describes it."""

    name: str
    commit: str
    files: dict[str, RepoSibling]

    @property
    def uri(self) -> str:
        return f"hf:{self.name}@{self.commit}"


class HfReader(SourceReader):
    """Reads model repositories; asks the hub once per repository and revision."""

    def __init__(self, *, offline: bool) -> None:
        self._offline = offline or _hub_offline()
        self._lock = threading.RLock()
        self._session: requests.Session | None = None
        self._known: dict[tuple[str, str | None], _Repository] = {}
        self._known_token: str | None = None

    def session(self) -> requests.Session:
        """A session with the environment's proxies and certificates; the token is in each `Remote`'s headers."""
        import requests

        with self._lock:
            if self._session is None:
                self._session = requests.Session()
            return self._session

    def locate(self, uri: str) -> Remote:
        """One file, at the exact commit; the hub's own cached copy where it is there and has the right hash.

        Raises:
            BadRef: not `hf:org/name[@revision]#file`.
            NotFound: unknown repository, revision or file; names the nearest files.
            OfflineError: offline, and not in the cache.
            NetworkError: the hub cannot be reached, refuses, or answers with an error.
        """
        base, path = member_of(uri)
        name, revision = _parse(base)
        if not path:
            raise BadRef(f"{uri!r} does not say which file", "Write `hf:org/name@revision#file`.")
        if self._offline:
            return self._cached(uri, name, revision, path)
        repository = self._repository(name, revision)
        return self._remote(repository, _file(repository, path))

    def listing(self, uri: str) -> Listing:
        """The files that inference needs (see `worth_having`), with sizes, and sha256 for large files.

        Offline, the files of the snapshot in the hub's cache.
        """
        name, revision = _parse(member_of(uri)[0])
        if self._offline:
            return self._cached_listing(uri, name, revision)
        repository = self._repository(name, revision)
        chosen = worth_having(repository.files)
        if not chosen:
            raise NotFound(f"{repository.uri} holds no files that the zoo can use", "Look at its files on the hub.")
        return Listing(files=tuple(_weight_file(repository, path) for path in chosen), uri=repository.uri)

    def _repository(self, name: str, revision: str | None) -> _Repository:
        with self._lock:
            if (name, revision) not in self._known:
                found = self._ask(name, revision)
                self._known[name, revision] = self._known[name, found.commit] = found
            return self._known[name, revision]

    def _ask(self, name: str, revision: str | None) -> _Repository:
        from huggingface_hub import HfApi

        # False: the client must not look for a token itself, with settings read when it was imported
        api = HfApi(endpoint=_endpoint(), library_name="zoo", token=self._token() or False)
        info = _guarded(
            name, revision, lambda: api.model_info(name, revision=revision, files_metadata=True, timeout=_TIMEOUT)
        )
        if info.sha is None or info.siblings is None:
            raise NetworkError(f"{_endpoint()} describes {name} without its commit or files", "Check HF_ENDPOINT.")
        found = _Repository(name=name, commit=info.sha, files={file.rfilename: file for file in info.siblings})
        self._check_access(info, found)
        return found

    def _check_access(self, info: ModelInfo, repository: _Repository) -> None:
        """A gated repository describes itself to everyone and hands its files to few: ask before the download."""
        from huggingface_hub import get_hf_file_metadata

        if not info.gated or not repository.files:
            return
        url, headers = self._url(repository, min(repository.files)), self._auth()
        _guarded(
            repository.name,
            repository.commit,
            lambda: get_hf_file_metadata(url, token=False, headers=headers, timeout=_TIMEOUT, endpoint=_endpoint()),
        )

    def _remote(self, repository: _Repository, file: RepoSibling) -> Remote:
        sha256 = file.lfs.sha256 if file.lfs else None
        cached = cached_file(cache_folder(), repository.name, repository.commit, file.rfilename)
        usable = cached is not None and matches(cached, sha256=sha256, blob_id=file.blob_id)
        return Remote(
            uri=repository.uri,
            url="" if usable else self._url(repository, file.rfilename),
            headers={} if usable else self._auth(),
            size=file.lfs.size if file.lfs else file.size,
            sha256=sha256,
            # a large file is served by another host with tags of its own; its sha256 guards the resume
            etag=None if file.lfs or not file.blob_id else f'"{file.blob_id}"',
            upstream=repository.commit,
            local=cached.path if cached is not None and usable else None,
        )

    def _url(self, repository: _Repository, path: str) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(repository.name, path, revision=repository.commit, endpoint=_endpoint())

    def _auth(self) -> dict[str, str]:
        token = self._token()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _token(self) -> str:
        """The user's token, or nothing; looked up once, since it may have to be refreshed over the network."""
        from huggingface_hub import get_token

        with self._lock:
            if self._known_token is None:
                self._known_token = "" if _on("HF_HUB_DISABLE_IMPLICIT_TOKEN") else get_token() or ""
            return self._known_token

    def _cached(self, uri: str, name: str, revision: str | None, path: str) -> Remote:
        commit, found = _in_cache(name, revision, path)
        if commit is None or found is None:
            raise _refuse(uri)
        if not matches(found, sha256=found.sha256, blob_id=found.etag):
            raise _refuse(f"an undamaged copy of {uri}")
        return Remote(
            uri=f"hf:{name}@{commit}",
            size=found.path.stat().st_size,
            sha256=found.sha256,
            upstream=commit,
            local=found.path,
        )

    def _cached_listing(self, uri: str, name: str, revision: str | None) -> Listing:
        commit = cached_commit(cache_folder(), name, revision)
        names = cached_names(cache_folder(), name, commit) if commit else []
        chosen = worth_having(names)
        if not chosen:
            raise _refuse(uri)
        base = f"hf:{name}@{commit}"
        files = []
        for path in chosen:
            _, found = _in_cache(name, commit, path)
            size = found.path.stat().st_size if found else None
            files.append(WeightFile(path=_checked(path, base), origin=(f"{base}#{path}",), size=size))
        return Listing(files=tuple(files), uri=base)


def _hub_offline() -> bool:
    return _on("HF_HUB_OFFLINE") or _on("TRANSFORMERS_OFFLINE")


def _on(name: str) -> bool:
    return os.environ.get(name, "").upper() in _TRUE


def _refuse(what: str) -> OfflineError:
    if _hub_offline():
        return OfflineError(f"HF_HUB_OFFLINE is set, and {what} is not here", "Unset HF_HUB_OFFLINE and try again.")
    return refuse_offline(what)


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or _ENDPOINT).rstrip("/")


def _parse(base: str) -> tuple[str, str | None]:
    ref = Ref.parse(base)
    if ref.kind != "hf":
        raise BadRef(f"{base!r} is not a hub repository", "Write `hf:org/name@revision`.")
    return ref.name, ref.revision


def _in_cache(name: str, revision: str | None, path: str) -> tuple[str | None, CachedFile | None]:
    cache = cache_folder()
    commit = cached_commit(cache, name, revision)
    return commit, cached_file(cache, name, commit, path) if commit else None


def _file(repository: _Repository, path: str) -> RepoSibling:
    if path not in repository.files:
        near = nearest(path, repository.files) or sorted(repository.files)[:5]
        raise NotFound(f"{repository.uri} has no file {path!r}", f"Did you mean {', '.join(near)}?" if near else "")
    return repository.files[path]


def _weight_file(repository: _Repository, path: str) -> WeightFile:
    file = repository.files[path]
    return WeightFile(
        path=_checked(path, repository.uri),
        origin=(f"{repository.uri}#{path}",),
        size=file.lfs.size if file.lfs else file.size,
        sha256=file.lfs.sha256 if file.lfs else None,
    )


def _checked(path: str, uri: str) -> str:
    try:
        return check_file_path(path)
    except BadCard as error:
        raise UnsafeFile(f"{uri}: {error.cause}", "Do not use this repository.") from error


def _guarded(name: str, revision: str | None, ask: Callable[[], _T]) -> _T:
    """Ask the hub, and turn its client's exceptions into the zoo's."""
    import httpx2
    from huggingface_hub import errors

    try:
        return ask()
    except errors.OfflineModeIsEnabled as error:
        raise _refuse(f"hf:{name}") from error
    except errors.HfHubHTTPError as error:
        _explain(name, revision, error)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise NetworkError(
            f"the hub at {_endpoint()} cannot be reached: {error or type(error).__name__}",
            "Check the network, HTTPS_PROXY and HF_ENDPOINT; or use another source of the model.",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise NetworkError(
            f"{_endpoint()} does not answer as a hub does: {error}", "Check HF_ENDPOINT, and for a proxy's login page."
        ) from error


def _explain(name: str, revision: str | None, error: Exception) -> NoReturn:
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError):
        raise NetworkError(
            f"hf:{name} is gated, and you are not among those allowed",
            f"Ask for access at {_endpoint()}/{name}, then run `hf auth login` or set HF_TOKEN.",
        ) from error
    if isinstance(error, errors.RevisionNotFoundError):
        raise NotFound(
            f"hf:{name} has no revision {revision!r}", f"Leave it out for the newest: `hf:{name}`."
        ) from error
    if isinstance(error, errors.RemoteEntryNotFoundError):
        raise NotFound(f"hf:{name} lacks a file that it lists", "Try again later.") from error
    if isinstance(error, errors.RepositoryNotFoundError) or status in {401, 404}:
        raise NotFound(
            f"the hub at {_endpoint()} has no repository {name!r}, or it is private",
            "Check the spelling; if it is private, run `hf auth login` or set HF_TOKEN.",
        ) from error
    if status == 403:
        raise NetworkError(
            f"the hub refuses access to {name}", "Give your token the right to read it: `hf auth login`, or HF_TOKEN."
        ) from error
    raise NetworkError(f"the hub answered with an error for {name}: HTTP {status}", "Try again later.") from error
