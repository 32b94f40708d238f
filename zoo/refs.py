"""What may a model be called? Names, file paths and refs, read strictly: nothing that could lead elsewhere passes.

`zoo.cards` gives these names too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from zoo.errors import BadCard, BadRef

__all__ = ["Ref", "check_file_path", "check_name"]

RefKind = Literal["name", "hf", "pypi", "https", "folder"]
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,63}")
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}


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
