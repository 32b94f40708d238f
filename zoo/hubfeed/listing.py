"""Asking a hub for its list of models, page by page.

The question is the one that `HfApi.list_models` asks. Its answer is read as plain JSON here, because that method builds
its own objects on the way, and one malformed model would end the whole list.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zoo.errors import NetworkError, OfflineError

if TYPE_CHECKING:
    import httpx2

__all__ = ["SORTS", "Hub", "Wanted"]

_ENDPOINT = "https://huggingface.co"
_TRUE = {"1", "ON", "YES", "TRUE"}
_TIMEOUT = 30.0
_PAGE = 500
_WAITS = (1.0, 4.0)  # seconds before each further try
_MAY_PASS = {429, 500, 502, 503, 504}
_LARGEST_CONFIG = 4_000_000  # bytes of a config.json

# What each model is asked for; a hub gives only what is named here.
_EXPAND = [
    "cardData", "config", "createdAt", "disabled", "downloads", "gated", "lastModified", "library_name", "model-index",
    "pipeline_tag", "private", "safetensors", "sha", "siblings", "tags",
]  # fmt: skip

# The orders of a list, with the hub's own words for them.
SORTS = {
    "created": "createdAt",
    "downloads": "downloads",
    "likes": "likes",
    "modified": "lastModified",
    "trending": "trendingScore",
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which models of a hub.

    Attributes:
        task: pipeline tag. library: the hub's name of it. author: user or organisation.
        search: part of the id.
        limit: at most so many; None for all.
        sort: a key of `SORTS`; the most first.
    """

    task: str | None = None
    library: str | None = None
    author: str | None = None
    search: str | None = None
    limit: int | None = None
    sort: str = "downloads"

    def params(self) -> dict[str, Any]:
        """The query's parameters, as huggingface-hub names them."""
        made: dict[str, Any] = {
            "filter": [self.library] if self.library else None,
            "author": self.author,
            "pipeline_tag": self.task,
            "search": self.search,
        }
        page = _PAGE if self.limit is None else min(self.limit, _PAGE)
        return {k: v for k, v in made.items() if v} | {"sort": SORTS[self.sort], "limit": page, "expand": _EXPAND}


class Hub:
    """The hub that `HF_ENDPOINT` names, asked with the user's token.

    Args:
        offline: open no socket.

    Raises:
        OfflineError: the network is forbidden.
    """

    def __init__(self, *, offline: bool) -> None:
        self.endpoint = (os.environ.get("HF_ENDPOINT") or _ENDPOINT).rstrip("/")
        if _on("HF_HUB_OFFLINE") or _on("TRANSFORMERS_OFFLINE"):
            raise OfflineError(
                f"HF_HUB_OFFLINE is set, and {self.endpoint} must be asked", "Unset HF_HUB_OFFLINE and try again."
            )
        if offline:
            raise OfflineError(
                f"offline, and {self.endpoint} must be asked",
                "Unset ZOO_OFFLINE, or leave out --offline, and try again.",
            )

    def models(self, wanted: Wanted) -> Iterator[list[Any]]:
        """The models, page by page, each as the hub's JSON has it; a page may hold anything.

        Raises:
            NetworkError: the hub cannot be reached, refuses, or answers with something else than a list.
        """
        url, params = f"{self.endpoint}/api/models", wanted.params()
        count, asked = 0, set[str]()
        while url and (wanted.limit is None or count < wanted.limit):
            if url in asked:
                raise self._odd(f"its pages go round in a circle: {url}")
            asked.add(url)
            answer = self._get(url, params)
            page = self._json(answer)
            if not isinstance(page, list):
                raise self._odd(f"the list of models is no list but {type(page).__name__}")
            some = page if wanted.limit is None else page[: wanted.limit - count]
            count += len(some)
            yield some
            url, params = self._next(answer), {}

    def config(self, model: str, commit: str) -> Any:
        """The `config.json` of a repository at a commit, or None when it has none that can be read."""
        import httpx2

        try:
            answer = self._ask(f"{self.endpoint}/{model}/resolve/{commit}/config.json", {})
            answer.raise_for_status()
            return answer.json() if len(answer.content) <= _LARGEST_CONFIG else None
        except (httpx2.HTTPError, ValueError, RecursionError):
            return None

    def _next(self, answer: httpx2.Response) -> str:
        """The next page's address; only the hub's own, since the user's token goes there."""
        found = str(answer.links.get("next", {}).get("url") or "")
        if found and urlsplit(found)[:2] != urlsplit(self.endpoint)[:2]:
            raise self._odd(f"its next page is on another host: {found[:200]}")
        return found

    def _get(self, url: str, params: dict[str, Any]) -> httpx2.Response:
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        try:
            answer = self._ask(url, params)
            answer.raise_for_status()
        except OfflineModeIsEnabled as error:  # it was set when huggingface-hub was imported
            raise OfflineError(f"{self.endpoint} must be asked, and the hub's client is offline", "") from error
        except (httpx2.HTTPStatusError, HfHubHTTPError) as error:
            raise self._refused(error.response) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise NetworkError(
                f"the hub at {self.endpoint} cannot be reached: {error or type(error).__name__}",
                "Check the network, HTTPS_PROXY and HF_ENDPOINT. The catalog is as it was.",
            ) from error
        return answer

    def _ask(self, url: str, params: dict[str, Any]) -> httpx2.Response:
        """One answer; what may pass (a broken connection, too many questions, a server's failure) is tried again."""
        import httpx2
        from huggingface_hub import get_session

        for wait in (*_WAITS, None):
            try:
                answer = get_session().get(url, params=params or None, headers=self._headers(), timeout=_TIMEOUT)
            except httpx2.TransportError:
                if wait is None:
                    raise
            else:
                if wait is None or answer.status_code not in _MAY_PASS:
                    break
            time.sleep(wait)
        return answer

    def _headers(self) -> dict[str, str]:
        """Made here: the client's own function asks the network first, and uses settings read at its import."""
        from huggingface_hub import get_token

        token = None if _on("HF_HUB_DISABLE_IMPLICIT_TOKEN") else get_token()
        return {"User-Agent": "zoo", **({"Authorization": f"Bearer {token}"} if token else {})}

    def _json(self, answer: httpx2.Response) -> Any:
        try:
            return answer.json()
        except (ValueError, RecursionError) as error:
            raise self._odd(f"no JSON: {error}") from error

    def _odd(self, what: str) -> NetworkError:
        return NetworkError(
            f"{self.endpoint} does not answer as a hub does: {what}",
            "Check HF_ENDPOINT, and for a proxy's login page. The catalog is as it was.",
        )

    def _refused(self, answer: httpx2.Response) -> NetworkError:
        code = answer.status_code
        if code in {401, 403}:
            return NetworkError(
                f"the hub at {self.endpoint} refuses to list its models (HTTP {code})",
                "Log in with `hf auth login`, or set HF_TOKEN to a token with the right to read.",
            )
        if code == 429:
            return NetworkError(f"the hub at {self.endpoint} is asked too often (HTTP 429)", "Wait some minutes.")
        return NetworkError(f"the hub at {self.endpoint} answers with an error (HTTP {code})", "Try again later.")


def _on(name: str) -> bool:
    return os.environ.get(name, "").upper() in _TRUE
