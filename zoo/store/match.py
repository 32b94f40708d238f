"""Is it here already? Which installed revision, and which stored file, is what a card asks for; without any network."""

from __future__ import annotations

from zoo.cards import ModelCard, WeightFile
from zoo.manifests import Manifest, StoredFile
from zoo.store.layout import Layout
from zoo.store.sources.base import member_of

__all__ = ["Arrivals", "find_installed"]

_HERE = ("file:", "package:")  # on this machine: asking again costs no network


def find_installed(layout: Layout, card: ModelCard) -> Manifest | None:
    """The newest complete revision that is what the card asks for, or None.

    Pinned hashes decide. Where the card has none, the origins do: what was pulled from an origin stays the answer until
    a refresh, except for `file:` and `package:`, which are read again each time. A card without files and sources, as a
    locally made model has, is met by its newest revision.
    """
    for manifest in layout.folders.revisions(card.id):
        if _meets(manifest, card) and layout.folders.intact(manifest):
            return manifest
    return None


def _meets(manifest: Manifest, card: ModelCard) -> bool:
    if not card.files:
        return not card.sources or _is_from(manifest, card.sources[0].uri)
    arrived = {str(file.arrived["path"]): file for file in manifest.files}
    return arrived.keys() == {f.path for f in card.files} and all(_is(arrived[f.path], f) for f in card.files)


def _is(stored: StoredFile, wanted: WeightFile) -> bool:
    if wanted.size not in (None, stored.arrived["size"]):
        return False
    if wanted.sha256 is not None:
        return bool(wanted.sha256 == stored.arrived["sha256"])
    return stored.origin == wanted.origin and not any(uri.startswith(_HERE) for uri in wanted.origin)


def _is_from(manifest: Manifest, uri: str) -> bool:
    if uri.startswith(_HERE):
        return False
    bases = {member_of(origin)[0] for file in manifest.files for origin in file.origin}
    # The hub's reader names the commit that it found; a card that leaves the commit open is met by any.
    return bases == {uri} or ("@" not in uri and {base.partition("@")[0] for base in bases} == {uri})


class Arrivals:
    """Stored files by the hash that they arrived with, so that what was converted once is not fetched again."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._converted: dict[str, StoredFile] | None = None

    def converted(self, sha256: str) -> StoredFile | None:
        """The stored file that was converted from the bytes of this hash, if its blob is here."""
        if self._converted is None:
            files = (file for manifest in self._layout.folders.installed() for file in manifest.files)
            self._converted = {file.source_sha256: file for file in files if file.source_sha256}
        file = self._converted.get(sha256)
        return file if file and self._layout.blobs.has(file.sha256, file.size) else None
