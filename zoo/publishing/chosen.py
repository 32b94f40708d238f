"""The revision that is published: its card, its manifest, the folder with its files, the run that made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard, Ref
from zoo.errors import NotInstalled
from zoo.lockfile.make import card_of
from zoo.manifests import Manifest

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["Chosen", "choose"]

_RUN = "run:"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What is published.

    Attributes:
        card: as it is known here.
        manifest: of the revision.
        path: the folder with its files.
        run: the record of the run that made it; empty where none did, or its record is gone.
        run_path: that run's folder.
    """

    card: ModelCard
    manifest: Manifest
    path: Path
    run: Mapping[str, Any] = field(default_factory=dict)
    run_path: Path | None = None

    @property
    def made_here(self) -> bool:
        """Whether a run of this zoo made it."""
        return bool(_run_id(self.manifest))


def choose(registry: Registry, ref: str) -> Chosen:
    """The newest revision of a model that is here, or the one that the ref names.

    Raises:
        UnknownModel, AmbiguousModel, BadRef: as of `Registry.resolve`.
        NotFound: there is no such alias or revision.
        NotInstalled: the model's files are not here, or its card is gone.
    """
    resolved = registry.resolve(Ref.parse(ref))
    model = resolved.card.id
    latest = registry.catalog.latest_revision(model)
    revision = resolved.revision or (latest.revision if latest else None)
    path = registry.store.find(model, revision) if revision else None
    if revision is None or path is None:
        raise NotInstalled(f"{model} is not installed, so there is nothing to publish", f"Run `zoo pull {ref}` first.")
    manifest = registry.store.manifest(model, revision)
    card = card_of(registry, manifest) or resolved.card
    run_path, run = _run_of(registry, manifest)
    return Chosen(card=card, manifest=manifest, path=path, run=run, run_path=run_path)


def _run_id(manifest: Manifest) -> str | None:
    found = {uri for file in manifest.files for uri in file.origin if uri.startswith(_RUN)}
    # A model that was made of one made here has files of both runs; ids begin with the time.
    return max(found).removeprefix(_RUN) if found else None


def _run_of(registry: Registry, manifest: Manifest) -> tuple[Path | None, Mapping[str, Any]]:
    run = _run_id(manifest)
    if run is None or "/" in run or run.startswith("."):
        return None, {}
    folder = registry.home / "runs" / run
    try:
        record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None, {}
    return (folder, record) if isinstance(record, dict) else (None, {})
