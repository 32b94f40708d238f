"""Files that huggingface-hub has already downloaded into its own cache on this machine."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CachedFile", "cache_folder", "cached_commit", "cached_file", "cached_names", "matches"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class CachedFile:
    """A file of the cache; `etag` is the name of its blob: a sha256, or a git blob's sha1; None where links are off."""

    path: Path
    etag: str | None

    @property
    def sha256(self) -> str | None:
        """The hash that the hub gave, for large files."""
        return self.etag if self.etag and _SHA256.fullmatch(self.etag) else None


def cache_folder(env: Mapping[str, str] | None = None) -> Path:
    """Where huggingface-hub keeps its cache, by the environment as it is now (the library reads it once, at import)."""
    env = os.environ if env is None else env
    base = env.get("XDG_CACHE_HOME") or "~/.cache"
    home = env.get("HF_HOME") or f"{base}/huggingface"
    chosen = env.get("HF_HUB_CACHE") or env.get("HUGGINGFACE_HUB_CACHE") or f"{home}/hub"
    return Path(os.path.expandvars(chosen)).expanduser()


def cached_commit(cache: Path, name: str, revision: str | None) -> str | None:
    """The commit that a revision meant when it was last downloaded, or None."""
    revision = revision or "main"
    if _COMMIT.fullmatch(revision):
        return revision
    ref = _repository(cache, name) / "refs" / revision
    return ref.read_text().strip() if ref.is_file() else None


def cached_file(cache: Path, name: str, commit: str, path: str) -> CachedFile | None:
    """A file of a repository at a commit, or None; not verified."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, path, cache_dir=cache, revision=commit)
    if not isinstance(found, str):
        return None
    file = Path(found)
    return CachedFile(path=file, etag=file.readlink().name if file.is_symlink() else None)


def cached_names(cache: Path, name: str, commit: str) -> list[str]:
    """The names of a repository's files at a commit that are in the cache, sorted."""
    snapshot = _repository(cache, name) / "snapshots" / commit
    return sorted(str(path.relative_to(snapshot).as_posix()) for path in snapshot.rglob("*") if path.is_file())


def matches(file: CachedFile, *, sha256: str | None, blob_id: str | None) -> bool:
    """Compare a file's bytes with the sha256 (large files) or the git blob's sha1; True where neither is known."""
    if sha256:
        return _hash(file.path, hashlib.sha256()) == sha256
    if blob_id:
        header = f"blob {file.path.stat().st_size}\0".encode()
        return _hash(file.path, hashlib.sha1(header, usedforsecurity=False)) == blob_id
    return True


def _hash(path: Path, state: hashlib._Hash) -> str:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def _repository(cache: Path, name: str) -> Path:
    from huggingface_hub.file_download import repo_folder_name

    return cache / repo_folder_name(repo_id=name, repo_type="model")
