"""A lock and its file: JSON that people can read and merge, the same for the same models, without any time in it.

Under `models` stands what identifies each revision, one key a line; under `cards`, one line a model, what is needed to
load it where no feed has its card.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard, Source, WeightFile, canonical_json, check_file_path, check_name, digest
from zoo.errors import BadInput, IntegrityError, NotFound, ZooError
from zoo.manifests import StoredFile, revision_of
from zoo.store import member_of

__all__ = ["DECISIVE", "Lock", "LockedModel", "card_digest", "kept_card"]

VERSION = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What decides how a model is fetched, built and run; no user and no popularity changes it.
DECISIVE = ("id", "task", "tasks", "library", "loader", "architecture", "config", "sources", "files")
# What else a model's card should say where no feed has it.
_KEPT = (*DECISIVE, "summary", "parameters", "licence", "family", "paper", "base")


def kept_card(card: ModelCard) -> ModelCard:
    """What a lock keeps of a card."""
    made = card.to_dict()
    made["facts"] = {name: where for name, where in card.facts.items() if name in _KEPT}
    return ModelCard.from_dict({name: made[name] for name in (*_KEPT, "facts") if name in made})


def card_digest(card: ModelCard) -> str:
    """The sha256 over what of a card decides how the model is fetched, built and run."""
    made = card.to_dict()
    return digest({name: made[name] for name in DECISIVE if name in made})


@dataclass(frozen=True, kw_only=True)
class LockedModel:
    """One model of a lock.

    Attributes:
        card: what the lock keeps of it.
        files: as they were stored, with what arrived; sorted by path.
        upstream: the origin's own revision (a hub commit), where it has one.
        containers: `{URI: sha256}` of the archives that files are taken out of.
        plugin: `name version` of the distribution whose loader builds it; None when no plugin does.
    """

    card: ModelCard
    files: tuple[StoredFile, ...]
    upstream: str | None
    containers: Mapping[str, str]
    plugin: str | None

    @property
    def model(self) -> str:
        """The model's id."""
        return self.card.id

    @property
    def revision(self) -> str:
        """The sha256 over paths, sizes and hashes of the files as they arrived."""
        return revision_of(file.arrived for file in self.files)

    @property
    def schemes(self) -> set[str]:
        """Of the origins: `hf`, `pypi`, `file`, ….  A `run` is an origin that nobody can ask."""
        return {uri.partition(":")[0] for file in self.files for uri in file.origin}

    @property
    def pinned(self) -> ModelCard:
        """The card that a store pulls exactly this revision by."""
        files = (WeightFile(**file.arrived, origin=file.origin) for file in self.files)
        containers = [Source(uri=uri, sha256=sha256) for uri, sha256 in sorted(self.containers.items())]
        return self.card.replace(files=tuple(files), sources=(*containers,))

    def to_dict(self) -> dict[str, Any]:
        """JSON form, without the card."""
        made: dict[str, Any] = {
            "revision": self.revision,
            "upstream": self.upstream,
            "licence": self.card.to_dict().get("licence", {}),
            "loader": self.card.loader,
            "plugin": self.plugin,
            "card": card_digest(self.card),
            "containers": dict(self.containers),
            "files": [file.to_dict() for file in self.files],
        }
        return {name: value for name, value in made.items() if value not in (None, {})}


