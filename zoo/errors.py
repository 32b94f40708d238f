"""What went wrong, and what to do next: one tree of errors under `ZooError`.

Every error says the cause in one line and then the remedy, where possible as the exact command. Each class
carries the exit code that the command line ends with, so that scripts can tell the kinds apart:

====  =======================================================
code  meaning
====  =======================================================
1     any other failure
2     the command line itself could not be parsed
3     not found, or ambiguous
4     bad input: a name, a file, a card, a data set
5     integrity: wrong hash, wrong tensors, unsafe file
6     network or offline
7     resources: disk, memory, device
8     plugin
9     catalog database
130   interrupted with Ctrl-C
====  =======================================================
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "AmbiguousModel",
    "BadCard",
    "BadData",
    "BadInput",
    "BadOption",
    "BadRef",
    "CatalogError",
    "CatalogTooNew",
    "DeviceError",
    "HashMismatch",
    "IntegrityError",
    "MissingDependency",
    "MissingPlugin",
    "NetworkError",
    "NoSpace",
    "NotFound",
    "NotInstalled",
    "OfflineError",
    "PluginError",
    "ResourceError",
    "SourceError",
    "UnknownModel",
    "UnknownTask",
    "UnsafeFile",
    "UnsupportedFormat",
    "WeightsMismatch",
    "ZooError",
    "nearest",
]


class ZooError(Exception):
    """Base of every error that the zoo raises on purpose.

    Args:
        cause: one sentence, without a final newline, that says what is wrong.
        remedy: what to do about it, best as the exact command; empty when there is nothing to add.
    """

    exit_code = 1

    def __init__(self, cause: str, remedy: str = "") -> None:
        self.cause = cause
        self.remedy = remedy
        super().__init__(f"{cause}\n{remedy}" if remedy else cause)


class NotFound(ZooError):
    """Something that was asked for by name does not exist."""

    exit_code = 3


class UnknownModel(NotFound):
    """No card has this name; `near` holds the closest names."""

    def __init__(self, name: str, near: Iterable[str] = ()) -> None:
        self.name = name
        self.near = tuple(near)
        hint = f"Did you mean {', '.join(self.near)}? " if self.near else ""
        short = name.rpartition("/")[2]
        super().__init__(f"no model is called {name!r}", f"{hint}Look for it with `zoo search {short}`.")


class AmbiguousModel(NotFound):
    """A short name fits several cards; `candidates` names them."""

    def __init__(self, name: str, candidates: Iterable[str]) -> None:
        self.name = name
        self.candidates = tuple(candidates)
        super().__init__(f"{name!r} fits several models", f"Use one of: {', '.join(self.candidates)}.")


class UnknownTask(NotFound):
    """The model, or the zoo, has no such task."""


class NotInstalled(NotFound):
    """A model is in the catalog but its files are not here."""


class BadInput(ZooError):
    """The user's input cannot be used."""

    exit_code = 4


class BadRef(BadInput):
    """A model name or ref is malformed or dangerous."""


class BadCard(BadInput):
    """A model card breaks its schema."""


class BadData(BadInput):
    """A data set, picture, recording or text cannot be read or used."""


class BadOption(BadInput):
    """An option of a task is unknown or has a wrong value."""


class IntegrityError(ZooError):
    """Bytes or tensors are not what they must be."""

    exit_code = 5


class HashMismatch(IntegrityError):
    """A file's size or sha256 differs from the recorded one."""


class UnsafeFile(IntegrityError):
    """A file would execute code, or escape its folder, if it were loaded."""


class UnsupportedFormat(IntegrityError):
    """A file's format is none that the zoo reads."""


class WeightsMismatch(IntegrityError):
    """A module's parameters and a file's tensors are not the same set."""


class SourceError(ZooError):
    """An origin (hub, index, server) cannot deliver."""

    exit_code = 6


class NetworkError(SourceError):
    """A connection failed, broke, or answered with an error."""


class OfflineError(SourceError):
    """The network is needed and forbidden (`ZOO_OFFLINE=1`, `--offline`)."""


class ResourceError(ZooError):
    """Not enough of something: disk, memory."""

    exit_code = 7


class NoSpace(ResourceError):
    """The disk has too little free space."""


class DeviceError(ResourceError):
    """A device is unknown, absent, or has too little memory."""


class PluginError(ZooError):
    """A plugin is broken, incompatible, or collides with another."""

    exit_code = 8


class MissingPlugin(PluginError):
    """No installed plugin supplies what a model needs."""


class MissingDependency(PluginError):
    """An optional package is needed for this operation."""


class CatalogError(ZooError):
    """The catalog database cannot be opened, read or written."""

    exit_code = 9


class CatalogTooNew(CatalogError):
    """The database was written by a newer version of the zoo."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """The names in `known` closest to `name`, best first, for error messages (Ratcliff/Obershelp, `difflib`)."""
    return tuple(difflib.get_close_matches(name, list(known), n=count, cutoff=0.5))
