"""Which files stay where they are? Origins that anybody can ask, each pinned to exactly these bytes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from zoo.cards import Ref
from zoo.errors import BadInput, BadRef, HashMismatch, NotFound, SourceError
from zoo.store import member_of

if TYPE_CHECKING:
    from zoo.manifests import StoredFile
    from zoo.publishing.published import ReferredFile
    from zoo.registry import Registry

__all__ = ["asked", "is_public", "placed_at", "public_uri"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REMEDY = "Give --at hf:owner/name@commit (40 hex digits) or --at https://host/folder."
_OWN_NETWORK = (".local", ".localdomain", ".internal", ".lan", ".intranet", ".corp", ".home", ".test")


def is_public(uri: str) -> bool:
    """Whether an origin can be asked from anywhere, and will give the same bytes then.

    A hub repository at a commit, a version of a package, and a file on a web server whose address has no credentials,
    no query, and no name or number of a private network. A hub repository that only its owner may read cannot be told
    from a public one.
    """
    base, _ = member_of(uri)
    scheme = base.partition(":")[0]
    if scheme == "hf":
        return bool(_COMMIT.fullmatch(Ref.parse(base).revision or ""))
    if scheme == "pypi":
        return True
    return scheme == "https" and _is_public_address(base)


def _is_public_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if "@" in parts.netloc or parts.query or parts.fragment or not host:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_OWN_NETWORK)


def public_uri(uri: str) -> str:
    """An origin as strangers may read it: of a folder of this machine, or an address with secrets, only the kind."""
    from zoo.store.words import without_secrets

    scheme, _, rest = uri.partition(":")
    if scheme == "file":
        return f"file:{member_of(rest)[0].rstrip('/').rpartition('/')[2]}"
    return without_secrets(uri) if scheme in {"http", "https"} and not is_public(uri) else uri


def placed_at(at: str, files: Iterable[StoredFile]) -> dict[str, str]:
    """`{path: origin}` of files that the publisher has put, under their own paths, into one place.

    Raises:
        BadInput: the place is none that anybody can ask, or moves.
    """
    names = [file.path for file in files]
    scheme, _, rest = at.partition(":")
    if scheme == "hf":
        try:
            ref = Ref.parse(at)
        except BadRef as error:
            raise BadInput(error.cause, error.remedy) from error
        if not _COMMIT.fullmatch(ref.revision or ""):
            moved = f"{ref.revision} may move" if ref.revision else "the head of a repository moves"
            raise BadInput(f"{at} does not name a commit, and {moved}", _REMEDY)
        return {name: f"hf:{ref.name}@{ref.revision}#{name}" for name in names}
    if scheme == "https" and rest.startswith("//"):
        if not is_public(at):
            raise BadInput(f"{at} cannot be asked from everywhere, or holds a secret or a query", _REMEDY)
        return {name: f"{at.rstrip('/')}/{quote(name)}" for name in names}
    raise BadInput(f"{at} is no place that others can ask", _REMEDY)


def asked(registry: Registry, files: Iterable[ReferredFile]) -> str | None:
    """Ask the place of the files whether it has them, as large as they are here; nothing is downloaded.

    Returns:
        why it could not be asked, or None.

    Raises:
        NotFound: the place lacks one.
        HashMismatch: it has another file of that name.
    """
    from zoo.store.sources import Readers

    if registry.settings.offline:
        return "offline, so the place of the files was not asked whether it has them"
    readers = Readers(offline=False, extra=registry.plugins.source)
    for file in files:
        for uri in file.origin:
            try:
                remote = readers.locate(uri)
            except NotFound as error:
                raise NotFound(
                    f"{uri} is not there: {error.cause}", "Put the files there first; --offline does not ask."
                ) from error
            except SourceError as error:
                return f"the place of the files could not be asked whether it has them: {error.cause}"
            if remote.size not in (None, file.size) or remote.sha256 not in (None, file.sha256):
                raise HashMismatch(
                    f"{uri} is another file than {file.path} here", "Put the files of this revision there."
                )
    return None