@dataclass(frozen=True)
class Lock:
    """Locked models, sorted by id."""

    models: tuple[LockedModel, ...]

    def chosen(self, names: Iterable[str]) -> tuple[LockedModel, ...]:
        """The models with these ids, or last parts of ids; all for none. Raises `NotFound` for another name."""
        wanted = list(names)
        for name in wanted:
            if not any(_is(locked, name) for locked in self.models):
                has = ", ".join(locked.model for locked in self.models)
                raise NotFound(f"the lock has no model {name!r}", f"It has: {has}.")
        return tuple(m for m in self.models if not wanted or any(_is(m, name) for name in wanted))

    def text(self) -> str:
        """The file's content."""
        models = json.dumps({m.model: m.to_dict() for m in self.models}, indent=2, ensure_ascii=False)
        models = models.replace("\n", "\n  ")
        cards = ",\n".join(f"    {canonical_json(m.model)}: {canonical_json(m.card.to_dict())}" for m in self.models)
        cards = f"{{\n{cards}\n  }}" if cards else "{}"
        return f'{{\n  "zoo-lock": {VERSION},\n  "models": {models},\n  "cards": {cards}\n}}\n'

    def write(self, path: Path) -> bool:
        """Write the file, whole or not at all; False when it is there already. Raises `BadInput` when it cannot be."""
        from zoo.store.disk import write_text

        text = self.text()
        try:
            if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
                return False
            write_text(path, text)
        except OSError as error:
            raise BadInput(
                f"{path} cannot be written: {error.strerror or error}", "Name another file: -o FILE."
            ) from error
        return True

    @classmethod
    def read(cls, path: Path) -> Lock:
        """Read a lock file, and check it against itself.

        Raises:
            NotFound: there is no such file.
            BadInput: it is not a lock, or was written by a newer zoo.
            IntegrityError: hashes in it do not fit together: it was changed by hand, or damaged.
        """
        try:
            return cls.parse(path.read_text(encoding="utf-8"), str(path))
        except FileNotFoundError as error:
            raise NotFound(f"there is no lock file {path}", "`zoo lock` writes one.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"the lock file {path} cannot be read: {error}") from error

    @classmethod
    def parse(cls, text: str, name: str = "the lock") -> Lock:
        """Read `text()`'s form; see `read`."""
        data = _document(text, name)
        try:
            cards = {key: ModelCard.from_dict(value).check() for key, value in data["cards"].items()}
            models = [_locked(key, value, cards) for key, value in data["models"].items()]
        except ZooError as error:
            raise type(error)(f"{name}: {error.cause}", error.remedy or _AGAIN) from error
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise BadInput(f"{name} is not a lock file: {type(error).__name__}: {error}", _AGAIN) from error
        return cls(tuple(sorted(models, key=lambda m: m.model)))


_AGAIN = "Take it from where it was written, or write it anew: `zoo lock`."


def _is(locked: LockedModel, name: str) -> bool:
    return name in {locked.model, locked.model.rpartition("/")[2]}


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        merged = any(line.startswith(("<<<<<<<", ">>>>>>>")) for line in text.splitlines())
        remedy = "It holds the marks of a merge: take one side, then run `zoo lock`." if merged else _AGAIN
        raise BadInput(f"{name} is not a lock file: {error}", remedy) from error
    version = data.get("zoo-lock") if isinstance(data, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise BadInput(f'{name} is not a lock file: it has no "zoo-lock": {VERSION}', _AGAIN)
    if version != VERSION:
        raise BadInput(f"{name} has version {version}, and this zoo reads version {VERSION}", "Upgrade the zoo.")
    return dict(data)


def _locked(model: str, data: Mapping[str, Any], cards: Mapping[str, ModelCard]) -> LockedModel:
    """One model, every claim of which is compared with what it follows from."""
    check_name(model)
    if model not in cards or cards[model].id != model:
        raise IntegrityError(f"the card of {model} is missing, or is another model's")
    files = tuple(_file(model, file) for file in data["files"])
    made = LockedModel(
        card=cards[model],
        files=tuple(sorted(files, key=lambda f: f.path)),
        upstream=data.get("upstream"),
        containers=dict(data.get("containers", {})),
        plugin=data.get("plugin"),
    )
    if not files or made.revision != data["revision"]:
        raise IntegrityError(f"the files of {model} do not make the revision {str(data['revision'])[:12]}")
    if card_digest(made.card) != data["card"]:
        raise IntegrityError(f"the card of {model} is not the one that was locked")
    if bad := [uri for uri, sha256 in made.containers.items() if not _SHA256.fullmatch(str(sha256))]:
        raise IntegrityError(f"{model}: the sha256 of {bad[0]} is malformed")
    made.pinned.check()
    return made


def _file(model: str, data: Mapping[str, Any]) -> StoredFile:
    made = StoredFile(**{**data, "origin": tuple(data["origin"])})
    for path in (made.path, str(made.arrived["path"])):
        check_file_path(path)
    hashes = [made.sha256, made.arrived["sha256"]]
    sizes = [made.size, made.arrived["size"]]
    if not all(_SHA256.fullmatch(str(sha256)) for sha256 in hashes):
        raise IntegrityError(f"{model}: a sha256 of {made.path} is malformed")
    if not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise IntegrityError(f"{model}: a size of {made.path} is malformed")
    if not made.origin or not all(isinstance(uri, str) and member_of(uri)[0] for uri in made.origin):
        raise IntegrityError(f"{model}: {made.path} has no origin")
    return made
