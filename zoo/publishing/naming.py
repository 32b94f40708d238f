"""What the distribution, its import package and the model in it are called, and under which licence it goes."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, NamedTuple

from zoo.cards import NOT_STATED, check_name
from zoo.errors import BadInput, BadRef, nearest
from zoo.licences import spdx, unknown_words
from zoo.publishing.wishes import WEIGHTS, Wishes

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = [
    "MACHINE_OWNERS",
    "Author",
    "Names",
    "author_of",
    "check_weights",
    "feed_of",
    "licence_of",
    "names_of",
    "spdx_or_ref",
]

# Owners of ids that the zoo makes up for folders and addresses; elsewhere they would mean something else.
MACHINE_OWNERS = frozenset({"local", "https"})
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_AUTHOR = re.compile(r"(?P<name>[^<>]*?)\s*(<(?P<email>[^<>@\s]+@[^<>@\s]+)>)?")
_LONGEST = 100
# What is proposed where a word is nearly one of them.
_USUAL = (
    "AGPL-3.0-only", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0",
    "CC0-1.0", "GPL-3.0-only", "GPL-3.0-or-later", "ISC", "LGPL-3.0-only", "MIT", "MPL-2.0",
)  # fmt: skip


class Names(NamedTuple):
    """The names of one publication: `version` is in its normal form."""

    distribution: str
    package: str
    version: str
    id: str

    @property
    def wheel(self) -> str:
        """The wheel's file name."""
        return f"{self.package}-{self.version}-py3-none-any.whl"

    @property
    def folder(self) -> str:
        """The project folder's name."""
        return f"{self.distribution}-{self.version}"


class Author(NamedTuple):
    """Who publishes, as they wish to be called."""

    name: str
    email: str | None


def names_of(registry: Registry, model: str, wishes: Wishes) -> Names:
    """The checked names.

    Raises:
        BadInput: a name is malformed, taken by another distribution or model, or would collide where it is installed.
    """
    public = _id(registry, model, wishes.id)
    name = _distribution(wishes.name or f"zoo-{public.rpartition('/')[2]}", given=wishes.name is not None)
    package = name.replace("-", "_")
    _refuse_taken(name, package)
    return Names(name, package, _version(wishes.version), public)


def _id(registry: Registry, model: str, wanted: str | None) -> str:
    owner, _, last = model.rpartition("/")
    try:
        public = check_name(wanted if wanted is not None else last if owner in MACHINE_OWNERS else model)
    except BadRef as error:
        raise BadInput(error.cause, "Give --id owner/name.") from error
    if public.partition("/")[0] in MACHINE_OWNERS and "/" in public:
        raise BadInput(
            f"models called {public.partition('/')[0]}/… are those of one machine, and {public} is to be on many",
            "Give --id owner/name.",
        )
    if public.lower() != model.lower():
        _refuse_other(registry, model, public)
    elif feed_of(registry, model) == "plugin":
        raise BadInput(
            f"{model} is a model of an installed plugin, and no two plugins may supply the same",
            f"Publish it under a name of yours: --id owner/{last or model}.",
        )
    return public


def _refuse_other(registry: Registry, model: str, public: str) -> None:
    """A model of another name may be there only as the same one, published before and installed here to try it."""
    known = registry.card(public)
    if known is not None and not any(uri.startswith("package:") for file in known.files for uri in file.origin):
        raise BadInput(f"{public} is another model than {model}", "Give another --id owner/name.")


def feed_of(registry: Registry, model: str) -> str | None:
    """From where the catalog has a model's card: `plugin`, `hub`, `user`, `local`; None where it has none."""
    kind = (registry.show(model).get("feed") or {}).get("kind")
    return None if kind is None else str(kind)


def _distribution(name: str, *, given: bool) -> str:
    from packaging.utils import canonicalize_name

    made = canonicalize_name(name.replace("+", "-"))
    if not _DISTRIBUTION.fullmatch(made) or len(made) > _LONGEST or (given and not _DISTRIBUTION.fullmatch(name)):
        raise BadInput(
            f"{name!r} cannot be the name of a distribution",
            "Give --name with letters, digits and single dashes, as in zoo-my-model.",
        )
    if not made.replace("-", "_").isidentifier():
        raise BadInput(f"{name!r} begins with a digit, which no import package may", f"Give --name zoo-{made}.")
    return str(made)


def _refuse_taken(name: str, package: str) -> None:
    """Refuse the names of what Python, the zoo, or another installed distribution brings along."""
    if package in sys.stdlib_module_names or package == "zoo":
        raise BadInput(
            f"{package} is a module of {'the zoo' if package == 'zoo' else 'Python'}", "Give another --name."
        )
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return
    if f"{package}/provenance.json" not in {file.as_posix() for file in files}:
        raise BadInput(
            f"a distribution {name} is installed here, and it is no published model",
            f"Installing yours would replace it: give another --name, such as {name}-model.",
        )


def _version(text: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(text))
    except InvalidVersion as error:
        raise BadInput(f"{text!r} is not a version", "Write 1.0, 1.1 or 2.0rc1.") from error


def check_weights(wishes: Wishes) -> None:
    """Refuse an unknown `weights`, and an `at` where it is missing or has no meaning."""
    if wishes.weights not in WEIGHTS:
        raise BadInput(f"weights cannot be {wishes.weights!r}", f"Give --weights {', '.join(WEIGHTS)}.")
    if wishes.weights == "none" and not wishes.at:
        raise BadInput(
            "nothing is to be packed, and nothing says where the files are",
            "Put them somewhere, and give --at hf:owner/name@commit or --at https://…/folder.",
        )
    if wishes.at and wishes.weights != "none":
        raise BadInput("--at tells where the files are when none is packed", "Add --weights none, or leave --at out.")


def licence_of(text: str) -> str:
    """A licence that the publisher names: an SPDX expression, a word that the zoo knows, or `LicenseRef-…`.

    Raises:
        BadInput: it is none of them; names the nearest identifiers.
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    word = spdx(text)
    if word == NOT_STATED:
        return NOT_STATED
    try:
        return str(canonicalize_license_expression(word))
    except InvalidLicenseExpression as error:
        if _one_known_word(word):
            return word
        near = nearest(text.upper(), [name.upper() for name in _USUAL])
        hint = f"Did you mean {', '.join(name for name in _USUAL if name.upper() in near)}? " if near else ""
        reason = f"{text!r} is no licence of the SPDX list: {error}"
        raise BadInput(reason, f"{hint}Terms of your own are LicenseRef-Name.") from error


def _one_known_word(word: str) -> bool:
    """Whether this is one of the words that are no SPDX identifiers, and that the zoo knows all the same."""
    return not unknown_words(word) and re.fullmatch(r"\S+", word) is not None


def spdx_or_ref(word: str) -> str | None:
    """A licence as the metadata of a distribution may state it; None where nobody stated one, or it cannot be said."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if word == NOT_STATED:
        return None
    try:
        return str(canonicalize_license_expression(word))
    except InvalidLicenseExpression:
        return f"LicenseRef-{re.sub(r'[^A-Za-z0-9.-]+', '-', word)}" if _one_known_word(word) else None


def author_of(text: str | None) -> Author | None:
    """`Name`, or `Name <address>`; raises `BadInput` for anything else."""
    if text is None:
        return None
    made = _AUTHOR.fullmatch(text.strip())
    if made is None or not made["name"] or not made["name"].isprintable():
        raise BadInput(f"{text!r} is no author", "Write 'Name', or 'Name <name@example.org>'.")
    return Author(made["name"], made["email"])
